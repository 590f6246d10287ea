"""Which proteins can be predicted from the others at all? A protein that cannot has no edges.

Everything is measured on samples that the network did not learn from. The correlation r_k of prediction and value is
taken within each fold, since networks of different folds differ in how boldly they predict, and then joined:

    z = sum_k (n_k - 3) artanh(r_k) / sqrt(sum_k (n_k - 3))        r = tanh(z / sqrt(sum_k (n_k - 3)))

with n_k people, not samples, since samples of one person are alike. Were the folds independent, z would be standard
normal where a protein cannot be predicted. They are not: fold k learnt from the people that test fold l and the other
way round, so one chance correlation speaks twice, and the variance may double (for a linear prediction it does).
"""

import numpy as np
from scipy import stats

MOST_VARIANCE = 2.0


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


def joined(r: np.ndarray, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The correlation of each protein over all folds, and its z; both of shape (protein,).

    r, people: (fold, protein). Folds without a correlation, or with fewer than four people, do not count; NaN where
    none counts.
    """
    weight = np.where(np.isnan(r), 0, np.maximum(people - 3, 0))
    total = weight.sum(axis=0)
    bent = np.arctanh(np.clip(np.nan_to_num(r, nan=0.0), -1 + 1e-9, 1 - 1e-9))
    with np.errstate(invalid="ignore"):
        mean = (weight * bent).sum(axis=0) / total
    return np.tanh(mean), mean * np.sqrt(total)


def variance_of(null_z: np.ndarray) -> float:
    """The variance of z, around 0, among proteins that cannot be predicted: of networks trained on shuffled tables.

    At least 1, that of independent folds; without null values, MOST_VARIANCE.
    """
    known = null_z[~np.isnan(null_z)]
    return max(1.0, float(np.mean(np.square(known)))) if len(known) else MOST_VARIANCE


def p_above_zero(z: np.ndarray, variance: float) -> np.ndarray:
    """One-sided p: the chance of a z as high where the protein cannot be predicted.

    1 where there is no z: what cannot be tested is not taken for predicted.
    """
    return np.where(np.isnan(z), 1.0, stats.norm.sf(z / np.sqrt(variance)))
