"""Tables as the controls need them: every protein with mean 0 and variance 1 over its measured values."""

import numpy as np
from jaxtyping import Float

from biox.core.errors import InputError

FEWEST = 3


def standardised(x: Float[np.ndarray, "sample protein"]) -> Float[np.ndarray, "sample protein"]:
    """Each protein minus its mean, divided by its sd, over the samples in which it was measured; NaN stays.

    A protein that never changes, or is measured nowhere, becomes 0 where it is measured. Fewer than three samples, or
    values that are infinite, are an InputError.
    """
    x = np.asarray(x, np.float64)
    if x.ndim != 2 or len(x) < FEWEST:
        raise InputError(f"Controls need a table of at least {FEWEST} samples by proteins; its shape is {x.shape}.")
    if np.isinf(x).any():
        row, column = np.argwhere(np.isinf(x))[0]
        raise InputError(f"Sample {row}, protein {column} is infinite; a value that was not measured is NaN.")
    measured = ~np.isnan(x)
    count = np.maximum(measured.sum(0), 1)
    mean = np.where(measured, x, 0).sum(0) / count
    centred = x - mean
    sd = np.sqrt(np.where(measured, centred**2, 0).sum(0) / count)
    # Rounding leaves a constant protein a spread of the order of its size times the machine's precision.
    moves = sd > 1e-12 * np.maximum(np.abs(mean), 1e-300)
    return np.where(moves, centred / np.where(moves, sd, 1), centred * 0)


def filled(x: Float[np.ndarray, "sample protein"]) -> Float[np.ndarray, "sample protein"]:
    """The standardised table with 0, the protein's mean, wherever a value was not measured."""
    return np.nan_to_num(standardised(x), nan=0.0)


def partial_correlation(precision: Float[np.ndarray, "protein protein"]) -> Float[np.ndarray, "protein protein"]:
    """Absolute partial correlations from an inverse covariance, with 0 on the diagonal."""
    root = np.sqrt(np.diag(precision))
    scores = np.abs(precision / np.outer(root, root))
    np.fill_diagonal(scores, 0.0)
    return scores
