"""Opening tables so that a broken one ends in a sentence: text with comma, semicolon or tab, or Parquet."""

import csv
import gzip
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from biox.core.errors import InputError, listed
from biox.core.parquet import plain_table
from biox.core.reading import reading

# How the common tools write a cell that was not measured.
NOT_MEASURED = ("", "NA", "NaN", "nan", "N/A", "n/a", "#N/A", "null", "NULL", "None", "Filtered")
WITHOUT_HEADER = (".parquet", ".h5ad")
NAMED = 5


def few(names: Iterable[object]) -> str:
    """The first names, and how many there are in all where that is more: ``'a', 'b' ... (12 in all)``."""
    names = list(names)
    return listed(names[:NAMED]) + (f" ... ({len(names)} in all)" if len(names) > NAMED else "")


def header(file: Path) -> tuple[list[str], str]:
    """The column names of a table, and what separates them ("" for Parquet).

    A tab anywhere in the first line separates; otherwise the more frequent one of semicolon and comma. The index that
    pandas keeps in Parquet files comes first. Raises InputError for a single column and for names that stand twice.
    """
    if file.suffix == ".parquet":
        with reading(file, "a Parquet table"):
            schema = pq.read_schema(file)
            index = [name for name in (schema.pandas_metadata or {}).get("index_columns", []) if isinstance(name, str)]
            names, separator = [*index, *(name for name in schema.names if name not in index)], ""
    else:
        with reading(file, "a table of text with a header row"), _text(file) as stream:
            line = stream.readline().rstrip("\r\n")
            bare = re.sub(r'"[^"]*"', "", line)
            separator = "\t" if "\t" in bare else max(";,", key=bare.count)
            names = [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]
    if len(names) < 2:
        raise InputError(
            f"{file}: its first line is one single column, {few(names)}; expected column names separated by comma, "
            "semicolon or tab."
        )
    refuse_doubles(names, f"{file}: the column", "A column may be there once.")
    return names, separator


def refuse_doubles(names: Sequence[str], what: str, way_out: str) -> None:
    """Names that stand more than once are an InputError that begins with ``what``."""
    twice = pd.Series(names, dtype=object)
    twice = list(dict.fromkeys(twice[twice.duplicated()]))
    if twice:
        raise InputError(f"{what} {few(twice)} stands there more than once. {way_out}")


def read_columns(file: Path, names: Sequence[str], text: Iterable[str]) -> pd.DataFrame:
    """The named columns of a table, in that order; those in ``text`` are read as they are written, "" where empty.

    Of the other columns, cells that say "not measured" (NOT_MEASURED) are NaN; whether all else are numbers is for
    ``biox.domains.proteomics.cells`` to say. Raises InputError for unknown columns and for a table without rows.
    """
    there, separator = header(file)
    unknown = [name for name in names if name not in there]
    if unknown:
        raise InputError(f"{file}: there is no column {few(unknown)}; it has {few(there)}.")
    text = set(text).intersection(names)
    with reading(file, "a table with a header row"):
        if not separator:
            table = plain_table(file, names)
        else:
            table = pd.read_csv(
                file,
                sep=separator,
                header=0,
                names=there,
                usecols=list(names),
                dtype=dict.fromkeys(text, str),
                na_values={name: list(NOT_MEASURED) for name in names if name not in text},
                keep_default_na=False,
                index_col=False,
                low_memory=False,
                encoding="utf-8-sig",
            )
    if table.empty:
        raise InputError(f"{file} has columns {few(there)} but no rows.")
    table = table[list(names)]
    written = {name: table[name].map(str, na_action="ignore").fillna("").map(str.strip) for name in text}
    return table.assign(**written)


def row_name(file: Path, row: int) -> str:
    """How a reader calls the row of that index: ``levels.csv, row 12``, counted with the header."""
    return f"{file}, row {row + (1 if file.suffix in WITHOUT_HEADER else 2)}"


def refuse_ragged(file: Path) -> None:
    """Rows of a text table with more or fewer cells than the header are an InputError: a table that was cut off."""
    names, separator = header(file)
    if not separator:
        return
    with reading(file, "a table of text"), _text(file) as stream:
        for number, line in enumerate(stream, start=1):
            cells = line.count(separator) + 1
            # Quoted cells may hold the separator: those lines are left to the parser.
            if cells == len(names) or '"' in line or not line.strip():
                continue
            hint = " R leaves out the name of the first column: write with `col.names = NA`." if number == 2 else ""
            raise InputError(f"{file}, row {number} has {cells} cells, but the header has {len(names)}.{hint}")


def _text(file: Path) -> IO[str]:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig")
    return file.open(encoding="utf-8-sig")


def shown(cell: object) -> str:
    """A cell as it is quoted in a message: text in quotes, numbers plain."""
    return repr(cell.item() if isinstance(cell, np.generic) else cell)
