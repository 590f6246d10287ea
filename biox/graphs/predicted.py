"""Which proteins can be predicted from the others at all? A protein that cannot has no edges.

Everything is measured on samples that the network did not learn from. r is the correlation of prediction and value.
Samples of one person are alike, so the test of r > 0 counts persons, not samples:
t = r sqrt((n - 2) / (1 - r^2)) with n persons has n - 2 degrees of freedom where r is 0.
"""

import numpy as np
from scipy import stats


def correlations(predictions: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Correlation of each protein's predictions with its values, shape (protein,), over the samples that have both.

    predictions, values: (sample, protein), NaN where there is none. NaN where fewer than three samples have both, or
    where predictions or values do not vary.
    """
    both = ~np.isnan(predictions) & ~np.isnan(values)
    counted = both.sum(axis=0)
    a, b = (np.where(both, np.asarray(one, np.float64), 0) for one in (predictions, values))
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = (np.where(both, one - one.sum(axis=0) / counted, 0) for one in (a, b))
        spread = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
        r = (a * b).sum(axis=0) / spread
    # Rounding leaves a little spread where all values are the same.
    flat = spread <= 1e-12 * np.maximum(1, counted)
    return np.where((counted >= 3) & ~flat, np.clip(r, -1, 1), np.nan)


def p_above_zero(r: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """One-sided p of each correlation: the chance of one as high where the protein cannot be predicted.

    persons: how many independent people each r is of. 1 where there is no correlation or there are fewer than three
    people: what cannot be tested is not taken for predicted.
    """
    r = np.where(persons >= 3, np.nan_to_num(r, nan=0.0), 0)
    freedom = np.maximum(persons - 2, 1)
    with np.errstate(divide="ignore"):
        t = r * np.sqrt(freedom / (1 - np.minimum(r**2, 1)))
    untested = (persons < 3) | (r == 0)
    return np.where(untested, 1.0, stats.t.sf(t, freedom))
