"""One sample's own correlations by the linear formula of LIONESS (Kuijjer et al. 2019, iScience 14:226).

e_q = n r(all) - (n - 1) r(all but q), with n the number of samples including q; here its absolute value.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from biox.core.errors import InputError
from biox.graphs.baselines.correlation import Sums, correlation, sums, sums_of_each
from biox.graphs.baselines.standardised import FEWEST

# Samples at once: so many that their matrices of float64 take about this.
BLOCK_BYTES = 2**24


def lioness(
    x: Float[np.ndarray, "sample protein"], reference: Float[np.ndarray, "other protein"]
) -> Float[np.ndarray, "sample source target"]:
    """How far each sample, joined alone to the reference, moves the correlations; absolute, float32.

    reference: samples that hold none of ``x`` (those of the training folds). A pair is NaN in a sample in which one of
    the two was not measured. The result takes 4 bytes for each sample and pair: give ``x`` in pieces if that is much.
    """
    shift, scale = _scale(reference)
    whole = sums((reference - shift) / scale)
    return _blocks((x - shift) / scale, lambda own: (whole.plus(own), whole))


def lioness_within(
    x: Float[np.ndarray, "sample protein"], rows: np.ndarray | None = None
) -> Float[np.ndarray, "row source target"]:
    """The same for samples of one table, each against all others of it (as published); ``rows``: only of these."""
    shift, scale = _scale(x)
    z = (x - shift) / scale
    whole = sums(z)
    return _blocks(z if rows is None else z[rows], lambda own: (whole, whole.minus(own)))


def _scale(reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shift and scale that bring the values near 0, so that the sums lose no digits; correlations do not feel them."""
    reference = np.asarray(reference, np.float64)
    measured = (~np.isnan(reference)).sum(0)
    if measured.min() < FEWEST:
        raise InputError(
            f"LIONESS needs at least {FEWEST} samples with every protein; protein {measured.argmin()} is measured in "
            f"{measured.min()} of {len(reference)}."
        )
    sd = np.nanstd(reference, axis=0)
    return np.nanmean(reference, axis=0), np.where(sd > 0, sd, 1.0)


def _blocks(z: np.ndarray, with_and_without: Callable[[Sums], tuple[Sums, Sums]]) -> np.ndarray:
    samples, proteins = z.shape
    scores = np.empty((samples, proteins, proteins), np.float32)
    step = max(1, BLOCK_BYTES // (8 * proteins**2))
    for start in range(0, samples, step):
        piece = z[start : start + step]
        among, without = with_and_without(sums_of_each(piece))
        r_without, n = correlation(without), among.count
        own = np.abs(n * correlation(among) - (n - 1) * r_without)
        unknown = np.isnan(piece)
        own[unknown[:, :, None] | unknown[:, None, :]] = np.nan
        scores[start : start + step] = own
    diagonal = np.arange(proteins)
    scores[:, diagonal, diagonal] *= 0
    return scores
