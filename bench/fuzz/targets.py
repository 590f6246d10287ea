"""What is tried: a reader of files with small valid files of its format, to be damaged."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """Small valid files and how they are read.

    write: puts them into an empty folder. read: reads the folder and gives what was found in it. damaged: patterns of
    the files that are damaged. exact: whether a damaged file may only be refused or give the same as a whole one (as
    with biox's own results); the value is then compared by ``bench.fuzz.sound.told``.
    """

    write: Callable[[Path], None]
    read: Callable[[Path], object]
    damaged: tuple[str, ...] = ("**/*",)
    exact: bool = False


@dataclass(frozen=True)
class Target:
    """A reader, and one case or more of what it reads."""

    name: str
    cases: tuple[Case, ...]


def targets() -> dict[str, Target]:
    """All readers by name."""
    names = ("gait", "published", "histology", "tiles", "proteomics", "known", "results")
    parts = [importlib.import_module(f"bench.fuzz.seeds_{name}") for name in names]
    return {target.name: target for part in parts for target in part.TARGETS}
