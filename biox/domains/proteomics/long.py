"""Long tables, one row a sample and protein, become wide levels; what stands there twice is named by its rows."""

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
