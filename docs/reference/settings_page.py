"""The page of all settings of a study file, from the settings themselves."""

import importlib
import inspect
import pkgutil
import re
import typing
from pathlib import Path
from typing import Any

from commands_page import cell
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from biox.core.choices import Named
from biox.core.find import known
from biox.core.study import Study
from biox.front.explained import flow, meanings, plain
from biox.front.new import MEANINGS

NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything", Path: "path"}
NAMED = "a name, or `{name: ..., settings}`"


def text() -> str:
    """Every section of a study file, then what each domain's readers and its validation take."""
    parts = [
        "# Every setting",
        "*For those who write study files.* Made from the code; what is left out of a file has the default. "
        "[The study file](../study-file.md) explains the common settings with an example, and "
        "[data formats](../data-formats.md) each reader with an example file.",
    ]
    for name, model in sections(Study, "").items():
        parts += [f"## {name or 'The file'}", described(model), table(model)]
    for domain in domains():
        parts += [f"## Domain {domain}", *of_domain(domain)]
    return "\n\n".join(parts) + "\n"


def sections(model: type[BaseModel], path: str) -> dict[str, type[BaseModel]]:
    """The settings objects that stand in a study file, by their place in it."""
    found = {path: model}
    for name, field in model.model_fields.items():
        inner = next((m for m in models_in(field.annotation) if m.__module__.startswith("biox.core")), None)
        if inner is not None and inner not in found.values() and inner.__name__ != "Named":
            found |= {k: v for k, v in sections(inner, f"{path}.{name}".strip(".")).items() if v not in found.values()}
    return found


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The settings objects that a type speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in typing.get_args(annotation) for model in models_in(inner)]


def domains() -> list[str]:
    """The fields that biox knows."""
    return [module.name for module in pkgutil.iter_modules(importlib.import_module("biox.domains").__path__)]


def of_domain(domain: str) -> list[str]:
    """The readers of a domain, its simulation and its validation."""
    package = f"biox.domains.{domain}"
    parts = []
    for name in [*known(package), "validate"]:
        function = getattr(importlib.import_module(f"{package}.{name}"), name)
        title = "`validate`" if name == "validate" else f"`source: {name}`"
        wanted = settings_of(function)
        if wanted is not None:
            inner = [m for m in nested(wanted) if m is not wanted]
            parts += [f"### {domain}: {title}", described(wanted), table(wanted)]
            for model in inner:
                parts += [f"**{model.__name__}.** {described(model)}", table(model)]
    return parts


def settings_of(function: Any) -> type[BaseModel] | None:
    """The settings object that a reader or a validation takes."""
    hint = typing.get_type_hints(function).get("settings")
    return hint if isinstance(hint, type) and issubclass(hint, BaseModel) else None


def nested(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A settings object and those within it, each once."""
    found = [model]
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            if inner.__name__ != "Named":
                found += [m for m in nested(inner) if m not in found]
    return found


def described(model: type[BaseModel]) -> str:
    """What the settings object says of itself, up to the settings, each of which has a row of the table."""
    text = inspect.cleandoc(model.__doc__ or "")
    keys = "|".join(map(re.escape, model.model_fields))
    first = re.search(rf"(?m)(?:^|(?<=[.;] ))(?:{keys})(?:, (?:{keys}))*: ", text)
    return text[: first.start()].strip() if first else text


def table(model: type[BaseModel]) -> str:
    """One row a setting: its name, what it takes, its default and its meaning where the code says it."""
    said = {**meanings(model), **(MEANINGS if model is Study else {})}
    rows = [
        f"| `{field.alias or name}` | {cell(takes(field))} | {cell(default(field))} | {cell(said.get(name))} |"
        for name, field in model.model_fields.items()
    ]
    return "\n".join(["| Setting | Takes | Default | Meaning |", "|---|---|---|---|", *rows])


def takes(field: Any) -> str:
    """The type of a setting in words."""
    return f"{words(field.annotation)}{''.join(bounds(field.metadata))}"


def words(annotation: Any) -> str:
    """A type as a researcher would say it."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is type(None):
        return "null"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return NAMED if annotation is Named else "settings, see their table"
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin is typing.Annotated:
        return words(inner[0])
    if origin in (tuple, list):
        return f"list of {words(inner[0])}" if inner else "list"
    if origin is dict:
        return f"names, each with {words(inner[1])}"
    if inner:
        return " or ".join(words(each) for each in inner)
    return NAMES.get(annotation, getattr(annotation, "__name__", str(annotation)))


def bounds(metadata: list[Any]) -> list[str]:
    """The limits of a number."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    return [f", {signs[k]} {getattr(m, k)}" for m in metadata for k in signs if getattr(m, k, None) is not None]


def default(field: Any) -> str:
    """The default of a setting; settings objects of their own have a table."""
    if field.default_factory is not None:
        return "what comes along"
    value = field.default
    if field.is_required() or value is PydanticUndefined:
        return "needed"
    if isinstance(value, BaseModel) and not isinstance(value, Named):
        return "see its table"
    written = flow(plain(value))
    return f"`{written}`" if written else "empty"
