"""Levels freed of the mean of a group: what is left differs between the samples of one type, batch or cohort."""

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed


def centred(x: np.ndarray, samples: pd.DataFrame, *, by: str = "label") -> np.ndarray:
    """Each protein minus its mean within each value of a column of the sample table.

    x: shape (sample, protein), NaN where not measured, which stays NaN. The mean is over the measured values, and a
    value that is alone in its group becomes 0. The result has the shape and type of ``x``, in the same unit.
    Raises InputError where the sample table has no such column, or some sample has no value there.
    """
    if by not in samples:
        raise InputError(f"Levels cannot be centred by {by!r}: the sample table has {listed(samples.columns)}.")
    groups = samples[by]
    unknown = groups.isna() | (groups.astype(str) == "")
    if unknown.any():
        first = samples["sample"][unknown].iloc[0] if "sample" in samples else int(np.flatnonzero(unknown)[0])
        raise InputError(
            f"Levels cannot be centred by {by!r}: sample {first!r} has no value there ({int(unknown.sum())} samples)."
        )
    values = np.asarray(x, np.float64)
    shifted = np.empty_like(values)
    codes = pd.factorize(groups)[0]
    for code in range(codes.max() + 1):
        rows = codes == code
        shifted[rows] = values[rows] - measured_mean(values[rows])
    return shifted.astype(x.dtype)


def measured_mean(values: np.ndarray) -> np.ndarray:
    """The mean of each protein over the samples in which it was measured, shape (protein,); NaN where in none."""
    there = ~np.isnan(values)
    counts = there.sum(axis=0)
    return np.where(counts > 0, np.where(there, values, 0).sum(axis=0) / np.maximum(counts, 1), np.nan)
