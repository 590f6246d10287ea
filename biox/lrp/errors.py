"""The engine's own error, and the sentence with the place in the user's code."""

import sys
from pathlib import Path
from typing import Any

import torch

_INSIDE = (str(Path(torch.__file__).parent), str(Path(__file__).parent))


class UnhandledOperation(NotImplementedError):  # noqa: N818 - the name says what happened
    """Relevance would have to pass something without a rule; the message says what, where, and what to do."""


def place_in_user_code() -> str:
    """``file:line`` of the innermost frame that is neither torch's nor ours."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_INSIDE):
        frame = frame.f_back
    return "an unknown place" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def operation_name(func: Any) -> str:
    """What torch calls an operation, or the name of the attribute that is read."""
    name = getattr(func, "__name__", str(func))
    return getattr(getattr(func, "__self__", func), "__name__", name) if name == "__get__" else name


def refusal(func: Any) -> str:
    """The sentence for an operation without a rule."""
    name = operation_name(func)
    owner = "Tensor" if hasattr(func, "__objclass__") else getattr(func, "__module__", None) or "torch"
    return (
        f"No rule for {owner}.{name}, met at {place_in_user_code()}, on a tensor that depends on the input. "
        "Replace it by operations that have a rule (biox/lrp/operations.py lists them), or give it one: "
        "lrp.with_operation(composite, operation, handler), where the handler is one function (docs/write-a-rule.md)."
    )
