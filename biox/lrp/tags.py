"""What is known of a tensor that depends on the explained input, and the autograd node that carries its relevance."""

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from biox.lrp.layers import Layer

Back = Callable[[Tensor], tuple[Tensor | None, ...]]


@dataclass
class Tag:
    """What is known of one dependent tensor.

    owner: the capture it belongs to; a tensor kept from an earlier call has another one and counts as a constant.
    node: its autograd node, to notice when something outside the capture made it.
    raw: nothing with weights lies between the input and it. positive: it holds no negative value.
    bounds: lowest and highest possible value, known for raw tensors when the composite needs them.
    layer: the linear layer whose bare output it is, and that layer's input; a BatchNorm or ReLU may still join it.
    value: the tensor that stands for it since it was overwritten in place.
    relatives: tensors that may share its memory; stale: the overwritten relative that made its values outdated.
    """

    owner: object
    node: Any = None
    raw: bool = False
    positive: bool = False
    bounds: tuple[Tensor, Tensor] | None = None
    layer: tuple[Layer, Tensor] | None = None
    value: Tensor | None = None
    relatives: list[weakref.ref] = field(default_factory=list)
    stale: weakref.ref | None = None


class Link(torch.autograd.Function):
    """An autograd node with a given value, whose backward pass is a given function of relevance."""

    @staticmethod
    def forward(ctx: Any, value: list[Tensor], back: Back, *inputs: Tensor) -> Tensor:  # pyright: ignore
        """Hand out the value; it comes in a list so that autograd does not take it for an input."""
        ctx.back = back
        return value.pop()

    @staticmethod
    def backward(ctx: Any, *relevance: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        """Carry relevance to the inputs, and free what the layer kept while the pass is still under way."""
        back, ctx.back = ctx.back, None
        return None, None, *back(relevance[0])


def tensors_in(value: Any) -> Iterator[Tensor]:
    """All tensors in nested tuples, lists and dicts, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from tensors_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from tensors_in(one)


def with_tensors(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same nested arguments with every tensor changed."""
    if isinstance(value, Tensor):
        return change(value)
    if type(value) in (tuple, list):
        return type(value)(with_tensors(one, change) for one in value)
    if type(value) is dict:
        return {key: with_tensors(one, change) for key, one in value.items()}
    return value
