"""From a name in a study file to the function it means, and from its options to checked keyword arguments.

File name = function name = config name: ``mlp`` among the models is ``biox.models.mlp:mlp``.
Code outside the package is named ``package.module:function``.
"""

import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from biox.core.errors import InputError, listed
from biox.core.spelling import hint, quoted

# Names that a study file may give run code; what is no name is refused before anything is looked for.
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?", re.ASCII)
SHOWN = 200  # letters of a wrong value
Model = TypeVar("Model", bound=BaseModel)


def known(package: str) -> list[str]:
    """The names that can be found in a package: those of its files that define a function of the same name."""
    folders = [Path(folder) for folder in importlib.import_module(package).__path__]
    files = [file for folder in folders for file in folder.glob("[!_]*.py")]
    # What a study file names in a domain is a reader; it takes its settings and nothing else.
    opening = "settings:" if package.startswith("biox.domains.") else ""
    return sorted(file.stem for file in files if f"\ndef {file.stem}({opening}" in file.read_text(encoding="utf-8"))


def find(package: str, name: str) -> Callable[..., Any]:
    """The function called ``name``: ``package.name:name``, or ``other.module:function`` if the name holds a colon."""
    if DOTTED.fullmatch(name) is None:
        raise InputError(
            f"{name[:80]!r} is no name of a function; expected one of {package}, or 'package.module:function'."
            f"{hint(name, known(package)) if _exists(package) else ''}"
        )
    module_name, _, attribute = name.partition(":") if ":" in name else (f"{package}.{name}", ":", name)
    if not _exists(package):
        domains = [m.name for m in pkgutil.iter_modules(importlib.import_module("biox.domains").__path__)]
        near = hint(package.rpartition(".")[2], domains)
        raise InputError(f"There is no package {package}; the domains are {listed(domains)}.{near}")
    if importlib.util.find_spec(module_name.split(".")[0]) is None or not _exists(module_name):
        raise InputError(
            f"There is no {name!r} in {package}; it has {listed(known(package))}, "
            f"and 'package.module:function' is possible.{hint(name, known(package))}"
        )
    found = getattr(importlib.import_module(module_name), attribute, None)
    if not callable(found):
        raise InputError(f"The module {module_name} has no function {attribute!r}.")
    return found


def opener_of(name: str) -> Callable[..., Any]:
    """The function that opens stored values, by the name that a result gives.

    Results are data, which may come from others: only functions of biox that open something can be named there.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name.startswith("biox.domains.") or not attribute.startswith("open_"):
        raise InputError(
            f"A stored result asks for {name[:80]!r} to open it; only functions of biox may. Run ingest again."
        )
    return find("biox.domains", name)


def bind(function: Callable[..., Any], options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The options of a config section as checked keyword arguments of ``function``.

    A parameter ``settings`` annotated with a pydantic model takes them all; otherwise each keyword-only parameter is an
    option. Unknown options and wrong types are an InputError that starts with ``where``.
    """
    hints = get_type_hints(function)
    if isinstance(hints.get("settings"), type) and issubclass(hints["settings"], BaseModel):
        return {"settings": checked(hints["settings"], options, where)}
    fields: Any = {
        name: (hints.get(name, Any), ... if p.default is p.empty else p.default)
        for name, p in inspect.signature(function).parameters.items()
        if p.kind is p.KEYWORD_ONLY
    }
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    model = checked(create_model("Options", __config__=config, **fields), options, where)
    return {name: getattr(model, name) for name in options}


def checked(model: type[Model], options: Mapping[str, Any], where: str) -> Model:
    """The options as a settings object; an InputError lists every key that is wrong, and the known ones."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        raise InputError(sentences(error, model, options, lambda _: where)) from None


def sentences(
    error: ValidationError, model: type[BaseModel], given: Any, where: Callable[[tuple[Any, ...]], str]
) -> str:
    """What is wrong with the given settings, a line for each finding; where: the place of a key, as lines begin."""
    return "\n".join(f"{where(one['loc'])}: {_sentence(one, model, given)}" for one in error.errors())


def _sentence(error: Any, model: type[BaseModel], given: Any) -> str:
    place, said = ".".join(str(part) for part in error["loc"]), error["msg"].removeprefix("Value error, ")
    if not place:
        return f"{said}."
    if error["type"] == "extra_forbidden":
        names = _names_at(model, error["loc"][:-1])
        free = [name for name in names if name not in _beside(given, error["loc"])]
        return f"unknown key {place!r}; known here are {listed(names)}.{hint(error['loc'][-1], free)}"
    if error["type"] == "missing":
        return f"{place!r} is missing."
    wrong = repr(error["input"])
    near = hint(error["input"], quoted(said)) if error["type"] == "literal_error" else ""
    return f"{place!r} is {wrong if len(wrong) <= SHOWN else wrong[:SHOWN] + ' ...'}: {said}.{near}"


def _beside(given: Any, path: tuple[Any, ...]) -> Any:
    """The keys that stand where a path ends: one that is there already is not what a slip was meant to be."""
    for part in path[:-1]:
        try:
            given = given[part]
        except (KeyError, IndexError, TypeError):
            return ()
    return given if isinstance(given, Mapping) else ()


def _names_at(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    """The field names of the settings object that stands at ``path``."""
    current: Any = model
    for part in path:
        annotation = current.model_fields[part].annotation if part in getattr(current, "model_fields", {}) else current
        inner = [a for a in (annotation, *_arguments(annotation)) if isinstance(a, type) and issubclass(a, BaseModel)]
        current = inner[0] if inner else annotation
    return sorted(field.alias or name for name, field in getattr(current, "model_fields", {}).items())


def _arguments(annotation: Any) -> list[Any]:
    found: list[Any] = []
    for argument in getattr(annotation, "__args__", ()):
        found += [argument, *_arguments(argument)]
    return found


def _exists(module_name: str) -> bool:
    try:
        return importlib.util.find_spec(module_name) is not None
    except ModuleNotFoundError:
        return False
