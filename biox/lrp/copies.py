"""Operations that relevance passes unchanged: copies, selections, and what has no effect in evaluation mode."""

from typing import Any

from torch import Tensor
from torch.nn import functional

from biox.lrp.capture import Capture
from biox.lrp.errors import UnhandledOperation, place_in_user_code
from biox.lrp.tags import tensors_in

_FILLING = (functional.pad, Tensor.masked_fill)  # may put in a constant that is given as a number


def copied(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Each output value is one input value or a constant; relevance goes where it came from (max: to the winner)."""
    tensors = list(tensors_in((args, kwargs)))
    dependent = [tag for tensor in tensors if (tag := capture.tag(tensor)) is not None]
    constants = [tensor for tensor in tensors if tensor.is_floating_point() and capture.tag(tensor) is None]
    negative = [value for value in (*args, *kwargs.values()) if isinstance(value, int | float) and value < 0]
    positive = all(tag.positive for tag in dependent) and not constants and not (negative and func in _FILLING)
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
