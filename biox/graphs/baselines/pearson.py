"""Absolute Pearson correlation."""

import numpy as np
from jaxtyping import Float

from biox.graphs.baselines.correlation import correlation, sums
from biox.graphs.baselines.standardised import standardised


def pearson(x: Float[np.ndarray, "sample protein"]) -> Float[np.ndarray, "source target"]:
    """How closely two proteins go together, 0 to 1: the absolute correlation over the samples with both measured.

    0 where fewer than three samples have both, or one of them never changes there.
    """
    scores = np.abs(correlation(sums(standardised(x))))
    np.fill_diagonal(scores, 0.0)
    return scores
