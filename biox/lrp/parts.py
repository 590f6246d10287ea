"""The parts of inputs, weights and biases that LRP rules let meet, named by their mathematics."""

# ruff: noqa: D103

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

Part = Callable[[Tensor], Tensor]


def whole(values: Tensor) -> Tensor:
    return values


def positive(values: Tensor) -> Tensor:
    return values.clamp(min=0)


def negative(values: Tensor) -> Tensor:
    return values.clamp(max=0)


def absolute(values: Tensor) -> Tensor:
    return values.abs()


def squared(values: Tensor) -> Tensor:
    return values.square()


def ones(values: Tensor) -> Tensor:
    return values.new_ones(()).expand(values.shape)


def low(values: Tensor) -> Tensor:
    raise AssertionError("the lowest input is looked up by the layer, not computed from the input")


def high(values: Tensor) -> Tensor:
    raise AssertionError("the highest input is looked up by the layer, not computed from the input")


@lru_cache(maxsize=64)
def magnitude(factor: float) -> Part:
    """The part ``factor`` |w|; one function for one factor, so that equal rules compare equal."""

    def part(values: Tensor) -> Tensor:
        return values.abs().mul_(factor)

    return part


@lru_cache(maxsize=64)
def raised(gamma: float) -> Part:
    """The part w + gamma max(w, 0); one function for one gamma, so that equal rules compare equal."""

    def part(values: Tensor) -> Tensor:
        return torch.add(values, values.clamp(min=0), alpha=gamma)

    return part
