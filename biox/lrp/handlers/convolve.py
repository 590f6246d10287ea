"""Convolutions with constant weights, as the user's model calls them."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.convolutions import Convolution, TransposedConvolution, UnevenlyPadded, channels_last
from biox.lrp.handlers.products import multilinear
from biox.lrp.handlers.weighted import dependent_tag, layer_output
from biox.lrp.layers import Layer


def convolution(  # noqa: PLR0913 - the arguments of torch's convolutions
    capture: Capture,
    func: Any,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """A convolution in one to three dimensions; weights that depend on the input make it a product."""
    if capture.tag(input) is None or capture.tag(weight) or capture.tag(bias):
        return _product(capture, func, input, weight, bias, stride, padding, dilation, groups)
    dims = weight.ndim - 2
    before, after = _padding(padding, _each(dilation, dims), weight)
    operator = Convolution(_each(stride, dims), before, _each(dilation, dims), groups)
    if before != after:  # padding="same" with an even kernel pads one more at the end
        sides = tuple(side for pair in zip(reversed(before), reversed(after), strict=True) for side in pair)
        operator = UnevenlyPadded(replace(operator, padding=(0,) * dims), sides)
    return _convolved(capture, Layer("conv", capture.name_of(weight), operator, weight, bias), input)


def transposed(  # noqa: PLR0913 - the arguments of torch's convolutions
    capture: Capture,
    func: Any,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """A transposed convolution in one to three dimensions."""
    if capture.tag(input) is None or capture.tag(weight) or capture.tag(bias):
        return _product(capture, func, input, weight, bias, stride, padding, output_padding, groups, dilation)
    dims = weight.ndim - 2
    around = _each(padding, dims), _each(output_padding, dims)
    operator = TransposedConvolution(_each(stride, dims), *around, _each(dilation, dims), groups)
    return _convolved(capture, Layer("conv", capture.name_of(weight), operator, weight, bias), input)


def _convolved(capture: Capture, layer: Layer, input: Tensor) -> Tensor:
    if input.ndim == layer.weight.ndim - 1:  # a sample without a batch
        batch = capture.decomposed(torch.unsqueeze, input, 0)
        return capture.decomposed(torch.squeeze, _convolved(capture, layer, batch), 0)
    seen = channels_last(input.detach())
    tag = dependent_tag(capture, input)
    same = seen.stride() == input.stride()
    known = replace(tag, layer=None, relatives=[])
    linked = input if same else capture.link(seen, (input,), lambda relevance: (relevance,), known)
    return layer_output(capture, layer, linked, layer.operator.forward(seen, layer.weight, layer.bias))


def _product(capture: Capture, func: Any, input: Tensor, weight: Tensor, bias: Tensor | None, *steps: Any) -> Any:
    if capture.tag(bias):
        return capture.unhandled(func, (input, weight, bias, *steps), {})
    return multilinear(capture, func, input, weight, bias, *steps)


def _each(value: Any, dims: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, tuple | list) else (value,)
    return values if len(values) == dims else values * dims


def _padding(padding: Any, dilation: tuple[int, ...], weight: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Padding before and after, for each spatial dimension."""
    if padding == "same":
        total = [step * (size - 1) for step, size in zip(dilation, weight.shape[2:], strict=True)]
        return tuple(one // 2 for one in total), tuple(one - one // 2 for one in total)
    each = _each(0 if padding == "valid" else padding, len(dilation))
    return each, each
