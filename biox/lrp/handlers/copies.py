"""Operations that relevance passes unchanged: copies, selections, and what has no effect in evaluation mode."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp.capture import Capture
from biox.lrp.errors import UnhandledOperation, place_in_user_code
from biox.lrp.inplace import with_item
from biox.lrp.tags import tensors_in

# May put in a constant that is given as a number.
_NAMES = ("masked_fill", "where", "scatter", "index_fill")
_FILLING = (functional.pad, with_item, *(getattr(home, name) for home in (torch, Tensor) for name in _NAMES))


def copied(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Each output value is one input value or a constant; relevance goes where it came from (max: to the winner)."""
    tensors = list(tensors_in((args, kwargs)))
    dependent = [tag for tensor in tensors if (tag := capture.tag(tensor)) is not None]
    constants = any(tensor.dtype != torch.bool and capture.tag(tensor) is None for tensor in tensors)
    numbers = func in _FILLING and any(isinstance(v, int | float) and v < 0 for v in (*args, *kwargs.values()))
    positive = all(tag.positive for tag in dependent) and not constants and not numbers
    return capture.native(func, args, kwargs, raw=all(tag.raw for tag in dependent), positive=positive)


def row(capture: Capture, func: Any, input: Tensor, weight: Tensor, *args: Any, **kwargs: Any) -> Any:
    """``functional.embedding`` in a table that depends on the input: rows are picked from it."""
    return capture.decomposed(lambda table: table[input], weight)


def constant(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Results that do not depend on the values of the input, and what the model's author detached."""
    return func(*args, **kwargs)


def dropout(
    capture: Capture, func: Any, input: Tensor, p: float = 0.5, training: bool | None = None, train: bool | None = None
) -> Any:
    """Nothing, in evaluation mode; a random score is refused."""
    default = "alpha" not in getattr(func, "__name__", "")
    given = [one for one in (training, train) if one is not None]
    refuse_if_random(p > 0 and (given[0] if given else default))
    return input


def refuse_if_random(training: bool) -> None:
    """Dropout or a random activation in training mode is refused."""
    if training:
        raise UnhandledOperation(
            f"Dropout or a random activation at {place_in_user_code()} is in training mode, where the explained score "
            "is random. Call model.eval() first."
        )
