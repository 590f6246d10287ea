"""Which scores a method may explain, said without loading what explains them."""

from biox.core.errors import InputError, listed
from biox.core.study import AGAINST, Method


def check_target(method: Method, classes: tuple[str, ...], where: str) -> None:
    """InputError where a method's target is neither ``label``, ``dominant``, a class nor ``CLASS - OTHER``."""
    named = [part for part in method.target.split(AGAINST) if part not in classes]
    if method.target not in ("label", "dominant") and (named or method.target.count(AGAINST) > 1):
        raise InputError(
            f"{where} is {method.target!r}; possible are 'label', 'dominant', one of the classes {listed(classes)}, "
            "or a difference of two as 'CLASS - OTHER'."
        )
