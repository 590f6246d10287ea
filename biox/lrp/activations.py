"""Activations: each output belongs to one input, so relevance passes unchanged; what serves as a gate is marked so."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.tags import Tag
from biox.lrp.weighted import dependent_tag, relu


def passed(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Any function of single values: relevance passes unchanged."""
    tag = dependent_tag(capture, input)
    return _linked(capture, input, func(input, *args, **kwargs), positive=False, gate=tag.gate)


def positive(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The same for functions that are never negative."""
    tag = dependent_tag(capture, input)
    return _linked(capture, input, func(input, *args, **kwargs), positive=True, gate=tag.gate)


def gate(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The same for functions between 0 and a limit, which in a product weigh the other factor."""
    return _linked(capture, input, func(input, *args, **kwargs), positive=True, gate=True)


def scale(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Norms, deviations and reciprocals: constants in a product; relevance that reaches one elsewhere is refused."""
    return capture.unhandled(func, args, kwargs, gate=True)


def clamp(capture: Capture, func: Any, input: Tensor, min: Any = None, max: Any = None) -> Any:
    """``x.clamp(min=0)`` is a ReLU; other limits pass relevance unchanged, and two limits from 0 on make a gate."""
    if capture.tag(min) or capture.tag(max):
        return capture.unhandled(torch.clamp, (input, min, max), {})
    from_zero = isinstance(min, int | float) and min == 0
    if from_zero and max is None:
        return relu(capture, torch.relu, input)
    handler = gate if from_zero else passed
    return handler(capture, torch.clamp, input, min, max)


def glu(capture: Capture, func: Any, input: Tensor, dim: int = -1) -> Any:
    """One half of the input, gated by the sigmoid of the other."""

    def steps(x: Tensor) -> Tensor:
        signal, gates = x.chunk(2, dim)
        return signal * gates.sigmoid()

    return capture.decomposed(steps, input)


def softmax(
    capture: Capture, func: Any, input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Any:
    """Taylor expansion, R_i = x_i (R_i' - p_i sum_j R_j') (Achtibat et al. 2024); or a constant, if blocked."""
    axis = -1 if dim is None else dim
    value, blocked = torch.softmax(input, axis, dtype=dtype), capture.blocks("softmax")
    kept, logits = value.detach(), input.detach()

    def back(relevance: Tensor) -> tuple[Tensor | None]:
        if blocked:
            return (None,)
        finite = logits.clamp(min=torch.finfo(logits.dtype).min)  # masked logits (-inf) get nothing
        return ((relevance - kept * relevance.sum(axis, keepdim=True)) * finite,)

    return capture.link(value, (input,), back, Tag(capture, positive=True, gate=blocked))


def logsumexp(capture: Capture, func: Any, input: Tensor, dim: Any, keepdim: bool = False) -> Any:
    """Log-sum-exp pooling, a soft maximum: relevance goes to the inputs by their softmax (Kauffmann et al. 2022)."""
    value = torch.logsumexp(input, dim, keepdim=True)
    weights = (input - value).exp().detach()

    def back(relevance: Tensor) -> tuple[Tensor]:
        return (weights * relevance.reshape(value.shape),)

    return capture.link(value if keepdim else torch.logsumexp(input, dim), (input,), back, Tag(capture))


def log_softmax(
    capture: Capture, func: Any, input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Any:
    """A logit minus the soft maximum of all."""
    axis = -1 if dim is None else dim
    return capture.decomposed(lambda x: x - x.logsumexp(axis, keepdim=True), input)


def normalized(capture: Capture, func: Any, input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """``functional.normalize``: the length counts as a constant."""
    return capture.decomposed(lambda x: x / x.norm(p, dim, keepdim=True).clamp_min(eps), input)


def guided(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The activation of guided backpropagation and of deconvolution: what passes backwards is cut below 0."""
    local = input.detach().requires_grad_()
    with torch.enable_grad():
        result = func(local, *args, **kwargs)
    guided = capture.composite.flow == "guided"

    def back(gradient: Tensor) -> tuple[Tensor, ...]:
        arriving = gradient.clamp(min=0)
        return torch.autograd.grad(result, local, arriving, retain_graph=capture.keeps) if guided else (arriving,)

    return capture.link(result.detach(), (input,), back, Tag(capture))


def _linked(capture: Capture, input: Tensor, value: Tensor, *, positive: bool, gate: bool) -> Tensor:
    def back(relevance: Tensor) -> tuple[Tensor]:
        return (relevance,)

    return capture.link(value, (input,), back, Tag(capture, positive=positive, gate=gate))
