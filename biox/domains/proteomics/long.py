"""Long tables, one row a sample and protein, become wide levels; what stands there twice is named by its rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import row_name, shown


def pivoted(rows: pd.DataFrame, file: Path, unit: str) -> Levels:
    """The levels of a long table with the columns ``sample``, ``protein`` and ``level`` (numbers, NaN not measured).

    rows: indexed by the rows of the file. Samples and proteins stay in the order of their first row; what has no row is
    not measured. Raises InputError where a sample has two rows of one protein.
    """
    sample, samples = pd.factorize(rows["sample"])
    protein, proteins = pd.factorize(rows["protein"])
    refuse_twice(rows, sample * len(proteins) + protein, file)
    values = np.full((len(samples), len(proteins)), np.nan)
    values[sample, protein] = rows["level"].to_numpy(dtype=float)
    named = pd.DataFrame({"sample": pd.Series(samples, dtype=str)})
    return Levels(values, named, tuple(str(name) for name in proteins), unit, str(file))


def said_of_samples(rows: pd.DataFrame, names: Sequence[str], file: Path) -> pd.DataFrame:
    """What columns of a long table say of the samples, one row a sample in the order of their first row.

    rows: with ``sample`` and the named columns. Raises InputError where a column changes within a sample.
    """
    first = rows.drop_duplicates("sample").set_index("sample")[list(names)]
    for name in names:
        differs = np.flatnonzero(rows[name].to_numpy() != first[name].loc[rows["sample"]].to_numpy())
        if len(differs):
            found = rows.iloc[differs[0]]
            raise InputError(
                f"{row_name(file, int(np.asarray(rows.index)[differs[0]]))}: column {name!r} changes within the sample "
                f"{found['sample']!r}: {found[name]!r} after {first[name][found['sample']]!r}. Use a sample sheet."
            )
    return first.reset_index()


def refuse_twice(rows: pd.DataFrame, cell: np.ndarray, file: Path) -> None:
    """Two rows of one sample and protein are an InputError that names both."""
    twice = pd.Series(cell).duplicated().to_numpy()
    if twice.any():
        second = int(np.flatnonzero(twice)[0])
        first = int(np.flatnonzero(cell == cell[second])[0])
        found = rows.iloc[second]
        raise InputError(
            f"{row_name(file, int(rows.index[second]))}: sample {found['sample']!r} has protein {found['protein']!r} a "
            f"second time, {shown(found['level'])} after {shown(rows['level'].iloc[first])} in row "
            f"{row_name(file, int(rows.index[first])).split()[-1]} ({int(twice.sum())} such rows). "
            "Name repeated samples apart, or remove one."
        )
