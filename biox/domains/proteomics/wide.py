"""Wide tables: samples in rows and proteins in columns, or the other way round."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from biox.core.errors import InputError
from biox.domains.proteomics.cells import as_numbers
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few, header, read_columns, refuse_ragged

ROW_NUMBER = "row number"
Orientation = Literal["samples in rows", "proteins in rows"]


def samples_in_rows(file: Path, identity: str | None, describing: Sequence[str], left_out: Sequence[str]) -> Levels:
    """A table with one row a sample.

    identity: the column of the samples' names; None for ``sample``, else the first one; "row number" where none is.
    describing: columns about the samples. left_out: columns that are dropped. All others are proteins.
    Raises InputError for unknown columns, cells that are no numbers, and rows that are too short.
    """
    names = _columns(file, (*describing, *left_out))
    key = _identity(file, identity or ("sample" if "sample" in names else None), names)
    described = [name for name in describing if name != key]
    proteins = [name for name in names if name not in {key, *described, *left_out}]
    table = _read(file, [*([key] if key else []), *described, *proteins], [*([key] if key else []), *described])
    samples = list(table[key]) if key else [str(number + 1) for number in range(len(table))]
    rows = pd.DataFrame({"sample": pd.Series(samples, dtype=str), **{n: table[n] for n in describing if n != "sample"}})
    return Levels(as_numbers(table[proteins], file, samples if key else ()), rows, tuple(proteins), "level", str(file))


def proteins_in_rows(file: Path, identity: str | None, left_out: Sequence[str]) -> Levels:
    """A table with one row a protein: the transpose; columns that are neither name nor ``left_out`` are samples."""
    names = _columns(file, left_out)
    key = _identity(file, identity, names)
    if key is None:
        raise InputError(f"{file}: proteins need names; `id_column` has to name a column, not the row number.")
    samples = [name for name in names if name not in {key, *left_out}]
    table = _read(file, [key, *samples], [key])
    proteins = tuple(table[key])
    rows = pd.DataFrame({"sample": pd.Series(samples, dtype=str)})
    return Levels(as_numbers(table[samples], file, proteins).T, rows, proteins, "level", str(file))


def _columns(file: Path, wanted: Sequence[str]) -> list[str]:
    names = header(file)[0]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise InputError(f"{file}: there is no column {few(unknown)}; it has {few(names)}.")
    refuse_ragged(file)
    return names


def _read(file: Path, names: list[str], text: list[str]) -> pd.DataFrame:
    if len(names) == len(text):
        raise InputError(f"{file}: no column of levels is left beside {few(names)}.")
    return read_columns(file, names, text)


def _identity(file: Path, asked: str | None, names: list[str]) -> str | None:
    """The column of names, None for the row number; a first column that looks like levels is not taken unasked."""
    if asked == ROW_NUMBER:
        return None
    if asked is not None:
        if asked not in names:
            raise InputError(f"{file}: there is no column {asked!r}, named under `id_column`; it has {few(names)}.")
        return asked
    first = read_columns(file, names[:1], names[:1])[names[0]]
    numbers = pd.to_numeric(first, errors="coerce").to_numpy(dtype=float)
    if names[0] and np.isfinite(numbers).all() and (numbers % 1 != 0).any():
        raise InputError(
            f"{file}: the first column, {names[0]!r}, holds numbers such as {first.iloc[0]!r}, which are no names. Say "
            f"`id_column: NAME`, or `id_column: {ROW_NUMBER}` where no column names the samples."
        )
    return names[0]
