"""What would hide the explained input from the capture, so that it passed unseen, as a constant.

``torch.vmap`` and its like hand a function wrapped tensors: refused. Functions compiled by ``torch.jit.script`` call
torch from C++: while a model is watched, their Python source runs instead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from torch._C import _functorch  # pyright: ignore[reportAttributeAccessIssue]

from biox.lrp.errors import UnhandledOperation, place_in_user_code
from biox.lrp.tags import tensors_in

_COMPILED = torch.jit.ScriptFunction.__call__
_LOCK, _UNDER_WAY = Lock(), []


def running() -> bool:
    """Whether a transform of ``torch.func`` runs."""
    return _functorch.peek_interpreter_stack() is not None


def wrapped(given: Any) -> Iterator[Tensor]:
    """The tensors inside wrapped ones, layer by layer."""
    for outer in tensors_in(given):
        tensor = outer
        while _functorch.is_functorch_wrapped_tensor(tensor):
            tensor = _functorch.get_unwrapped(tensor)
            yield tensor


def refusal() -> UnhandledOperation:
    """The error for a transform of what depends on the input."""
    return UnhandledOperation(
        f"torch.vmap or another transform of torch.func runs at {place_in_user_code()} on a tensor that depends on the "
        "input. Write it for a whole batch, or as a loop."
    )


@contextmanager
def scripts_as_written() -> Iterator[None]:
    """While this lasts, functions compiled by ``torch.jit.script`` run as they were written.

    torch offers no other way to see into them; it keeps the source for its own compiler, by the name used here. The
    class of these functions is shared by all threads, so it is put back when the last one is done.
    """
    scripted = torch.jit.ScriptFunction
    with _LOCK:
        if not _UNDER_WAY:
            scripted.__call__ = _as_written
        _UNDER_WAY.append(None)
    try:
        yield
    finally:
        with _LOCK:
            _UNDER_WAY.pop()
            if not _UNDER_WAY:
                scripted.__call__ = _COMPILED


def _as_written(self: Any, *args: Any, **kwargs: Any) -> Any:
    source = getattr(self, "_torchdynamo_inline", None)
    return _COMPILED(self, *args, **kwargs) if source is None else source(*args, **kwargs)
