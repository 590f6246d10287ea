"""Operations that relevance passes unchanged: copies, selections, and what has no effect in evaluation mode."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp.capture import Capture
from biox.lrp.errors import UnhandledOperation, place_in_user_code
from biox.lrp.inplace import with_item
from biox.lrp.tags import tensors_in

# May put in a constant that is given as a number.
_FILLING = (functional.pad, Tensor.masked_fill, torch.masked_fill, Tensor.where, torch.where, with_item)


def copied(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Each output value is one input value or a constant; relevance goes where it came from (max: to the winner)."""
    tensors = list(tensors_in((args, kwargs)))
    dependent = [tag for tensor in tensors if (tag := capture.tag(tensor)) is not None]
    constants = any(tensor.dtype != torch.bool and capture.tag(tensor) is None for tensor in tensors)
    numbers = func in _FILLING and any(isinstance(v, int | float) and v < 0 for v in (*args, *kwargs.values()))
    positive = all(tag.positive for tag in dependent) and not constants and not numbers
    return capture.native(func, args, kwargs, raw=all(tag.raw for tag in dependent), positive=positive)


def constant(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Results that do not depend on the values of the input, and what the model's author detached."""
    return func(*args, **kwargs)


def dropout(capture: Capture, func: Any, input: Tensor, p: float = 0.5, training: bool = True) -> Any:  # noqa: A002
    """Nothing, in evaluation mode; a random score is refused."""
    if training and p > 0:
        raise UnhandledOperation(
            f"Dropout at {place_in_user_code()} is in training mode, where the explained score is random. "
            "Call model.eval() first."
        )
    return input
