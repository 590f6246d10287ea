"""Norms, deviations and distances: what they measure gets relevance by its part in the whole."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from collections.abc import Callable
from typing import Any

from torch import Tensor

from biox.lrp.capture import Capture, Handler
from biox.lrp.handlers.products import by_gradient
from biox.lrp.handlers.sums import pooled
from biox.lrp.handlers.weighted import dependent_tag
from biox.lrp.tags import GATE, Tag


def homogeneous(degree: int, gate: int | None = None) -> Handler:
    """The handler of functions with f(t x) = t^degree f(x), such as norms: R_i = x_i df/dx_i R / (degree f)."""

    def length(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
        known = dependent_tag(capture, input)
        tag = Tag(capture, raw=known.raw, gate=known.gate if gate is None else gate)
        return by_gradient(capture, func, ((input, *args), kwargs), [input], 1 / degree, tag)

    return length


def distance(by: Callable[[Tensor], Tensor]) -> Handler:
    """The handler of losses that compare value by value, as autoencoders do with what they rebuilt."""

    def handler(
        capture: Capture, func: Any, input: Tensor, target: Tensor, *args: Any, reduction: str = "mean", **kwargs: Any
    ) -> Any:
        def steps(one: Tensor, two: Tensor) -> Tensor:
            apart = by(one - two)
            return {"none": apart.clone, "mean": apart.mean, "sum": apart.sum}[reduction]()

        return capture.decomposed(steps, input, target)

    return handler


def with_mean(degree: int) -> Handler:
    """The handler of ``torch.var_mean`` and ``torch.std_mean``."""

    def handler(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
        spread = homogeneous(degree, GATE)(capture, lambda *a, **k: func(*a, **k)[0], *args, **kwargs)
        return spread, pooled(capture, lambda *a, **k: func(*a, **k)[1], *args, **kwargs)

    return handler
