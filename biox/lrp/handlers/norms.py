"""Layer, group, instance and RMS normalisation: the scale counts as a constant, and what is left is linear."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

import math
from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.composites import Place
from biox.lrp.handlers.weighted import batch_norm, dependent_tag
from biox.lrp.propagate import divided
from biox.lrp.silence import awaken
from biox.lrp.tags import Tag


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
    value, _, deviation = torch.native_layer_norm(input, normalized_shape, weight, bias, eps)
    return _normalised(capture, input, weight, value, deviation)


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
    sizes = (len(input), input.shape[1], math.prod(input.shape[2:]))
    value, _, deviation = torch.native_group_norm(input.contiguous(), weight, bias, *sizes, num_groups, eps)
    return _normalised(capture, input, _by_channel(weight, input), value, deviation)


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
    return group_norm(capture, func, input, input.shape[1], weight, bias, eps)


def rms_norm(
    capture: Capture, func: Any, input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: Any = None
) -> Any:
    """RMSNorm only scales, so relevance passes unchanged."""
    tag = dependent_tag(capture, input)
    value = func(input, normalized_shape, weight, eps)
    known = Tag(capture, raw=weight is None and tag.raw)
    return capture.link(value, (input,), lambda relevance: (relevance,), known)


def _normalised(capture: Capture, input: Tensor, weight: Tensor | None, value: Tensor, deviation: Tensor) -> Tensor:
    """With a constant g, y = (x - mean) g + b is linear in x: each input gets its share of each output it is part of.

    weight: broadcastable to the input. deviation: 1 / standard deviation, one for each run of values.
    """
    tag = dependent_tag(capture, input)
    rule = capture.composite.rule_for(Place("norm", capture.name_of(weight)))
    if rule.blocks:
        return value.detach()
    x, output, scale = input.detach(), value.detach(), deviation.reshape(-1, 1)

    def back(relevance: Tensor) -> tuple[Tensor]:
        if not rule.shares:
            awaken(tag.silent)
            return (relevance,)
        quotient = divided(relevance, output, rule.eps)
        weighted = (quotient if weight is None else quotient * weight).reshape(len(scale), -1)
        centred = (weighted - weighted.mean(1, keepdim=True)).mul_(scale)
        return (centred.reshape(x.shape).mul_(x),)

    return capture.link(value, (input,), back, Tag(capture, raw=weight is None and tag.raw))


def _by_channel(weight: Tensor | None, input: Tensor) -> Tensor | None:
    return None if weight is None else weight.reshape(-1, *(1,) * (input.ndim - 2))
