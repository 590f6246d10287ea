"""Would noise have looked as clustered? The largest eigengap of the data against that of one cloud without groups.

The cloud is normal with the mean and covariance of the data: mean + G (X - mean) / sqrt(n) with G standard normal,
shape (n, n). Where all rows of the data have one length (as pooled heatmaps do), the rows of the cloud get it too.

A small p says "not one such cloud". It does not say "groups": a row of heatmaps that change gradually from one kind to
another beats this cloud as well. How sharply a cluster is cut off is said by ``biox.concepts.groups.described``.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from biox.concepts.neighbours import checked, graph, nearest
from biox.concepts.spectrum import spectrum
from biox.core.errors import InputError


@dataclass(frozen=True)
class GapNull:
    """The largest eigengap that speaks for two clusters or more, and what it is without any.

    gap: of the data. null: of each draw of one cloud. p: the share of draws (and the data) with as large a gap; small
    speaks against one cloud. samples: how many were compared.
    """

    gap: float
    null: Float[np.ndarray, " draw"]
    p: float
    samples: int


def gap_null(
    features: Float[np.ndarray, "sample feature"],
    *,
    neighbours: int = 10,
    eigenvalues: int = 32,
    draws: int = 99,
    at_most: int = 1000,
    seed: int,
) -> GapNull:
    """Could the eigengap come from one cloud without groups? Above ``at_most`` samples a random part is compared."""
    if draws < 1:
        raise InputError(f"A null needs one draw or more; got {draws}.")
    x = checked(features)
    rng = np.random.default_rng(seed)
    if len(x) > at_most:
        x = checked(x[np.sort(rng.permutation(len(x))[:at_most])])
    gap = _gap(x, neighbours, eigenvalues)
    null = np.array([_gap(_cloud(x, rng), neighbours, eigenvalues) for _ in range(draws)])
    return GapNull(gap, null, float((1 + (null >= gap).sum()) / (1 + draws)), len(x))


def _cloud(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mean = x.mean(0)
    drawn = mean + rng.standard_normal((len(x), len(x)), np.float32) @ (x - mean) / np.sqrt(len(x))
    length = np.linalg.norm(x, axis=1)
    if np.ptp(length) <= 1e-3 * length.mean():
        drawn *= length.mean() / np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn.astype(np.float32)


def _gap(x: np.ndarray, neighbours: int, eigenvalues: int) -> float:
    affinity = graph(nearest(x, min(neighbours, len(x) - 1), exact_up_to=len(x), seed=0))
    return float(spectrum(affinity, min(eigenvalues, len(x) - 1), seed=0).gaps[1:].max())
