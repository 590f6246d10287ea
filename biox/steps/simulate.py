"""Simulate: raw files with a known truth, in the layout in which a laboratory keeps its own."""

from pathlib import Path

from biox.core.errors import InputError
from biox.core.find import find
from biox.core.sections import section
from biox.core.study import Study


def simulate(study: Study, folder: Path) -> None:
    """Write the raw files of a study that has a ``simulate`` section into a new folder."""
    if study.simulate is None:
        raise InputError(f"{study.name} simulates nothing; its file has no `simulate` section.")
    find("biox.domains", f"biox.domains.{study.domain}.simulate:write")(**section(study, "simulate"), folder=folder)
