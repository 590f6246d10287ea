"""The table that says of which patient and site a slide or tile is, read as text so that `007` stays `007`."""

from pathlib import Path

import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.reading import reading, refuse_shifted

SEPARATORS = (",", ";", "\t")


def read_sheet(file: Path, needed: tuple[str, ...], unique: str) -> pd.DataFrame:
    """A CSV table (comma, semicolon or tab, UTF-8) with a header; every cell is text, empty ones are "".

    The columns ``needed`` must be there and full, and no value of the column ``unique`` may stand there twice.
    """
    with reading(file, f"a CSV table in UTF-8 with the columns {listed(needed)}"):
        header = file.read_text(encoding="utf-8-sig").split("\n")[0]
        separator = max(SEPARATORS, key=header.count)
        table = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        refuse_shifted(table, file)
    missing = [name for name in needed if name not in table]
    if missing:
        raise InputError(f"{file}: missing column {listed(missing)}; it has {listed(table.columns)}.")
    if table.empty:
        raise InputError(f"{file} has a header but no rows.")
    for name in needed:
        empty = table.index[table[name].str.strip() == ""]
        if len(empty):
            raise InputError(f"{file}, row {empty[0] + 2}: column {name!r} is empty; expected text.")
    twice = table.index[table[unique].duplicated()]
    if len(twice):
        raise InputError(f"{file}, row {twice[0] + 2}: {table[unique][twice[0]]!r} stands in column {unique!r} twice.")
    return table


def numbers(table: pd.DataFrame, name: str, file: Path) -> pd.Series:
    """A column as numbers, NaN where it is empty; text that is no positive number is an InputError with its row."""
    text = table[name].str.strip()
    found = pd.to_numeric(text.where(text != ""), errors="coerce")
    bad = table.index[(text != "") & ~(found > 0)]
    if len(bad):
        raise InputError(
            f"{file}, row {bad[0] + 2}: column {name!r} holds {text[bad[0]]!r}, expected a number above 0."
        )
    return found


def as_numbers(column: pd.Series) -> pd.Series:
    """A covariate as numbers where all its cells are numbers, else as it is."""
    found = pd.to_numeric(column, errors="coerce")
    return column if found.isna().any() else found
