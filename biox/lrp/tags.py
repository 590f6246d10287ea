"""What is known of a tensor that depends on the explained input, and the autograd node that carries its relevance."""

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from biox.lrp.layers import Layer
from biox.lrp.silence import Silent

Back = Callable[[Tensor], tuple[Tensor | None, ...]]
SIGNAL, LIMITED, GATE = 0, 1, 2
# The key of the handler for every function of integers that are the input.
INTEGERS = "integers"


@dataclass
class Tag:
    """What is known of one dependent tensor.

    owner: the capture it belongs to; a tensor kept from an earlier call has another one and counts as a constant.
    node: its autograd node, to notice when something outside the capture made it.
    raw: nothing with weights lies between the input and it. positive: it holds no negative value.
    bounds: lowest and highest possible value, known for raw tensors when the composite needs them.
    gate: how surely it scales or weighs other values: SIGNAL, LIMITED (a relu6, a root) or GATE (a sigmoid, a norm).
        In a product the less sure one gets all relevance.
    unit: it lies between -1 and 1, so that 1 added makes it a gate.
    silent: the ReLUs before it that linear layers took in; None: those of what it is made of (``biox.lrp.silence``).
    layer: the linear layer whose bare output it is; a BatchNorm or ReLU may still join it.
    places: of integers that are or index the input, the float tensor of the same shape whose relevance is theirs.
    value: the tensor that stands for it since it was overwritten in place.
    relatives: tensors that may share its memory; stale: the overwritten relative that made its values outdated.
    """

    owner: object
    node: Any = None
    raw: bool = False
    positive: bool = False
    bounds: tuple[Tensor, Tensor] | None = None
    gate: int = 0
    unit: bool = False
    silent: tuple[Silent, ...] | None = None
    layer: "Bare | None" = None
    places: Tensor | None = None
    value: Tensor | None = None
    relatives: list[weakref.ref] = field(default_factory=list)
    stale: weakref.ref | None = None


@dataclass(frozen=True)
class Bare:
    """A linear layer of the model that nothing has joined yet, its input, and its rank in the order of the run."""

    layer: Layer
    input: Tensor
    rank: int


class Link(torch.autograd.Function):
    """An autograd node with a given value, whose backward pass is a given function of relevance."""

    @staticmethod
    def forward(ctx: Any, value: list[Tensor], back: Back, keeps: bool, *inputs: Tensor) -> Tensor:  # pyright: ignore
        """Hand out the value; it comes in a list so that autograd does not take it for an input."""
        ctx.back, ctx.keeps, ctx.inputs = back, keeps, len(inputs)
        ctx.set_materialize_grads(False)
        return value.pop()

    @staticmethod
    def backward(ctx: Any, *relevance: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        """Carry relevance to the inputs; what the layer kept is freed at once, unless more passes follow."""
        back = ctx.back
        if not ctx.keeps:
            ctx.back = None
        if relevance[0] is None:  # only gates and blocked layers lie above
            return (None,) * (3 + ctx.inputs)
        return None, None, None, *back(relevance[0])


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


def silent_before(tag_of: Callable[[Any], Tag | None], tensors: Iterable[Tensor]) -> tuple[Silent, ...]:
    """The ReLUs before these tensors whose zeros relevance has not reached yet."""
    tags = (tag_of(tensor) for tensor in tensors)
    return tuple(dict.fromkeys(one for tag in tags if tag is not None for one in tag.silent or ()))
