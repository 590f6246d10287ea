"""The lowest and highest possible values of what comes from the input without weights, for the box rule."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from biox.lrp.tags import Tag, tensors_in, with_tensors
from biox.lrp.values import holds

# Handlers of operations that map the lowest and highest inputs to the lowest and highest outputs, or these in turn;
# arithmetic does where only one operand comes from the input.
_ORDERLY = "copied reshaped converted clamp clamp_max relu pooled"
_ARITHMETIC = "add subtract subtract_from negate multiply divide"


def keeps_order(handler: Callable[..., Any], dependent: int) -> bool:
    """Whether bounds can be carried through an operation with so many tensors that depend on the input."""
    names = _ORDERLY if dependent > 1 else f"{_ORDERLY} {_ARITHMETIC}"
    return getattr(handler, "__name__", "") in names.split()


def carry_bounds(tag_of: Callable[[Any], Tag | None], func: Any, args: tuple, kwargs: dict, result: Any) -> None:
    """What an operation makes of the lowest and highest inputs bounds what it made of the input."""
    raw = [tag for tensor in tensors_in(result) if (tag := tag_of(tensor)) is not None and tag.raw]
    if not raw or any(tag.bounds is not None for tag in raw):
        return

    def at(end: int) -> list[Tensor]:
        def change(tensor: Tensor) -> Tensor:
            tag = tag_of(tensor)
            return tensor if tag is None or tag.bounds is None else tag.bounds[end]

        return list(tensors_in(func(*with_tensors(args, change), **with_tensors(kwargs, change))))

    for tensor, one, two in zip(tensors_in(result), at(0), at(1), strict=True):
        tag = tag_of(tensor)
        if tag is not None and tag.raw:
            turned = holds((one > two).any(), otherwise=True)
            tag.bounds = (torch.minimum(one, two), torch.maximum(one, two)) if turned else (one, two)
