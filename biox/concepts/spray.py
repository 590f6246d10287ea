"""Spectral relevance analysis: which strategies does a model have? Alike heatmaps form groups (Lapuschkin 2019).

Heatmaps -> neighbour graph -> normalised Laplacian -> its smallest eigenvalues -> as many clusters as lie below the
largest gap between two of them -> k-means on the rows of the first eigenvectors, each of length 1 (Ng 2002).

k-means starts from the samples that a pivoted QR of the rows picks (Damle 2019): no random start, and the same samples
whatever their order and however equal eigenvalues turn their vectors.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.linalg import qr
from sklearn.cluster import KMeans

from biox.concepts.neighbours import Neighbours, graph, nearest
from biox.concepts.spectrum import Spectrum, spectrum
from biox.core.errors import InputError


@dataclass(frozen=True)
class Spray:
    """Groups of alike heatmaps.

    cluster: of each sample, 0 the largest. count: how many clusters. gap: how far the eigenvalue of the last cluster
    lies below the next, 0 to 2; larger is clearer, see ``gap_null`` for what noise reaches. affinity: the graph of
    the neighbours.
    """

    neighbours: Neighbours
    affinity: sparse.csr_array
    spectrum: Spectrum
    cluster: Int[np.ndarray, " sample"]
    count: int

    @property
    def gap(self) -> float:
        """The eigengap after the last cluster."""
        return float(self.spectrum.gaps[self.count - 1])

    @property
    def rows(self) -> Float[np.ndarray, "sample cluster"]:
        """Where each sample lies in spectral space: its entries of the first eigenvectors, at length 1."""
        return rows(self.spectrum, self.count)


def spray(
    features: Float[np.ndarray, "sample feature"],
    *,
    neighbours: int = 10,
    eigenvalues: int = 32,
    count: int | None = None,
    exact_up_to: int = 20_000,
    seed: int,
) -> Spray:
    """Groups of alike heatmaps; ``biox.concepts.pooling.pooled`` makes the features.

    neighbours: of each sample in the graph. eigenvalues: how many are looked at, so at most one cluster fewer is found;
    for few samples fewer are taken. count: how many clusters; None: as many as lie below the largest eigengap (1 means
    that nothing falls apart). exact_up_to: above so many samples neighbours are approximate.
    """
    found = nearest(features, min(neighbours, len(features) - 1), exact_up_to=exact_up_to, seed=seed)
    affinity = graph(found)
    wanted = min(eigenvalues, len(features) - 1)
    if count is not None and not 1 <= count < wanted:
        raise InputError(f"{count} clusters were asked for; with {wanted} eigenvalues it can be 1 to {wanted - 1}.")
    spectral = spectrum(affinity, wanted, seed=seed)
    count = count or int(np.argmax(spectral.gaps)) + 1
    return Spray(found, affinity, spectral, _clusters(spectral, count), count)


def rows(spectral: Spectrum, count: int) -> Float[np.ndarray, "sample cluster"]:
    """Each sample's entries of the first ``count`` eigenvectors, at length 1 (0 where all of them are 0)."""
    first = spectral.vectors[:, :count]
    length = np.linalg.norm(first, axis=1, keepdims=True)
    return np.divide(first, length, out=np.zeros_like(first), where=length > 0)


def _clusters(spectral: Spectrum, count: int) -> Int[np.ndarray, " sample"]:
    points = rows(spectral, count)
    if count == 1:
        return np.zeros(len(points), int)
    # Of the rows as they are: at length 1 all would be equally good to begin with.
    picked = qr(spectral.vectors[:, :count].T, mode="r", pivoting=True)[1][:count]
    means = KMeans(count, init=points[picked], n_init=1, tol=0)  # pyright: ignore[reportArgumentType]
    label = means.fit_predict(points)
    # By size, then by the first sample: a name that does not depend on how k-means counted.
    sizes = np.bincount(label, minlength=count)
    first = np.array([np.argmax(label == c) for c in range(count)])
    rank = np.empty(count, int)
    rank[np.lexsort((first, -sizes))] = np.arange(count)
    return rank[label]
