"""Other shapes of the same values; what is a view in the user's model counts as one, even where it is a copy here."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

import weakref
from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.convolutions import rearranged
from biox.lrp.handlers.copies import copied

# Views of memory in any order.
_ANYWHERE = {Tensor.view: Tensor.reshape, Tensor.view_as: Tensor.reshape_as}


def reshaped(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """A view where memory allows it; convolutions, which run with the channels last, may not, and leave a copy."""
    if not any(isinstance(value, torch.dtype) for value in (*args, *kwargs.values())):
        func = _ANYWHERE.get(func, func)
    result = converted(capture, func, input, *args, **kwargs)
    if _reordered(input, kwargs):
        return result
    known, tag = capture.tag(input), capture.tag(result)
    if known is not None and tag is not None and tag is not known and rearranged(input):
        tag.relatives = known.relatives
        known.relatives += [weakref.ref(input), weakref.ref(result)]
    return result


def converted(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """``Tensor.to``, ``Tensor.contiguous``: what would be a copy in the user's model is one."""
    result = copied(capture, func, input, *args, **kwargs)
    return copied(capture, torch.clone, input) if result is input and _reordered(input, kwargs) else result


def strided(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """``torch.as_strided`` counts in the order of memory, which is that of the user's model."""
    plain = copied(capture, Tensor.contiguous, input) if rearranged(input) else input
    return copied(capture, func, plain, *args, **kwargs)


def _reordered(input: Tensor, kwargs: dict) -> bool:
    """Whether another order of memory is asked for, which convolutions have brought about already."""
    return rearranged(input) and kwargs.get("memory_format") not in (
        None,
        torch.contiguous_format,
        torch.preserve_format,
    )
