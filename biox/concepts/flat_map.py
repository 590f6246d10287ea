"""Two coordinates for each sample, so that alike samples lie together on paper.

Distances between far points of such a map mean nothing, and neither do empty areas; clusters are found in the spectrum,
never in the map.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from biox.concepts.neighbours import Neighbours
from biox.concepts.spray import Spray, rows

TSNE_UP_TO = 2000  # below, t-SNE is done before umap-learn has compiled itself
SPREAD = 10  # half the width at which UMAP expects its start


@dataclass(frozen=True)
class FlatMap:
    """Coordinates to draw, shape (sample, 2), without unit; ``method`` says how they were found."""

    xy: Float[np.ndarray, "sample 2"]
    method: str


def flat_map(spray: Spray, *, seed: int) -> FlatMap:
    """A map of alike samples: t-SNE of the eigenvectors for few samples, for many UMAP of the neighbour graph that the
    eigenvectors are of.

    The same seed gives the same map.
    """
    points = rows(spray.spectrum, len(spray.spectrum.values))
    if len(points) <= TSNE_UP_TO:
        return FlatMap(_tsne(points.astype(np.float32), seed), "t-SNE")
    return FlatMap(_umap(spray.neighbours, points, seed), "UMAP")


def _tsne(points: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(points) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(points)


def _umap(neighbours: Neighbours, points: np.ndarray, seed: int) -> np.ndarray:
    from umap import UMAP  # compiles on import: only where it is needed

    samples, each = neighbours.index.shape
    # UMAP counts a sample among its own neighbours.
    index = np.hstack([np.arange(samples)[:, None], neighbours.index]).astype(np.int32)
    distance = np.hstack([np.zeros((samples, 1), np.float32), neighbours.distance])
    u, strength, _ = np.linalg.svd(points - points.mean(0), full_matrices=False)
    start = u[:, :2] * strength[:2]
    start = (SPREAD * start / np.abs(start).max()).astype(np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*knn_search_index.*")  # no further samples are put on the map
        warnings.filterwarnings("ignore", message="n_jobs value.*")
        umap = UMAP(n_neighbors=each + 1, precomputed_knn=(index, distance), init=start, random_state=seed, n_jobs=1)
        return np.asarray(umap.fit_transform(points.astype(np.float32)))
