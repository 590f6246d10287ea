"""New, unlabelled cases: a file, or one that the study file names, and how it is read."""

from pathlib import Path

from biox.core.choices import Named
from biox.core.errors import InputError, listed
from biox.core.find import bind, find
from biox.core.raw_files import paths_in
from biox.core.study import Study
from biox.core.types import Cohort


def asked_for(study: Study, case: str | None, file: Path | None) -> Named | Path:
    """The file, or the reader of a case that the study names. Both, neither, or an unknown name is an InputError."""
    if case is None and file is not None:
        return file
    if case is None or file is not None:
        raise InputError("predict needs either a file or --case with a name from the study's predict section.")
    if case not in study.predict:
        raise InputError(f"{study.name} has no case {case!r}; its predict section has {listed(study.predict)}.")
    return study.predict[case]


def read_case(study: Study, source: Named) -> tuple[Cohort, list[Path]]:
    """What a reader of the study's domain reads, and the files that it reads from; an absent one is an InputError."""
    read = find(f"biox.domains.{study.domain}", source.name)
    bound = bind(read, source.options, f"{study.name}, predict")
    files = paths_in(list(bound.values()))
    for path in files:
        if not path.exists():
            raise InputError(f"There is no file or folder {path}.")
    return read(**bound), files
