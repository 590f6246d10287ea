"""The one error that is the user's to mend: a sentence, no traceback, exit code 2."""

from collections.abc import Iterable


class InputError(ValueError):
    """What was given cannot be used: the message says what was wanted, what was found where, and what is possible."""


def listed(names: Iterable[object]) -> str:
    """Names as they are listed in a message: ``'a', 'b'``; ``nothing`` where there are none."""
    return ", ".join(repr(name) for name in names) or "nothing"
