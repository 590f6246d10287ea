"""Study files, read and checked before anything runs.

Sections that name a function (the data source, a model, a composite, the validation) are checked against the options of
that function, so a misspelt key is refused with the known ones listed. A single step checks only what it uses.
"""

import os
import re
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import yaml

from biox.core.errors import InputError
from biox.core.files import files_in, paths_in
from biox.core.find import bind, checked, find
from biox.core.study import AGAINST, Method, Named, Study, Variant

SOURCES = ("data", "external")


def read_study(file: Path) -> Study:
    """The study in a YAML file; an InputError names the file and the key. See also ``check_study``."""
    study = checked(Study, load_yaml(file), str(file))
    if study.name != file.stem:
        raise InputError(f"{file}: 'name' is {study.name!r}, but the file is called {file.name}; let them agree.")
    return study


def load_yaml(file: Path) -> dict[str, Any]:
    """A YAML file as a mapping, with environment variables like ``${HOME}`` filled in."""
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    text = file.read_text(encoding="utf-8")
    try:
        data = yaml.load(_filled(text, file), Loader=_Once)
    except yaml.YAMLError as error:
        raise InputError(f"{file} is not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f"{file} holds no settings; expected 'key: value' lines.")
    return data


class _Once(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error: the first would be lost in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.YAMLError(f"the key {twice!r} stands twice, near line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


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


def section(study: Study, name: str) -> dict[str, Any]:
    """The checked keyword arguments of what a section is given to.

    name: ``data`` or ``external`` (read by a reader), ``validate`` or ``simulate`` (functions of the domain).
    """
    domain = f"biox.domains.{study.domain}"
    called = {
        "data": (study.data.name, study.data.options),
        "validate": ("validate", study.validate_),
        "simulate": (f"{domain}.simulate:write", study.simulate or {}),
    }
    if study.external is not None:
        called["external"] = (study.external.name, study.external.options)
    function, options = called[name]
    return bind(_found(domain, function, f"{study.name}, {name}"), options, f"{study.name}, {name}")


def check_study(study: Study) -> None:
    """Check every section against the function it names, and look for every file; loads everything, takes seconds."""
    for name in study.all_variants():
        model = study.variant(name).model
        assert model is not None
        where = f"{study.name}, model of variant {name!r}"
        bind(_found("biox.models", model.name, where), model.options, where)
        _check_prepare(study, name)
    for name, method in study.methods.items():
        _check_composite(method.composite, f"{study.name}, method {name!r}")
    for name in (*SOURCES, "validate"):
        input_files(study, name)
    if study.simulate is not None:
        section(study, "simulate")
    learning_files(study)
    case_files(study)


def learning_files(study: Study) -> list[Path]:
    """Every file that training reads beside the cohort: weights of models, references of preparations."""
    found: list[Path] = []
    for name in study.all_variants():
        variant = study.variant(name)
        assert variant.model is not None
        assert variant.prepare is not None
        where = f"{study.name}, variant {name!r}"
        model = bind(_found("biox.models", variant.model.name, where), variant.model.options, where)
        prepare = prepared_by(study, variant.prepare)
        bound = {} if prepare is None else bind(prepare, variant.prepare.options, where)
        found += paths_in([*model.values(), *bound.values()])
    absent = [path for path in found if not path.exists()]
    if absent:
        raise InputError(f"{study.name}: there is no file {absent[0]}, which a model or a preparation asks for.")
    return files_in(dict.fromkeys(found))


def bound_case(study: Study, name: str) -> dict[str, Any]:
    """The checked keyword arguments of the reader of one new case."""
    case = study.predict[name]
    return bind(find(f"biox.domains.{study.domain}", case.name), case.options, f"{study.name}, predict {name!r}")


def case_files(study: Study) -> dict[str, list[Path]]:
    """The files of every new case that the study names."""
    return {name: paths_in(list(bound_case(study, name).values())) for name in study.predict}


def _found(package: str, name: str, where: str) -> Callable[..., Any]:
    try:
        return find(package, name)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _simulated(study: Study, path: Path) -> bool:
    """Whether a path lies in the folder into which the study simulates its raw files."""
    return study.simulate is not None and Path("results", study.name, "raw") in (path, *path.parents)


def opposite(study: Study, method: str) -> str | None:
    """The method of the study that explains another class by the same rules: their difference is a map of its own."""
    own = study.methods[method]
    if not _of_one_class(own):
        return None
    others = [name for name, m in study.methods.items() if _of_one_class(m) and m.target != own.target]
    return next((name for name in others if study.methods[name].composite == own.composite), None)


def _of_one_class(method: Method) -> bool:
    return method.target not in ("label", "dominant") and AGAINST not in method.target


def prepared_by(study: Study, choice: Named) -> Callable[..., Any] | None:
    """The domain's function through which raw values go before any model sees them; None for the name ``none``."""
    return None if choice.name == "none" else find(f"biox.domains.{study.domain}", choice.name)


def _check_prepare(study: Study, variant: str) -> None:
    choice = study.variant(variant).prepare
    assert choice is not None
    where = f"{study.name}, prepare of variant {variant!r}"
    try:
        function = prepared_by(study, choice)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if function is not None:
        bind(function, choice.options, where)


def _check_composite(choice: Named, where: str) -> None:
    try:
        made = find("biox.lrp", "biox.lrp:composite")(choice.name, **choice.options)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    if not made.divides_score:
        raise InputError(
            f"{where}: {choice.name!r} does not divide the score among the inputs, so what a study tests about "
            "relevance would mean nothing. In Python, lrp.relevance computes it."
        )


def settings_for(study: Study, step: str) -> dict[str, Any]:
    """The part of a study that a step depends on, as plain data: a change elsewhere need not repeat the step."""
    parts = {
        "simulate": ("domain", "simulate"),
        "ingest": ("domain", "data", "classes", "label_level", "seed", "folds"),
        "external": ("domain", "external", "classes", "label_level"),
        "train": ("folds", *Variant.model_fields, "variants", "seed", "compute"),
        "attribute": ("methods", "compute"),
        "heatmaps": ("data", "methods"),
        "validate": ("validate_", "seed"),
        "report": ("title", "question", "methods"),
        "predict": ("predict",),
    }
    return study.model_dump(mode="json", include=set(parts[step]))


def input_files(study: Study, name: str = "data") -> list[Path]:
    """Every file or folder named in a section of the study; an absent one is an InputError.

    Raw files that the study simulates first need not be there yet.
    """
    if name == "external" and study.external is None:
        return []
    files = [path for value in section(study, name).values() for path in paths_in(value)]
    absent = [path for path in files if not path.exists() and not _simulated(study, path)]
    if absent:
        raise InputError(f"{study.name}, {name}: there is no file or folder {absent[0]}.")
    return files_in(path for path in files if path.exists())
