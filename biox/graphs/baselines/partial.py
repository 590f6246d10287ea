"""Absolute partial correlation from a shrunken covariance."""

import numpy as np
from jaxtyping import Float
from sklearn.covariance import ledoit_wolf

from biox.graphs.baselines.standardised import filled, partial_correlation


def partial(x: Float[np.ndarray, "sample protein"]) -> Float[np.ndarray, "source target"]:
    """How closely two proteins go together once all others are accounted for linearly, 0 to 1.

    The covariance of the standardised proteins is shrunk towards a multiple of the identity (Ledoit and Wolf 2004,
    J Multivar Anal 88:365), then inverted. A value that was not measured counts as the protein's mean.
    """
    covariance, _ = ledoit_wolf(filled(x), assume_centered=True)
    return partial_correlation(np.linalg.inv(covariance))
