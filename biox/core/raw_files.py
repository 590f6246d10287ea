"""The files that a study names: raw data, weights, ratings, new cases. The workflow watches them."""

from pathlib import Path

from pydantic import BaseModel

from biox.core.errors import InputError
from biox.core.files import files_in
from biox.core.sections import bound_case, bound_variant, section
from biox.core.study import Study

SOURCES = ("data", "external")


def input_files(study: Study, name: str = "data") -> list[Path]:
    """Every file or folder named in a section of the study; an absent one is an InputError.

    Raw files that the study simulates first need not be there yet.
    """
    if name == "external" and study.external is None:
        return []
    files = [path for value in section(study, name).values() for path in paths_in(value)]
    absent = [path for path in files if not path.exists() and not _simulated(study, path)]
    if absent:
        raise InputError(
            f"{study.name}, {name}: there is no file or folder {absent[0]}{_seen_from(absent[0])}. Put it there, "
            "or name another in the study file."
        )
    return files_in(path for path in files if path.exists())


def watched_files(study: Study, name: str) -> list[Path]:
    """The files of a section but for those that the study simulates.

    These are there after the first run and not before it, so a list with them would change and repeat the step; another
    simulation repeats every step as it is.
    """
    return [path for path in input_files(study, name) if not _simulated(study, path)]


def learning_files(study: Study) -> list[Path]:
    """Every file that training reads beside the cohort: weights of models, references of preparations."""
    bound = [values for name in study.all_variants() for values in bound_variant(study, name)]
    found = [path for values in bound for path in paths_in(list(values.values()))]
    absent = [path for path in found if not path.exists()]
    if absent:
        raise InputError(
            f"{study.name}: there is no file {absent[0]}{_seen_from(absent[0])}, which a model or a preparation asks "
            "for. Put it there, or name another in the study file."
        )
    return files_in(dict.fromkeys(found))


def case_files(study: Study) -> dict[str, list[Path]]:
    """The files of every new case that the study names, but for those that it simulates first."""
    named = {name: paths_in(list(bound_case(study, name).values())) for name in study.predict}
    return {name: [path for path in paths if not _simulated(study, path)] for name, paths in named.items()}


def paths_in(value: object) -> list[Path]:
    """Every path named anywhere in a settings object: the raw files that a step will read.

    Settings that know their files better than by the folders they name have a method ``files_read`` that lists them.
    """
    if isinstance(value, Path):
        return [value]
    if isinstance(value, BaseModel):
        own = getattr(value, "files_read", None)
        if own is not None:
            return own()
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, dict):
        value = list(value.values())
    return [path for item in value for path in paths_in(item)] if isinstance(value, list | tuple) else []


def _seen_from(path: Path) -> str:
    """From where a path that is not absolute was looked for."""
    return "" if path.is_absolute() else f" in {Path.cwd()}"


def _simulated(study: Study, path: Path) -> bool:
    """Whether a path lies in the folder into which the study simulates its raw files."""
    return study.simulate is not None and Path("results", study.name, "raw") in (path, *path.parents)
