"""Sums, means and constant factors: every summand gets its share of the sum."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.errors import operation_name
from biox.lrp.handlers.products import by_gradient, product, quotient
from biox.lrp.handlers.weighted import dependent_tag, layer_output
from biox.lrp.propagate import divided
from biox.lrp.tags import GATE, LIMITED, Bare, Tag, tensors_in


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
        return capture.unhandled(func, (input, other), {}, gate=GATE)
    if capture.tag(other):
        return quotient(capture, func, input, other)
    number = isinstance(other, int | float) and other != 0
    return _scaled(capture, func(input, other), input, 1 / other if number else other)


def divide_into(capture: Capture, func: Any, input: Tensor, other: Any) -> Any:
    """``other / input``."""
    return divide(capture, torch.div, torch.as_tensor(other, dtype=input.dtype, device=input.device), input)


def add_product(capture: Capture, func: Any, input: Tensor, one: Tensor, two: Tensor, *, value: float = 1) -> Any:
    """``torch.addcmul``."""
    return capture.decomposed(lambda *parts: parts[0] + value * parts[1] * parts[2], input, one, two)


def add_quotient(capture: Capture, func: Any, input: Tensor, one: Tensor, two: Tensor, *, value: float = 1) -> Any:
    """``torch.addcdiv``."""
    return capture.decomposed(lambda *parts: parts[0] + value * parts[1] / parts[2], input, one, two)


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


def pooled(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Means, sums, average pooling, interpolation, scattered sums: shares of what is linear in the inputs."""
    tensors = list(tensors_in((args, kwargs)))
    tags = [tag for tensor in tensors if (tag := capture.tag(tensor)) is not None]
    constants = any(tensor.is_floating_point() and capture.tag(tensor) is None for tensor in tensors)
    overshoots = "bicubic" in [value for value in (*args, *kwargs.values()) if isinstance(value, str)]
    adds = operation_name(func) not in ("cumsum", "index_add", "scatter_add")  # which may subtract
    known = Tag(
        capture,
        raw=all(tag.raw for tag in tags),
        positive=all(tag.positive for tag in tags) and not constants and not overshoots and adds,
        gate=min(tag.gate for tag in tags),
    )
    return by_gradient(capture, func, (args, kwargs), [one for one in tensors if capture.tag(one)], 1, known)


def reduced(  # noqa: PLR0913 - the arguments of torch's scatter_reduce
    capture: Capture, func: Any, input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, **kwargs: Any
) -> Any:
    """``torch.scatter_reduce``: sums and means share, maxima take all; a product is refused."""
    if reduce == "prod":
        return capture.unhandled(func, (input, dim, index, src, reduce), kwargs)
    return pooled(capture, func, input, dim, index, src, reduce, **kwargs)


def sampled(capture: Capture, func: Any, input: Tensor, grid: Tensor, *args: Any, **kwargs: Any) -> Any:
    """``functional.grid_sample``: where to look counts as a constant, as a gate does."""
    dependent_tag(capture, input)
    return pooled(capture, func, input, grid.detach(), *args, **kwargs)


def _shared(capture: Capture, value: Tensor, *parts: tuple[Any, float]) -> Tensor:
    """Summands share relevance by their values; a constant keeps its share to itself, as a bias does.

    A constant added to the bare input only changes its unit (a normalisation inside the model): relevance passes.
    """
    summands = [(part, sign, tag) for part, sign in parts if (tag := capture.tag(part)) is not None]
    constants = [part for part, _ in parts if capture.tag(part) is None]
    signal, sign, tag = summands[0]
    if constants and (joined := _with_bias(tag, constants[0], sign)) is not None:
        return layer_output(capture, joined.layer, joined.input, value, rank=joined.rank)
    raw, moves = all(known.raw for _, _, known in summands), bool(constants) and tag.raw
    positive = all(known.positive and sign > 0 for _, sign, known in summands) and not constants
    gate = GATE if _is_gate(tag, constants) else min(known.gate for _, _, known in summands)
    known = Tag(capture, raw=raw, positive=positive, gate=gate)
    if moves or (constants and not isinstance(constants[0], Tensor) and constants[0] == 0):
        return capture.link(value, (signal,), lambda relevance: (relevance.sum_to_size(signal.shape),), known)
    amounts = [(tensor.detach(), sign) for tensor, sign, _ in summands]
    total, eps = value.detach(), capture.composite.stabiliser

    def back(relevance: Tensor) -> tuple[Tensor, ...]:
        share = divided(relevance, total, eps)
        signed = ((share if sign == 1 else share * sign, amount) for amount, sign in amounts)
        return tuple((one * amount).sum_to_size(amount.shape) for one, amount in signed)

    return capture.link(value, tuple(tensor for tensor, _, _ in summands), back, known)


def _is_gate(tag: Tag, constants: list[Any]) -> bool:
    """Whether a constant lifts values between -1 and 1 above 0, as in 1 + tanh(x)."""
    return tag.unit and bool(constants) and isinstance(constants[0], int | float) and constants[0] >= 1


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

    number = not isinstance(factor, Tensor)
    positive = tag.positive and number and factor >= 0
    gate = GATE if tag.gate == LIMITED and number and factor < 1 else tag.gate  # relu6(x + 3) / 6
    return capture.link(value, (signal,), back, Tag(capture, raw=tag.raw, positive=positive, gate=gate))
