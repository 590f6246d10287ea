"""Products of tensors that both depend on the input: halves for two signals, nothing for a gate; and their sums."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.propagate import divided
from biox.lrp.tags import Tag, tensors_in, with_tensors


def multilinear(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """A function that is linear in each tensor: matmul, einsum, bilinear, outer products.

    Each output's relevance is divided among its products by their values, and each product's in equal parts among its
    factors (Achtibat et al. 2024); a gate leaves its part to the signals.
    """
    factors = [tensor for tensor in tensors_in((args, kwargs)) if capture.tag(tensor)]
    gates = [tag.gate for tensor in factors if (tag := capture.tag(tensor)) is not None]
    counted = [tensor for tensor, gate in zip(factors, gates, strict=True) if not gate] or factors
    locals_ = {id(tensor): tensor.detach().requires_grad_() for tensor in counted}
    with torch.enable_grad():
        given = with_tensors((args, kwargs), lambda tensor: locals_.get(id(tensor), tensor.detach()))
        result = func(*given[0], **given[1])
    value, eps = result.detach(), capture.composite.stabiliser
    leaves = tuple(locals_.values())
    share = 1 / len(counted)

    def back(relevance: Tensor) -> tuple[Tensor | None, ...]:
        quotient = divided(relevance, value, eps)
        gradients = torch.autograd.grad(result, leaves, quotient, retain_graph=capture.keeps)
        found = {
            key: leaf.detach() * gradient for (key, leaf), gradient in zip(locals_.items(), gradients, strict=True)
        }
        # A factor that appears twice (x @ x) is one leaf whose gradient holds both parts.
        return tuple(found.pop(id(tensor)) * share if id(tensor) in found else None for tensor in factors)

    positive = all(tag.positive for tensor in factors if (tag := capture.tag(tensor)) is not None)
    constants = any(not capture.tag(tensor) for tensor in tensors_in((args, kwargs)))
    tag = Tag(capture, positive=positive and not constants, gate=all(gates))
    return capture.link(value.clone(), tuple(factors), back, tag)


def product(capture: Capture, func: Any, input: Tensor, other: Tensor) -> Any:
    """``input * other``, both dependent: value by value, each product's relevance to its signal, or half to each."""
    one, two = capture.tag(input), capture.tag(other)
    assert one is not None
    assert two is not None
    both = one.gate == two.gate
    shares = (0.5, 0.5) if both else (float(two.gate), float(one.gate))
    shapes = input.shape, other.shape

    def back(relevance: Tensor) -> tuple[Tensor | None, ...]:
        parts = zip(shares, shapes, strict=True)
        return tuple((relevance * share).sum_to_size(shape) if share else None for share, shape in parts)

    value = func(input, other)
    return capture.link(
        value, (input, other), back, Tag(capture, positive=one.positive and two.positive, gate=both and one.gate)
    )


def quotient(capture: Capture, func: Any, input: Tensor, other: Tensor) -> Any:
    """``input / other``, both dependent: the divisor is a scale and counts as a constant."""
    tag, shape = capture.tag(input), input.shape
    assert tag is not None

    def back(relevance: Tensor) -> tuple[Tensor | None, ...]:
        return relevance.sum_to_size(shape), None

    return capture.link(func(input, other), (input, other), back, Tag(capture, gate=tag.gate))
