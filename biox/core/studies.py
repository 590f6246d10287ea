"""Study files, read and checked before anything runs.

Sections that name a function (the data source, a model, a composite, the validation) are checked against the options of
that function, so a misspelt key is refused with the known ones listed. A single step checks only what it uses.
"""

import os
import re
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ValidationError

from biox.core.choices import Named
from biox.core.errors import InputError, listed
from biox.core.find import checked, find, sentences
from biox.core.raw_files import SOURCES, case_files, input_files, learning_files
from biox.core.sections import bound_variant, section
from biox.core.spelling import hint, quoted
from biox.core.study import AGAINST, Method, Study, Variant
from biox.core.study_files import study_file
from biox.core.trust_settings import MIXTURES
from biox.core.yaml_files import line_of, load_plain

METHODS = "biox.explain.methods"
# The part of a study that each step depends on.
PARTS = {
    "simulate": ("domain", "simulate"),
    "ingest": ("domain", "data", "classes", "label_level", "seed", "folds"),
    "external": ("domain", "external", "classes", "label_level"),
    "train": ("folds", *Variant.model_fields, "variants", "seed", "compute"),
    "influence": ("methods", "compute"),
    "baselines": ("folds", "learn", "prepare", "seed", "compute"),
    "graphs": ("methods", "seed", "compute"),
    "attribute": ("methods", "compute"),
    "trust": ("methods", "trust", "compute", "seed"),
    "heatmaps": ("data", "methods"),
    "validate": ("validate_", "seed", "trust", "compute"),
    "viewer": ("report",),
    "report": ("title", "question", "methods", "trust", "report"),
    "predict": ("predict", "methods", "compute", "report"),
}
# The part of the section ``graph`` that each step of a graph study depends on.
GRAPH_PARTS = {
    "train": ("nulls", "seeds"),
    "influence": ("masks", "error", "shown", "nulls", "seeds", "shards", "products", "precision", "top"),
    "baselines": ("baselines", "forest"),
    "graphs": ("nulls", "seeds", "type_size", "alpha"),
    "trust": ("shown",),
    "predict": ("masks", "error", "shown", "products", "top"),
}


def read_study(file: Path) -> Study:
    """The study in a YAML file; an InputError names the file and the key. See also ``check_study``."""
    own = study_file(file)
    given = load_yaml(own)
    try:
        study = Study.model_validate(given)
    except ValidationError as error:
        place = partial(_place, file, own.read_text(encoding="utf-8"))
        raise InputError(sentences(error, Study, given, place)) from None
    if study.name != file.stem:
        raise InputError(f"{file}: 'name' is {study.name!r}, but the file is called {file.name}; let them agree.")
    return study


def load_yaml(file: Path) -> dict[str, Any]:
    """A YAML file as a mapping, with environment variables like ``${HOME}`` filled in."""
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{file} is no text in UTF-8; save it so in your editor.") from None
    data = load_plain(_filled(text, file), file)
    if not isinstance(data, dict):
        raise InputError(f"{file} holds no settings; expected 'key: value' lines.")
    return data


def _place(file: Path, text: str, path: tuple[Any, ...]) -> str:
    line = line_of(text, path)
    return f"{file}, line {line}" if line is not None else str(file)


def _filled(text: str, file: Path) -> str:
    """Environment variables filled in outside comments; one that is not set is an InputError."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise InputError(f"{file} uses ${{{name}}}, but that environment variable is not set.")
        return os.environ[name]

    return "\n".join(
        line if line.lstrip().startswith("#") else re.sub(r"\$\{(\w+)\}", value, line) for line in text.split("\n")
    )


def check_study(study: Study) -> None:
    """Check every section against the function it names, and look for every file; loads everything, takes seconds."""
    for name in study.all_variants():
        bound_variant(study, name)
    for name, method in study.methods.items():
        _check_method(method.method, f"{study.name}, method {name!r}")
        _check_composite(method.composite, f"{study.name}, method {name!r}")
    for name, choice in study.trust.methods.items():
        _check_method(choice, f"{study.name}, trust, method {name!r}")
        if choice.name == "lrp" and "composite" in choice.options:
            _check_composite(Method(composite=choice.options["composite"]).composite, f"{study.name}, trust, {name!r}")
        if name in study.methods:
            raise InputError(f"{study.name}, trust: {name!r} is a method of the study, too; give it another name.")
    _check_names(study)
    for name in (*SOURCES, "validate"):
        input_files(study, name)
    if study.simulate is not None:
        section(study, "simulate")
    learning_files(study)
    case_files(study)


def opposite(study: Study, method: str) -> str | None:
    """The method of the study that explains another class by the same rules: their difference is a map of its own."""
    own = study.methods[method]
    if not _of_one_class(own):
        return None
    others = [name for name, m in study.methods.items() if _of_one_class(m) and m.target != own.target]
    return next((name for name in others if _alike(study.methods[name], own)), None)


def _alike(a: Method, b: Method) -> bool:
    return (a.method, a.composite) == (b.method, b.composite)


def _of_one_class(method: Method) -> bool:
    return method.target not in ("label", "dominant") and AGAINST not in method.target


def _check_names(study: Study) -> None:
    """The names of tested explanations stand in tables beside those of their mixtures, and before a bar."""
    for name in (next(iter(study.methods)), *study.trust.methods):
        if name in MIXTURES or "|" in name:
            raise InputError(
                f"{study.name}: no explanation that is tested may be called {name!r}; give it a name without '|' that "
                f"is none of {listed(MIXTURES)}, which are mixtures of all methods."
            )


def _check_method(choice: Named, where: str) -> None:
    function = find(METHODS, choice.name)
    settings = get_type_hints(function).get("settings")
    if settings is None:
        raise InputError(f"{where}: {choice.name!r} is no explanation method: it takes no 'settings'.")
    checked(settings, choice.options, where)


def _check_composite(choice: Named, where: str) -> None:
    try:
        made = find("biox.lrp", "biox.lrp:composite")(choice.name, **choice.options)
    except ValueError as error:
        known = quoted(str(error).rpartition(";")[2])
        near = next((said for word in (*choice.options, choice.name) if (said := hint(word, known))), "")
        raise InputError(f"{where}: {error}{near}") from None
    if not made.divides_score:
        raise InputError(
            f"{where}: {choice.name!r} does not divide the score among the inputs, so what a study tests about "
            "relevance would mean nothing. In Python, lrp.relevance computes it."
        )


def settings_for(study: Study, step: str) -> dict[str, Any]:
    """The part of a study that a step depends on, as plain data: a change elsewhere need not repeat the step."""
    settings = study.model_dump(mode="json", include=set(PARTS[step]))
    if "compute" in settings and step != "attribute":
        del settings["compute"]["shards"]
    if study.graph is None or step not in GRAPH_PARTS:
        return settings
    return {**settings, "graph": study.graph.model_dump(mode="json", include=set(GRAPH_PARTS[step]))}
