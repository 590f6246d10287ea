"""Opening a lab's files so that a broken one ends in a sentence and never in a traceback."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.parquet import plain_table
from biox.core.reading import reading, refuse_shifted

HEADER_ROWS = 1
LARGEST_WHOLE = 2**53  # beyond it floating-point numbers skip whole ones
SEPARATORS = (",", ";", "\t")


def read_table(file: Path, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """A CSV (or ``.csv.gz``) or Parquet file with at least one row; columns in ``text`` stay as they are written.

    Whether comma, semicolon or tab separates the columns is seen from the header; numbers need a decimal point.
    """
    if file.suffix == ".parquet":
        with reading(file, "a Parquet table"):
            table = plain_table(file)
        table = table.assign(**{name: table[name].map(str, na_action="ignore") for name in text if name in table})
    else:
        with reading(file, "a CSV table with a header row"):
            kinds = dict.fromkeys(text, str)
            # Numbers as they are written, to the last digit, in every version of pandas.
            table = pd.read_csv(
                file,
                sep=_separator(file),
                dtype=kinds,
                float_precision="round_trip",
                low_memory=False,
                encoding="utf-8-sig",
            )
            refuse_shifted(table, file)
    if table.empty:
        raise InputError(f"{file} has columns {listed(table.columns)} but no rows.")
    return table


def _separator(file: Path) -> str:
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
        header = stream.readline().decode("utf-8-sig")
    return max(SEPARATORS, key=header.count)


def require_columns(table: pd.DataFrame, names: tuple[str, ...], file: Path) -> None:
    """Refuse a table that lacks a column, listing what it has."""
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(f"{file}: missing column {listed(missing)}; it has {listed(table.columns)}.")


def row_name(file: Path, row: int) -> str:
    """How a reader calls a row: ``forces.csv, row 12``, counting the header, as a spreadsheet does."""
    return f"{file}, row {row + 1 if file.suffix == '.parquet' else row + 1 + HEADER_ROWS}"


def shown(cell: object) -> str:
    """A cell as it is quoted in a message: text in quotes, numbers plain."""
    return repr(cell.item() if isinstance(cell, np.generic) else cell)


def as_numbers(column: pd.Series, file: Path, first_row: int = 0) -> np.ndarray:
    """A column as floating-point numbers; an InputError names the first cell that is text or empty."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        found = column.iloc[bad[0]]
        what = "is empty (NaN)" if pd.isna(found) else f"holds {shown(found)}"
        point = " with a decimal point" if "," in str(found) else ""
        more = f" ({len(bad)} such cells)" if len(bad) > 1 else ""
        raise InputError(
            f"{row_name(file, first_row + bad[0])}: column {column.name!r} {what}, expected a number{point}{more}."
        )
    return numbers


def as_whole_numbers(column: pd.Series, file: Path) -> np.ndarray:
    """A column as integers; an InputError names the first cell that is not one."""
    numbers = as_numbers(column, file)
    bad = np.flatnonzero((numbers != np.round(numbers)) | (np.abs(numbers) > LARGEST_WHOLE))
    if len(bad):
        place = row_name(file, int(bad[0]))
        raise InputError(
            f"{place}: column {column.name!r} holds {shown(column.iloc[bad[0]])}, expected a whole number."
        )
    return numbers.astype(int)
