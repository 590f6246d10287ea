"""Dependent tensors that share memory: which of them an in-place statement leaves outdated."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from biox.lrp.errors import UnhandledOperation, place_in_user_code
from biox.lrp.tags import Tag

TagOf = Callable[[Any], Tag | None]


def relate(tag_of: TagOf, tensor: Tensor, tag: Tag, given: Sequence[Tensor]) -> None:
    """Remember which dependent tensors share memory."""
    storage = tensor.untyped_storage()._cdata
    for one in given:
        known = tag_of(one)
        if known is not None and one.untyped_storage()._cdata == storage:
            tag.relatives = known.relatives
            known.relatives += [weakref.ref(one), weakref.ref(tensor)]


def outdate_relatives(tag_of: TagOf, target: Tensor) -> None:
    """``target`` is overwritten: other views of its memory are outdated."""
    old = tag_of(target)
    if old is None and target._base is not None:
        raise UnhandledOperation(
            f"At {place_in_user_code()} a value that depends on the input is written into a view of a constant. "
            "Write into that tensor itself (y[:, 0] = h), or put the parts together with torch.cat or torch.stack."
        )
    for relative in old.relatives if old is not None else []:
        other = relative()
        tag = None if other is None or other is target else tag_of(other)
        if tag is not None:
            tag.stale = weakref.ref(target)


def finish_augmented(tag_of: TagOf, target: Tensor, written: Any) -> None:
    """``y[i] += h`` overwrites the view y[i] and then writes it back into y, which is thereby up to date again."""
    tag = tag_of(target)
    while tag is not None and tag.value is not None:
        tag = tag_of(tag.value)
    if tag is not None and tag.stale is not None and tag.stale() is written:
        tag.stale = None
