"""What each cluster is like: how large, how sharply cut off, and which samples stand for it."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from biox.concepts.spray import Spray
from biox.core.errors import InputError

RIDGE = 1e-9


def described(spray: Spray, features: Float[np.ndarray, "sample feature"]) -> pd.DataFrame:
    """One row a cluster: its size, and three answers to "is it a group of its own?".

    leaving: share of its edges in the neighbour graph that lead to other clusters; 0 is a piece of its own, and
    ``leaving_chance``, the others' share of all edges, is what arbitrary groups have. silhouette: mean of
    (b - a) / max(a, b), a and b a sample's distances to its own and to the nearest other cluster's centre, among the
    features; 1 is far apart, 0 is in between. fisher: share of the variance along the best line through spectral space
    that lies between the cluster and the rest, 0 to 1; fisher / (1 - fisher) is Fisher's ratio of scatter between to
    scatter within, by which Anders 2022 ranks classes. The clusters were made to differ: compare clusters and studies
    by these, they prove nothing alone. NaN where there is one cluster only.
    """
    sizes = np.bincount(spray.cluster, minlength=spray.count)
    inside, total = _edges(spray)
    several = spray.count > 1
    silhouette = _silhouette(spray, features) if several else np.full(1, np.nan)
    return pd.DataFrame(
        {
            "cluster": np.arange(spray.count),
            "size": sizes,
            "share": sizes / len(spray.cluster),
            "leaving": 1 - inside / total if several else np.nan,
            "leaving_chance": 1 - total / total.sum() if several else np.nan,
            "silhouette": silhouette,
            "fisher": [_fisher(spray.rows, spray.cluster == c) for c in range(spray.count)],
        }
    )


def exemplars(spray: Spray, features: Float[np.ndarray, "sample feature"], each: int = 5) -> pd.DataFrame:
    """The samples nearest to their cluster's centre in spectral space: cluster, rank (0 the nearest), row.

    Where samples coincide there (a piece of the graph of its own is one point), the nearer to the mean of the
    features comes first.
    """
    found = []
    points = spray.rows
    for c in range(spray.count):
        members = np.flatnonzero(spray.cluster == c)
        spectral = np.linalg.norm(points[members] - points[members].mean(0), axis=1)
        plain = np.linalg.norm(features[members] - features[members].mean(0), axis=1)
        best = members[np.lexsort((plain, spectral.round(3)))[:each]]
        found += [(c, rank, int(row)) for rank, row in enumerate(best)]
    return pd.DataFrame(found, columns=["cluster", "rank", "row"])


def _edges(spray: Spray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of each cluster's edges: those that stay inside, and all."""
    edges = spray.affinity.tocoo()
    start, end = spray.cluster[edges.coords[0]], spray.cluster[edges.coords[1]]
    total = np.bincount(start, edges.data, spray.count)
    return np.bincount(start[start == end], edges.data[start == end], spray.count), total


def _silhouette(spray: Spray, features: np.ndarray) -> np.ndarray:
    if len(features) != len(spray.cluster):
        raise InputError(f"The clusters are of {len(spray.cluster)} samples, the features of {len(features)}.")
    centres = np.stack([features[spray.cluster == c].mean(0) for c in range(spray.count)])
    # Squares of small differences: float64, or a cluster without any width gets a distance of rounding errors.
    far = np.stack([np.linalg.norm(features - centre, axis=1) for centre in centres], axis=1).astype(float)
    own = np.take_along_axis(far, spray.cluster[:, None], 1)[:, 0]
    np.put_along_axis(far, spray.cluster[:, None], np.inf, 1)
    other = far.min(1)
    value = (other - own) / np.maximum(np.maximum(own, other), 1e-12)
    return np.bincount(spray.cluster, value, spray.count) / np.bincount(spray.cluster, minlength=spray.count)


def _fisher(points: np.ndarray, member: np.ndarray) -> float:
    """Scatter between over total scatter along the best line, for one group against the rest."""
    if member.all():
        return float("nan")
    groups = points[member], points[~member]
    centred = np.vstack([group - group.mean(0) for group in groups])
    within = centred.T @ centred + RIDGE * len(points) * np.eye(points.shape[1])
    apart = groups[0].mean(0) - groups[1].mean(0)
    ratio = member.mean() * (~member).sum() * float(apart @ np.linalg.solve(within, apart))
    return ratio / (1 + ratio)
