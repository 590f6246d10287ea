"""``torch.vmap`` and its like: they hand a function wrapped tensors, in which the explained input would pass unseen."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor
from torch._C import _functorch  # pyright: ignore[reportAttributeAccessIssue]

from biox.lrp.errors import UnhandledOperation, place_in_user_code
from biox.lrp.tags import tensors_in


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
