"""What somebody probably meant who wrote a name that is not known."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

LIKE = 0.6  # share of letters in common, from which on a name is offered


def hint(word: object, known: Iterable[object]) -> str:
    """`` Did you mean 'composite'?``, where a known name is like the word; "" where none is.

    Names that are one slip away come first, all of them: a letter too much, too little, another one, or two in the
    wrong order. Capitals, and what stands between the parts of a name (``-``, ``_``, a space), make no difference.
    """
    names, plain = {_plain(name): str(name) for name in known}, _plain(word)
    found = [name for name in names if _one_slip(plain, name)] or get_close_matches(plain, names, n=1, cutoff=LIKE)
    return f" Did you mean {' or '.join(repr(names[name]) for name in found)}?" if found else ""


def quoted(sentence: str) -> list[str]:
    """The names that a sentence quotes: ``a``, ``b`` of ``known are 'a' and 'b'``."""
    return re.findall(r"'([^']+)'", sentence)


def _plain(word: object) -> str:
    return re.sub("[-_ ]", "_", str(word)[:200].casefold())


def _one_slip(word: str, name: str) -> bool:
    """Whether the words differ in one letter, or in two that changed places."""
    start = _same(word, name)
    word, name = word[start:], name[start:]
    end = _same(word[::-1], name[::-1])
    word, name = word[: len(word) - end], name[: len(name) - end]
    return max(len(word), len(name)) <= 1 or (len(word) == 2 and word == name[::-1])


def _same(word: str, name: str) -> int:
    """How many letters two words have in common at their beginning."""
    length = min(len(word), len(name))
    return next((place for place in range(length) if word[place] != name[place]), length)
