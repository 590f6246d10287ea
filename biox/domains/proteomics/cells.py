"""From the cells of a table to numbers: what is no number is named by its row and column."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from biox.core.errors import InputError
from biox.domains.proteomics.opening import row_name, shown


def as_numbers(table: pd.DataFrame, file: Path, rows: Sequence[str] = ()) -> Float[np.ndarray, "row column"]:
    """The cells as floating-point numbers, NaN where not measured.

    rows: the name of every row, said beside its number. Raises InputError for the first column that holds text, a
    truth value or an infinite number, with the row and the value found there.
    """
    if all(is_numeric_dtype(kind) and not is_bool_dtype(kind) for kind in table.dtypes):
        values = table.to_numpy(dtype=float)
    else:
        values = np.stack([_column(table.iloc[:, place]) for place in range(table.shape[1])], axis=1)
    bad = np.isnan(values) & table.notna().to_numpy() | np.isinf(values)
    if bad.any():
        column, row = np.argwhere(bad.T)[0]
        found = table.iloc[row, column]
        point = " with a decimal point" if "," in str(found) else ""
        name = f" ({rows[row]})" if len(rows) else ""
        raise InputError(
            f"{row_name(file, int(row))}{name}, column {table.columns[column]!r} holds {shown(found)}; expected a "
            f"number{point}, or an empty cell or NA where nothing was measured ({int(bad.sum())} such cells). "
            "A column that holds no levels has to be left out."
        )
    return values


def _column(column: pd.Series) -> np.ndarray:
    """One column as numbers; NaN where that is not possible, truth values among them."""
    if is_bool_dtype(column):
        return np.full(len(column), np.nan)
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
