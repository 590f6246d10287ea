"""Sums, means and constant factors: every summand gets its share of the sum."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.products import product, quotient
from biox.lrp.propagate import divided
from biox.lrp.tags import Bare, Tag
from biox.lrp.weighted import dependent_tag, layer_output


def add(capture: Capture, func: Any, input: Any, other: Any, *, alpha: float = 1) -> Any:
    """``input + alpha other``."""
    return _shared(capture, func(input, other, alpha=alpha), (input, 1), (other, alpha))


def subtract(capture: Capture, func: Any, input: Any, other: Any, *, alpha: float = 1) -> Any:
    """``input - alpha other``."""
    return _shared(capture, func(input, other, alpha=alpha), (input, 1), (other, -alpha))


def subtract_from(capture: Capture, func: Any, input: Any, other: Any) -> Any:
    """``other - input``."""
    return _shared(capture, func(input, other), (other, 1), (input, -1))


def negate(capture: Capture, func: Any, input: Tensor) -> Any:
    """``-input``: relevance passes unchanged."""
    return _scaled(capture, func(input), input, -1)


def multiply(capture: Capture, func: Any, input: Any, other: Any) -> Any:
    """A constant factor: relevance passes unchanged."""
    signal, factor = (input, other) if capture.tag(input) else (other, input)
    if capture.tag(factor):
        return product(capture, func, input, other)
    return _scaled(capture, func(input, other), signal, factor)


def divide(capture: Capture, func: Any, input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """A constant divisor, or one that scales: relevance passes unchanged."""
    if rounding_mode is not None:
        return capture.unhandled(func, (input, other), {"rounding_mode": rounding_mode})
    if capture.tag(input) is None:
        return capture.unhandled(func, (input, other), {}, gate=True)
    if capture.tag(other):
        return quotient(capture, func, input, other)
    return _scaled(capture, func(input, other), input, other)


def add_product(capture: Capture, func: Any, input: Tensor, one: Tensor, two: Tensor, *, value: float = 1) -> Any:
    """``torch.addcmul``."""
    return capture.decomposed(lambda *parts: parts[0] + value * parts[1] * parts[2], input, one, two)


def add_matmul(  # noqa: PLR0913 - the arguments of torch's function
    capture: Capture, func: Any, input: Tensor, one: Tensor, two: Tensor, *, beta: float = 1, alpha: float = 1
) -> Any:
    """``torch.addmm`` and ``torch.baddbmm``."""
    product = capture.decomposed(torch.matmul, one, two)
    if beta == alpha == 1:
        return capture.decomposed(torch.add, product, input)
    return capture.decomposed(lambda x, y: alpha * x + beta * y, product, input)


def interpolated(capture: Capture, func: Any, input: Tensor, end: Tensor, weight: Any) -> Any:
    """``torch.lerp``."""
    return capture.decomposed(lambda x, y: (1 - weight) * x + weight * y, input, end)


def pooled(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Means, sums, average pooling, interpolation: each input gets its share of what is linear in it."""
    tag, eps = dependent_tag(capture, input), capture.composite.stabiliser
    local = input.detach().requires_grad_()
    with torch.enable_grad():
        result = func(local, *args, **kwargs)
    value = result.detach()

    def back(relevance: Tensor) -> tuple[Tensor]:
        share = divided(relevance, value, eps)
        (gradient,) = torch.autograd.grad(result, local, share, retain_graph=capture.keeps)
        return (gradient * local.detach(),)

    return capture.link(value.clone(), (input,), back, Tag(capture, raw=tag.raw, positive=tag.positive, gate=tag.gate))


def _shared(capture: Capture, value: Tensor, *parts: tuple[Any, float]) -> Tensor:
    """Summands share relevance by their values; a constant keeps its share to itself, as a bias does.

    A constant added to the bare input only changes its unit (a normalisation inside the model): relevance passes.
    """
    summands = [(part, sign, tag) for part, sign in parts if (tag := capture.tag(part)) is not None]
    constants = [part for part, _ in parts if capture.tag(part) is None]
    signal, sign, tag = summands[0]
    if constants and (joined := _with_bias(tag, constants[0], sign)) is not None:
        return layer_output(capture, joined.layer, joined.input, value, rank=joined.rank)
    raw = bool(constants) and tag.raw
    positive = all(known.positive and sign > 0 for _, sign, known in summands) and not constants
    known = Tag(capture, raw=raw, positive=positive, gate=all(known.gate for _, _, known in summands))
    if raw or (constants and not isinstance(constants[0], Tensor) and constants[0] == 0):
        return capture.link(value, (signal,), lambda relevance: (relevance.sum_to_size(signal.shape),), known)
    amounts = [(tensor.detach(), sign) for tensor, sign, _ in summands]
    total, eps = value.detach(), capture.composite.stabiliser

    def back(relevance: Tensor) -> tuple[Tensor, ...]:
        share = divided(relevance, total, eps)
        return tuple((share * (amount * sign)).sum_to_size(amount.shape) for amount, sign in amounts)

    return capture.link(value, tuple(tensor for tensor, _, _ in summands), back, known)


def _with_bias(tag: Tag, constant: Any, sign: float) -> Bare | None:
    """The dense layer before the sum with the constant as its bias (``x @ W + b``), or None if it is none."""
    if tag.layer is None or sign != 1 or not isinstance(constant, Tensor):
        return None
    layer = tag.layer.layer
    fits = layer.kind == "linear" and layer.bias is None and constant.shape == layer.weight.shape[:1]
    return replace(tag.layer, layer=replace(layer, bias=constant.detach())) if fits else None


def _scaled(capture: Capture, value: Tensor, signal: Tensor, factor: Any) -> Tensor:
    """Relevance passes a constant factor unchanged, except where the factor is 0."""
    tag, shape = dependent_tag(capture, signal), signal.shape
    counts = factor != 0 if isinstance(factor, Tensor) else float(factor != 0)

    def back(relevance: Tensor) -> tuple[Tensor]:
        return ((relevance * counts).sum_to_size(shape),)

    positive = tag.positive and not isinstance(factor, Tensor) and factor >= 0
    return capture.link(value, (signal,), back, Tag(capture, raw=tag.raw, positive=positive, gate=tag.gate))
