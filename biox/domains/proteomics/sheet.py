"""Who the samples are: patient, type and batch of each, from a sample sheet or from columns of the table itself."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, Field, model_validator

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import NOT_MEASURED, few, header, read_columns, refuse_doubles

ALL = "all"
# What a column is called here, and the names under which it is found where the settings say nothing.
USUAL = {"sample": ("sample",), "subject": ("patient", "subject"), "label": ("type", "label"), "batch": ("batch",)}
GROUP = "group"
ABOUT = (*(name for names in USUAL.values() for name in names), GROUP)
TEXT = ("sample", "subject", "label", "batch", GROUP)


class Sheet(Strict):
    """Where patient, type and batch of every sample stand.

    file: a CSV, TSV or Parquet table, one row a sample; left out, the columns of the table of levels itself. sample,
    patient, type, batch: the names of its columns; left out, the columns of these names, if any (the sample else in the
    first one). others: further columns of a table of levels that describe the sample; of a sheet all are carried along.
    where: only samples whose column holds one of the values. unmatched: whether samples that only the sheet or only
    the table has stop the run, or are left out with a note. runs: types by runs of consecutive samples, for tables
    whose order is all that tells them apart (``{block 0: 1000, block 1: 1000}``).
    """

    file: Path | None = None
    sample: str | None = None
    patient: str | None = None
    type: str | None = None
    batch: str | None = None
    others: tuple[str, ...] = ()
    where: dict[str, tuple[str, ...]] = Field(default={})
    unmatched: Literal["refuse", "leave out"] = "refuse"
    runs: dict[str, int] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "Sheet":
        if self.file is not None and (self.others or self.runs):
            raise ValueError("'others' and 'runs' are for tables without a sheet; a sheet has columns for both")
        if self.file is None and self.sample:
            raise ValueError("'sample' names a column of a sheet, but no sheet is given under 'file'")
        if self.type and self.runs:
            raise ValueError("either 'type' names a column or 'runs' gives the types, not both")
        return self


def _file(value: Any) -> Any:
    return {"file": value} if isinstance(value, str | Path) else value


SheetOrFile = Annotated[Sheet, BeforeValidator(_file)]


def beside_levels(sheet: Sheet, names: Sequence[str]) -> list[str]:
    """Which columns of a table of levels describe the samples, where there is no sheet.

    Those that the settings name, and those with a usual name (patient, type ..., group).
    """
    named = [name for name in (sheet.patient, sheet.type, sheet.batch, *sheet.others, *sheet.where) if name]
    if sheet.file is not None:
        return []
    return list(dict.fromkeys([*named, *(name for name in ABOUT if name in names)]))


def refuse_about_samples(proteins: Sequence[str], source: str) -> None:
    """Columns with the usual names of what is said of a sample would be taken for proteins: an InputError."""
    wrong = [name for name in proteins if name in ABOUT]
    if wrong:
        raise InputError(
            f"{source}: the column {few(wrong)} is about the sample and would be taken for a protein, since the sample "
            "sheet is another file. Say `leave_out: [NAME]`."
        )


def described(levels: Levels, sheet: Sheet) -> Levels:
    """The levels with a full sample table: ``sample``, ``subject``, ``label``, ``batch`` if known, and all else.

    Raises InputError for samples that the sheet or the table lacks, unknown columns and values, and empty cells.
    """
    if sheet.file is not None:
        levels = _matched(levels, sheet, sheet.file)
    elif sheet.runs is not None:
        levels = _in_runs(levels, sheet.runs)
    source = str(sheet.file or levels.source)
    levels = _chosen(levels, sheet, source)
    table, notes = _named(levels.samples, sheet, source)
    return replace(levels, samples=table).noted(*notes)


def _matched(levels: Levels, sheet: Sheet, file: Path) -> Levels:
    """The levels with the rows of the sheet instead of what their own file says."""
    names = header(file)[0]
    rows = read_columns(file, names, names)
    key = sheet.sample or next((name for name in USUAL["sample"] if name in names), names[0])
    if key not in names:
        raise InputError(f"{file}: there is no column {key!r}, named under `sheet: sample`; it has {few(names)}.")
    if key != "sample" and "sample" in names:
        raise InputError(f"{file}: samples are named by {key!r}, so no other column may be called 'sample'; rename it.")
    refuse_doubles(list(rows[key]), f"{file}: the sample", "Each sample has one row.")
    mine, theirs = pd.Index(levels.samples["sample"]), pd.Index(rows[key])
    # A sheet may list more than the table has, as long as the study asks for none of it.
    asked = np.all([rows[name].isin(values) for name, values in sheet.where.items() if name in names] or True, axis=0)
    only_here, only_there = mine[~mine.isin(theirs)], theirs[asked & ~theirs.isin(mine)]
    both = np.flatnonzero(mine.isin(theirs))
    if (len(only_here) or len(only_there)) and (sheet.unmatched == "refuse" or not len(both)):
        raise InputError(
            f"{file} and {levels.source} do not match: only the sheet has {few(only_there)}, only the table has "
            f"{few(only_here)}. Mend the names, or say `sheet: {{unmatched: leave out}}`."
        )
    found = rows.set_index(key).loc[mine[both]].reset_index().rename(columns={key: "sample"})
    joined = replace(levels.of_samples(both), samples=found)
    if not len(only_here) and not len(only_there):
        return joined
    return joined.noted(f"Left out: only in the sheet {few(only_there)}; only in the table {few(only_here)}.")


def _in_runs(levels: Levels, runs: dict[str, int]) -> Levels:
    if sum(runs.values()) != len(levels.samples):
        raise InputError(
            f"{levels.source} has {len(levels.samples)} samples, but `runs` adds up to {sum(runs.values())}."
        )
    types = np.repeat(list(runs), list(runs.values()))
    return replace(levels, samples=levels.samples.assign(type=types))


def _chosen(levels: Levels, sheet: Sheet, source: str) -> Levels:
    """Only the samples that ``where`` asks for."""
    for name, wanted in sheet.where.items():
        if name not in levels.samples:
            raise InputError(f"{source}: there is no column {name!r}; there are {few(levels.samples.columns)}.")
        column = levels.samples[name].astype(str)
        unknown = [value for value in wanted if value not in set(column)]
        if unknown:
            raise InputError(
                f"{source}: no sample has {few(unknown)} in column {name!r}; it has {few(column.unique())}."
            )
        kept = column.isin(wanted).to_numpy()
        note = f"{int((~kept).sum())} samples were left out: their {name} is not {' or '.join(wanted)}."
        levels = levels.of_samples(kept).noted(note)
    return levels


def _named(rows: pd.DataFrame, sheet: Sheet, source: str) -> tuple[pd.DataFrame, list[str]]:
    """The sample table under the names that all steps use, and what had to be assumed."""
    absent = [name for name in sheet.others if name not in rows]
    if absent:
        raise InputError(f"{source}: there is no column {few(absent)}; there are {few(rows.columns)}.")
    asked = {"subject": sheet.patient, "label": "type" if sheet.runs else sheet.type, "batch": sheet.batch}
    found = {"sample": "sample"}
    for ours, theirs in asked.items():
        usual = next((name for name in USUAL[ours] if name in rows), None)
        name = theirs or usual
        if name is not None and name not in rows:
            raise InputError(f"{source}: there is no column {name!r} for the {ours}; there are {few(rows.columns)}.")
        if name is not None:
            found[ours] = name
    taken = [n for n in rows if n in USUAL and n not in found.values()]
    if taken:
        raise InputError(f"{source}: the column {few(taken)} has a name that biox uses itself; call it otherwise.")
    table = pd.DataFrame({ours: _filled(rows, theirs, source) for ours, theirs in found.items()})
    notes = []
    if "subject" not in table:
        table.insert(1, "subject", table["sample"])
        notes.append("Patients are not known: a subject is a sample.")
    if "label" not in table:
        table.insert(2, "label", ALL)
    others = {str(name): _read(rows[name]) for name in rows if name not in found.values()}
    return table.assign(**others).astype({name: str for name in TEXT if name in (*table, *others)}), notes


def _filled(rows: pd.DataFrame, name: str, source: str) -> pd.Series:
    column = rows[name].astype(str)
    empty = np.flatnonzero(column.isin(NOT_MEASURED))
    if len(empty):
        sample = rows["sample"].iloc[empty[0]]
        raise InputError(
            f"{source}: sample {sample!r} has no value in column {name!r}; expected text ({len(empty)} such)."
        )
    return column


def _read(column: pd.Series) -> pd.Series:
    """A further column as numbers where all its full cells are numbers; codes such as ``01`` stay text."""
    full = column[~column.isin(NOT_MEASURED)].astype(str)
    numbers = pd.to_numeric(column, errors="coerce")
    if full.empty or numbers[full.index].isna().any() or full.str.match(r"^0\d").any() or column.name == GROUP:
        return column.astype(str)
    return numbers
