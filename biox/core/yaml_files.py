"""YAML files of others: plain data only, and no few lines that unfold to millions of values."""

from collections.abc import Hashable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from biox.core.errors import InputError

OPENING = {"[": 1, "{": 1, "]": -1, "}": -1}
MOST_BYTES = 2**22
MOST_VALUES = 200_000
DEEPEST = 50
MOST_OPEN = 200
"""Brackets open at once, in text as in structure: the parser's time grows with the square of their number."""


def load_plain(text: str, file: Path) -> Any:
    """The content of a YAML file, whose text is given. Raises InputError where it is no valid YAML, or a bomb."""
    if len(text) > MOST_BYTES:
        raise InputError(f"{file} has {len(text)} letters; a file of settings has at most {MOST_BYTES}.")
    if max(accumulate((OPENING.get(letter, 0) for letter in text), initial=0)) > MOST_OPEN:
        raise InputError(f"{file} opens more than {MOST_OPEN} brackets within each other; is it a file of settings?")
    try:
        loader = _Once(text)
    except yaml.YAMLError as error:  # a character that no text has
        raise InputError(f"{file} is not valid YAML: {error}") from None
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _values(node, {}, 0) > MOST_VALUES:
            raise InputError(f"{file} unfolds to more than {MOST_VALUES} values (by `*`); write out what is meant.")
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file} is not valid YAML: {error}") from None
    except RecursionError:
        raise InputError(
            f"{file} holds lists within lists, deeper than {DEEPEST} levels, or within themselves."
        ) from None
    finally:
        loader.dispose()


def line_of(text: str, path: Sequence[Any]) -> int | None:
    """The line, from 1, of the key that a path leads to in a valid YAML text, or of the last one on the way to it."""
    node, line = yaml.compose(text, Loader=yaml.SafeLoader), None
    for part in path:
        step = None
        if isinstance(node, yaml.MappingNode):
            step = next((pair for pair in node.value if pair[0].value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            step = (node.value[part], node.value[part])
        if step is None:
            break
        line, node = step[0].start_mark.line + 1, step[1]
    return line


class _Once(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error: the first would be lost in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.YAMLError(f"the key {twice!r} stands twice, near line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


def _values(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """How many values a node is made of, one that is named again counted again."""
    if depth > DEEPEST:
        raise RecursionError
    if id(node) not in known:
        inner = node.value if isinstance(node, yaml.CollectionNode) else []
        parts = [part for one in inner for part in (one if isinstance(one, tuple) else (one,))]
        known[id(node)] = 1 + sum(_values(part, known, depth + 1) for part in parts)
    return known[id(node)]
