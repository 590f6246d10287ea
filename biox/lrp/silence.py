"""Zeros that a ReLU made: a linear layer that took the ReLU in may leave them out, unless relevance reaches them.

It does so where a function that is not 0 at 0 (exp, a sigmoid) comes next, with no other layer in between.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(eq=False)
class Silent:  # not frozen: the pass backwards sets it
    """Whether relevance has reached the zeros of one ReLU."""

    reached: bool = False


def awaken(silent: Iterable[Silent] | None) -> None:
    """Relevance arrives at a function that is not 0 at 0, of values that these ReLUs may have made 0."""
    for one in silent or ():
        one.reached = True
