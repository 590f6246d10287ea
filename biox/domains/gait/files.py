"""Opening a lab's files so that a broken one ends in a sentence and never in a traceback."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed

HEADER_ROWS = 1
SEPARATORS = (",", ";", "\t")
# The first bytes of .xlsx (a ZIP archive) and of .xls.
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@contextmanager
def reading(file: Path, kind: str) -> Iterator[None]:
    """Read ``file`` inside this block: if it is missing, empty or broken, an InputError says so and names it."""
    if not file.is_file():
        raise InputError(f"There is no file {file}; expected {kind}.")
    if file.stat().st_size == 0:
        raise InputError(f"{file} is empty; expected {kind}.")
    # NumPy's .npz is a ZIP archive too.
    if file.suffix != ".npz" and _start(file) in WORKBOOKS:
        raise InputError(f"{file} is an Excel workbook; expected {kind}. Save it as CSV (UTF-8).")
    try:
        yield
    except InputError:
        raise
    except UnicodeDecodeError:
        raise InputError(f"{file}: the text is not UTF-8; expected {kind}. Save it as 'CSV UTF-8'.") from None
    # The readers of numpy, scipy, pandas, pyarrow and ezc3d raise a dozen unrelated types on broken bytes.
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise InputError(f"{file} cannot be read; expected {kind}. The reader said: {reason}") from None


def _start(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(4)


def read_table(file: Path, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """A CSV (or ``.csv.gz``) or Parquet file with at least one row; columns in ``text`` stay as they are written.

    Whether comma, semicolon or tab separates the columns is seen from the header; numbers need a decimal point.
    """
    if file.suffix == ".parquet":
        with reading(file, "a Parquet table"):
            table = pd.read_parquet(file)
        table = table.assign(**{name: table[name].map(str, na_action="ignore") for name in text if name in table})
    else:
        with reading(file, "a CSV table with a header row"):
            kinds = dict.fromkeys(text, str)
            table = pd.read_csv(file, sep=_separator(file), dtype=kinds, low_memory=False, encoding="utf-8-sig")
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
    bad = np.flatnonzero(numbers != np.round(numbers))
    if len(bad):
        place = row_name(file, int(bad[0]))
        raise InputError(
            f"{place}: column {column.name!r} holds {shown(column.iloc[bad[0]])}, expected a whole number."
        )
    return numbers.astype(int)
