"""Settings as commented YAML: each with its value, what it means, and what else is possible, all from the code.

A setting that is at its default is commented out: without its ``# `` the file means the same.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from biox.core.choices import Named

WIDTH = 118
COLUMN = 34
# Explanations longer than this are not said twice.
LONG = 50
BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


@dataclass(frozen=True)
class Entry:
    """One setting of a file. chosen: it stands there to be read, not as a comment. inside: the settings below it."""

    key: str
    value: Any
    words: str
    chosen: bool
    inside: "tuple[Entry, ...]" = ()


def entries(settings: BaseModel, chosen: Mapping[str, Any], words: Mapping[str, str]) -> list[Entry]:
    """The settings of an object, in the order of its class.

    chosen: what differs from the defaults. words: meanings that the class does not tell itself.
    """
    known = {**meanings(type(settings)), **words}
    found = []
    for name, field in type(settings).model_fields.items():
        key = field.alias or name
        said = sentence(known.get(name, ""), possible(field.annotation, field.metadata))
        found.append(entry(key, getattr(settings, name), chosen.get(key, ...), said))
    return found


def entry(key: str, usual: Any, chosen: Any, words: str) -> Entry:
    """One setting: its default, or what was chosen in its place (``...``: nothing was)."""
    if isinstance(usual, BaseModel) and not isinstance(usual, Named):
        own = {} if chosen is ... else chosen
        # What may not even stand at its default beside what was chosen is left out.
        inside = [one for one in entries(usual, own, {}) if one.chosen or _fits(type(usual), own, one.key)]
    elif isinstance(usual, Mapping) and any(_has_settings(value) for value in usual.values()):
        inside = [entry(name, value, ..., "") for name, value in usual.items()]
    else:
        return Entry(key, plain(usual) if chosen is ... else chosen, words, chosen is not ...)
    return Entry(key, None, words, chosen is not ..., tuple(inside))


def _fits(kind: type[BaseModel], chosen: Mapping[str, Any], key: str) -> bool:
    field = next(field for name, field in kind.model_fields.items() if key in (name, field.alias))
    try:
        kind.model_validate({**chosen, key: plain(field.get_default(call_default_factory=True))})
    except ValidationError:
        return False
    return True


def _has_settings(value: Any) -> bool:
    return isinstance(value, BaseModel) and not isinstance(value, Named)


def lines(found: Sequence[Entry], depth: int = 0, off: int | None = None) -> list[str]:
    """The entries as lines of YAML. off: the depth at which a comment begins, where they stand below one."""
    said: list[str] = []
    for last, one in zip(("", *(other.words for other in found)), found, strict=False):
        begins = depth if off is None and not one.chosen else off
        mark = "  " * depth if begins is None else "  " * begins + "# " + "  " * (depth - begins)
        text = f"{mark}{one.key}:" if one.inside else f"{mark}{one.key}: {flow(one.value)}"
        said += explained(text, "likewise" if one.words == last and len(last) > LONG else one.words)
        said += lines(one.inside, depth + 1, begins)
    return said


def explained(text: str, words: str) -> list[str]:
    """A line with its explanation behind it, which goes on in further lines."""
    if not words:
        return [text]
    column = max(COLUMN, len(text) + 2)
    column = column if column < WIDTH // 2 else COLUMN
    pieces = textwrap.wrap(words, WIDTH - column - 2, break_long_words=False, break_on_hyphens=False)
    rest = [" " * column + f"# {piece}" for piece in pieces]
    return [text, *rest] if len(text) > column - 2 else [f"{text:<{column}}# {pieces[0]}", *rest[1:]]


def meanings(settings: type[BaseModel]) -> dict[str, str]:
    """What each setting means: its description, or what the docstring of its class says after ``NAME: ``."""
    fields = settings.model_fields
    text = " ".join((settings.__doc__ or "").split()).replace("``", "")
    name = "|".join(map(re.escape, fields)) or "-"
    heads = list(re.finditer(rf"(?:^|(?<=[.;] ))((?:{name})(?:, (?:{name}))*): ", text))
    ends = [*(head.start() for head in heads[1:]), len(text)][: len(heads)]
    found: dict[str, str] = {}
    for head, end in zip(heads, ends, strict=True):
        for key in head.group(1).split(", "):
            found[key] = text[head.end() : end].strip().rstrip(".;")
    return {**found, **{key: field.description for key, field in fields.items() if field.description}}


def possible(annotation: Any, limits: Sequence[Any]) -> str:
    """What a setting may be, where its type says it in few words."""
    kinds = [kind for kind in (annotation, *get_args(annotation)) if kind is not type(None)]
    choices = [str(value) for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    if get_origin(annotation) is tuple:
        choices = [str(value) for value in get_args(get_args(annotation)[0])] if get_args(annotation) else []
    if choices:
        return f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]
    if bool in kinds:
        return "true or false"
    bounds = [
        f"{words} {getattr(limit, key)}" for limit in limits for key, words in BOUNDS.items() if hasattr(limit, key)
    ]
    number = next((name for kind, name in ((int, "a whole number"), (float, "a number")) if kind in kinds), "")
    return " ".join([f"{number},", " and ".join(bounds)]) if bounds and number else ""


def sentence(meaning: str, choices: str) -> str:
    """Meaning and choices in one line; choices that the meaning names are not said again."""
    named = all(choice in meaning for choice in re.split(", | or ", choices))
    return "; ".join(part for part in (meaning, "" if named else choices) if part)


def plain(value: Any) -> Any:
    """A default as a study file writes it."""
    if isinstance(value, Named):
        return {"name": value.name, **plain(value.options)} if value.options else value.name
    if isinstance(value, BaseModel):
        return {key: plain(getattr(value, key)) for key in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def flow(value: Any) -> str:
    """A value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
