"""Layer, group, instance and RMS normalisation: the scale counts as a constant, and what is left is linear."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

import math
from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.composites import Place
from biox.lrp.propagate import divided
from biox.lrp.tags import Tag
from biox.lrp.weighted import batch_norm, dependent_tag


def layer_norm(  # noqa: PLR0913 - the arguments of torch's function
    capture: Capture,
    func: Any,
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Any:
    """LayerNorm over the last dimensions."""
    value = func(input, normalized_shape, weight, bias, eps)
    dims = len(tuple(normalized_shape)) if not isinstance(normalized_shape, int) else 1
    return _normalised(capture, input, input.shape[:-dims], weight, value, eps)


def group_norm(  # noqa: PLR0913 - the arguments of torch's function
    capture: Capture,
    func: Any,
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Any:
    """GroupNorm over groups of channels."""
    value = func(input, num_groups, weight, bias, eps)
    return _normalised(capture, input, (len(input), num_groups), _by_channel(weight, input), value, eps)


def instance_norm(  # noqa: PLR0913 - the arguments of torch's instance_norm
    capture: Capture,
    func: Any,
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """InstanceNorm over each channel of each sample; with running statistics it is a BatchNorm."""
    if not use_input_stats:
        plain = torch.nn.functional.batch_norm
        return batch_norm(capture, plain, input, running_mean, running_var, weight, bias, False, momentum, eps)
    value = func(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
    return _normalised(capture, input, input.shape[:2], _by_channel(weight, input), value, eps)


def rms_norm(
    capture: Capture, func: Any, input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: Any = None
) -> Any:
    """RMSNorm only scales, so relevance passes unchanged."""
    dependent_tag(capture, input)
    return capture.link(
        func(input, normalized_shape, weight, eps), (input,), lambda relevance: (relevance,), Tag(capture)
    )


def _normalised(capture: Capture, input: Tensor, kept: Any, weight: Tensor | None, value: Tensor, eps: float) -> Tensor:
    """With a constant g, y = (x - mean) g + b is linear in x: each input gets its share of each output it is part of.

    kept: the leading shape that has one mean and one deviation each. weight: broadcastable to the input.
    """
    dependent_tag(capture, input)
    name = capture.name_of(None if weight is None else weight)
    rule = capture.composite.rule_for(Place("norm", name))
    x, output, rows = input.detach(), value.detach(), (math.prod(kept), -1)

    def back(relevance: Tensor) -> tuple[Tensor | None]:
        if rule.blocks or not rule.shares:
            return (None if rule.blocks else relevance,)
        quotient = divided(relevance, output, rule.eps)
        quotient = (quotient if weight is None else quotient * weight).reshape(rows)
        deviation = torch.rsqrt(x.reshape(rows).var(1, correction=0, keepdim=True) + eps)
        centred = quotient - quotient.mean(1, keepdim=True)
        return ((centred * deviation).reshape(x.shape) * x,)

    return capture.link(value, (input,), back, Tag(capture))


def _by_channel(weight: Tensor | None, input: Tensor) -> Tensor | None:
    return None if weight is None else weight.reshape(-1, *(1,) * (input.ndim - 2))
