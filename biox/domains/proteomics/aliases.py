"""Columns that are one protein under several names, brought together by a mapping file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few, header, read_columns, refuse_doubles

BETWEEN = "|"


class Aliases(Strict):
    """A mapping file, one row a protein. name, columns: its columns with the name to use and with the ``|``-separated
    columns of the table that are this protein; left out, the first and the second column.
    """

    file: Path
    name: str | None = None
    columns: str | None = None


def _file(value: object) -> object:
    return {"file": value} if isinstance(value, str | Path) else value


AliasesOrFile = Annotated[Aliases, BeforeValidator(_file)]


def coalesced(levels: Levels, aliases: Aliases) -> Levels:
    """The proteins of the mapping file, each with the first of its columns that was measured in a sample.

    Columns that the file does not name are left out, as are proteins for which it names no column; notes say how many,
    and in how many samples more than one alias was measured. Raises InputError for columns that the table lacks.
    """
    there = header(aliases.file)[0]
    columns = [aliases.name or there[0], aliases.columns or there[1]]
    rows = read_columns(aliases.file, columns, columns)
    names, listed_columns = rows[columns[0]], rows[columns[1]]
    refuse_doubles(list(names), f"{aliases.file}: the protein", "Each has one row.")
    wanted = {name: cell.split(BETWEEN) for name, cell in zip(names, listed_columns, strict=True) if cell}
    place = {name: number for number, name in enumerate(levels.proteins)}
    absent = [column for found in wanted.values() for column in found if column not in place]
    if absent:
        raise InputError(f"{aliases.file} names the column {few(absent)}, which {levels.source} lacks.")
    values = np.full((len(levels.values), len(wanted)), np.nan)
    more = 0
    for number, found in enumerate(wanted.values()):
        own = levels.values[:, [place[column] for column in found]]
        there_own = ~np.isnan(own)
        more += int((there_own.sum(axis=1) > 1).sum())
        values[:, number] = np.take_along_axis(own, there_own.argmax(axis=1)[:, None], axis=1)[:, 0]
    return replace(levels, values=values, proteins=tuple(wanted)).noted(*_notes(levels, list(names), wanted, more))


def _notes(levels: Levels, names: list[str], wanted: dict[str, list[str]], more: int) -> list[str]:
    used = {column for found in wanted.values() for column in found}
    several = [name for name, found in wanted.items() if len(found) > 1]
    unused = [name for name in levels.proteins if name not in used]
    without = [name for name in names if name not in wanted]
    notes = []
    if several:
        conflicts = f"; in {more} cells more than one was measured, and the first was taken" if more else ""
        notes.append(f"Columns of one antibody under several names were brought together: {few(several)}{conflicts}.")
    if unused:
        notes.append(f"Left out, not in the mapping file: {few(unused)}.")
    if without:
        notes.append(f"The mapping file has no column for {few(without)}.")
    return notes
