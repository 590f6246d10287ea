"""Products of tensors that both depend on the input: halves for two signals, nothing for a gate; and their sums."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.errors import operation_name
from biox.lrp.propagate import divided
from biox.lrp.tags import GATE, Tag, tensors_in, with_tensors


def multilinear(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """A function that is linear in each tensor: matmul, einsum, bilinear, outer products.

    Each output's relevance is divided among its products by their values, and each product's in equal parts among its
    factors (Achtibat et al. 2024); a gate leaves its part to the signals.
    """
    factors = [tensor for tensor in tensors_in((args, kwargs)) if capture.tag(tensor)]
    gates = [tag.gate for tensor in factors if (tag := capture.tag(tensor)) is not None]
    counted = [tensor for tensor, gate in zip(factors, gates, strict=True) if gate < GATE] or factors
    positive = all(tag.positive for tensor in factors if (tag := capture.tag(tensor)) is not None)
    constants = any(not capture.tag(tensor) for tensor in tensors_in((args, kwargs)))
    subtracts = operation_name(func) in ("cross", "linalg_cross")
    tag = Tag(capture, positive=positive and not constants and not subtracts, gate=min(gates))
    return by_gradient(capture, func, (args, kwargs), counted, 1 / len(counted), tag)


def by_gradient(
    capture: Capture, func: Any, given: tuple[tuple, dict], counted: list[Tensor], share: float, tag: Tag
) -> Tensor:
    """Relevance by value times gradient: ``share`` of it to each of the ``counted`` tensors, all others constant."""
    locals_ = {id(tensor): tensor.detach().requires_grad_() for tensor in counted}
    with torch.enable_grad():
        args, kwargs = with_tensors(given, lambda tensor: locals_.get(id(tensor), tensor.detach()))
        result = func(*args, **kwargs)
    value, eps, leaves = result.detach(), capture.composite.stabiliser, tuple(locals_.values())

    def back(relevance: Tensor) -> tuple[Tensor | None, ...]:
        quotient = divided(relevance, value, eps)
        gradients = torch.autograd.grad(result, leaves, quotient, retain_graph=capture.keeps, allow_unused=True)
        pairs = zip(leaves, gradients, strict=True)
        return tuple(None if gradient is None else leaf.detach() * gradient * share for leaf, gradient in pairs)

    # A factor that appears twice (x @ x) is one leaf whose gradient holds both parts.
    inputs = tuple({id(tensor): tensor for tensor in counted}.values())
    return capture.link(value.clone(), inputs, back, tag)


def multiplied_from_left(capture: Capture, func: Any, input: Tensor, other: Tensor) -> Any:
    """``other @ input``."""
    return capture.decomposed(torch.matmul, other, input)


def product(capture: Capture, func: Any, input: Tensor, other: Tensor) -> Any:
    """``input * other``, both dependent: value by value, each product's relevance to its signal, or half to each."""
    one, two = capture.tag(input), capture.tag(other)
    assert one is not None
    assert two is not None
    shares = (0.5, 0.5) if one.gate == two.gate else (float(one.gate < two.gate), float(two.gate < one.gate))
    shapes = input.shape, other.shape

    def back(relevance: Tensor) -> tuple[Tensor | None, ...]:
        parts = zip(shares, shapes, strict=True)
        return tuple((relevance * share).sum_to_size(shape) if share else None for share, shape in parts)

    raw = one.raw and two.raw
    tag = Tag(capture, raw=raw, positive=one.positive and two.positive, gate=min(one.gate, two.gate))
    return capture.link(func(input, other), (input, other), back, tag)


def quotient(capture: Capture, func: Any, input: Tensor, other: Tensor) -> Any:
    """``input / other``, both dependent: the divisor is a scale and counts as a constant."""
    tag, scale, shape = capture.tag(input), capture.tag(other), input.shape
    assert tag is not None
    assert scale is not None

    def back(relevance: Tensor) -> tuple[Tensor | None, ...]:
        return relevance.sum_to_size(shape), None

    known = Tag(capture, raw=tag.raw and scale.raw, gate=tag.gate)
    return capture.link(func(input, other), (input, other), back, known)


def all_factors(
    capture: Capture, func: Any, input: Tensor, dim: int | None = None, keepdim: bool = False, dtype: Any = None
) -> Any:
    """``torch.prod``: every factor gets the same part of its product's relevance."""
    tag = capture.tag(input)
    assert tag is not None
    whole = input.detach().flatten() if dim is None else input.detach()
    axis, shape = 0 if dim is None else dim, input.shape
    value = whole.prod(axis, keepdim=keepdim, dtype=dtype)

    def back(relevance: Tensor) -> tuple[Tensor]:
        each = relevance if keepdim else relevance.unsqueeze(axis)
        return ((each / whole.shape[axis]).expand(whole.shape).reshape(shape),)

    return capture.link(value, (input,), back, Tag(capture, positive=tag.positive, gate=tag.gate))


def cosine_similarity(capture: Capture, func: Any, x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Any:
    """The product of two tensors whose lengths count as constants."""

    def steps(one: Tensor, two: Tensor) -> Tensor:
        lengths = one.detach().norm(dim=dim) * two.detach().norm(dim=dim)
        return (one * two).sum(dim) / lengths.clamp_min(eps)

    return capture.decomposed(steps, x1, x2)
