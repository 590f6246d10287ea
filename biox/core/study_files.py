"""Which studies there are in a folder, and what to say when the one that was named is not there."""

from pathlib import Path

from biox.core.errors import InputError, listed
from biox.core.spelling import hint

SETTINGS = "config.yaml"


def studies_in(config: Path) -> list[str]:
    """The names of the studies in a folder of study files."""
    return sorted(file.stem for file in config.glob("*.yaml") if file.name != SETTINGS)


def study_file(file: Path) -> Path:
    """The file of a study; one that is not there is an InputError that says which are, and how to begin one."""
    if file.is_file():
        return file
    if not file.parent.is_dir():
        raise InputError(
            f"There is no folder {file.parent} in {Path.cwd()}. Go to the folder that holds your studies, or begin one "
            f"here: biox new {file.stem} --domain gait (or histology, proteomics)."
        )
    there = studies_in(file.parent)
    raise InputError(
        f"There is no study {file.stem!r}: no file {file}.{hint(file.stem, there)} There are {listed(there)}; "
        f"biox new {file.stem} --domain gait (or histology, proteomics) begins a new one."
    )
