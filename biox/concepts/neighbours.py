"""Which samples are most alike? The nearest neighbours of each, and the graph that joins them.

Up to some 20,000 samples the neighbours are exact: squared distances |x|^2 + |y|^2 - 2 x.y come from one matrix product
a block in float32, and the few nearest are measured again in float64, since differences of nearly equal distances are
lost in float32. Above, nearest-neighbour descent (Dong 2011, library pynndescent) finds nearly all of them in a
fraction of the time and memory.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

from biox.core.errors import InputError

ROWS_AT_ONCE, COLUMNS_AT_ONCE = 512, 2048  # 4 MB of float32
SPARE = 8  # candidates measured again beyond the neighbours asked for


@dataclass(frozen=True)
class Neighbours:
    """The nearest samples of each sample, nearest first, itself left out.

    index: (sample, neighbour). distance: Euclidean, in the unit of the features. exact: found by comparing all pairs.
    """

    index: Int[np.ndarray, "sample neighbour"]
    distance: Float[np.ndarray, "sample neighbour"]
    exact: bool


def nearest(
    features: Float[np.ndarray, "sample feature"], neighbours: int, *, exact_up_to: int = 20_000, seed: int
) -> Neighbours:
    """The ``neighbours`` nearest samples of each; approximate above ``exact_up_to`` samples (then ``seed`` counts)."""
    x = checked(features)
    if not 1 <= neighbours < len(x):
        raise InputError(f"{neighbours} neighbours cannot be found among {len(x)} samples; take 1 to {len(x) - 1}.")
    if len(x) > exact_up_to:
        return _approximate(x, neighbours, seed)
    index, distance = _exact(x, np.arange(len(x)), neighbours)
    return Neighbours(index, distance, True)


def graph(neighbours: Neighbours) -> sparse.csr_array:
    """Who is joined to whom: 1 where both are each other's neighbour, 1/2 where only one is; symmetric, no loops."""
    samples, each = neighbours.index.shape
    edges = sparse.csr_array(
        (np.ones(samples * each), neighbours.index.ravel(), np.arange(0, samples * each + 1, each)),
        shape=(samples, samples),
    )
    return sparse.csr_array((edges + edges.T) / 2)


def checked(features: np.ndarray) -> Float[np.ndarray, "sample feature"]:
    """The features as contiguous float32, or why they cannot be compared."""
    x = np.ascontiguousarray(features, np.float32)
    if x.ndim != 2 or len(x) < 2:
        raise InputError(f"Features have the shape (sample, feature) with two samples or more; got {x.shape}.")
    usable = np.isfinite(x).all(1)
    if not usable.all():
        raise InputError(
            f"Sample {int(np.argmin(usable))} (of {len(x)}, counted from 0) has missing or infinite features; "
            f"{int((~usable).sum())} samples have."
        )
    if (x == x[0]).all():
        raise InputError(f"All {len(x)} samples have the same features: there is nothing to tell them apart by.")
    return x


def _exact(x: np.ndarray, wanted: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of the ``wanted`` samples among all, and their distances."""
    few = min(k + SPARE, len(x) - 1)
    shuffled = np.random.default_rng(0).permutation(len(x))
    # (-2 x, 1) . (y, |y|^2) orders the y as their distances to x do; |x|^2 changes no order.
    others = np.hstack([x, np.einsum("ij,ij->i", x, x)[:, None]])[shuffled].T.copy()
    index = np.empty((len(wanted), k), np.int64)
    distance = np.empty((len(wanted), k), np.float32)
    for start in range(0, len(wanted), ROWS_AT_ONCE):
        rows = wanted[start : start + ROWS_AT_ONCE]
        candidates = _candidates(np.hstack([-2 * x[rows], np.ones((len(rows), 1), np.float32)]), others, few)
        candidates = shuffled[candidates].reshape(len(rows), few + 1)
        # The sample is its own nearest, or one of several equal ones: it goes last, and out.
        candidates = np.take_along_axis(candidates, np.argsort(candidates == rows[:, None], axis=1, kind="stable"), 1)
        again = _measured(x, rows, candidates[:, :few])
        order = np.lexsort((candidates[:, :few], again))[:, :k]  # of equal distances the first sample: one answer
        index[start : start + ROWS_AT_ONCE] = np.take_along_axis(candidates, order, 1)
        distance[start : start + ROWS_AT_ONCE] = np.take_along_axis(again, order, 1)
    return index, distance


def _candidates(rows: np.ndarray, others: np.ndarray, few: int) -> np.ndarray:
    """Columns of ``others`` with the few + 1 smallest products with each row, row after row.

    The first columns, a random sample, bound how near a candidate must be; so of all others only the few that come
    below need to be sorted, and no product is kept longer than the processor's cache does.
    """
    found, bound, step = [], None, max(COLUMNS_AT_ONCE, few + 1)
    for start in range(0, others.shape[1], step):
        far = rows @ others[:, start : start + step]
        if bound is None:
            bound = np.partition(far, few, axis=1)[:, few, None]
        near = np.flatnonzero(far <= bound)
        row, column = np.divmod(near, far.shape[1])
        found.append((row, column + start, far.ravel()[near]))
    row, column, value = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((value, row))
    first = np.searchsorted(row[order], np.arange(len(rows)))
    return column[order][first[:, None] + np.arange(few + 1)].ravel()


def _measured(x: np.ndarray, rows: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Distances in float64, a few rows at a time for the processor's cache."""
    far = np.empty(candidates.shape)
    for start in range(0, len(rows), 32):
        part = slice(start, start + 32)
        apart = x[candidates[part]].astype(float) - x[rows[part], None]
        far[part] = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
    return far


def _approximate(x: np.ndarray, k: int, seed: int) -> Neighbours:
    from pynndescent import NNDescent  # compiles on import: only where it is needed

    # A wider search than asked for: of 20,000 noisy heatmaps 99 % of the true neighbours instead of 86 %.
    search = NNDescent(
        x, n_neighbors=3 * k, max_candidates=6 * k, metric="euclidean", random_state=seed, low_memory=True
    )
    found = search.neighbor_graph
    assert found is not None, "NNDescent makes its graph when it is created"
    index, distance = found
    distance = np.where((index == np.arange(len(x))[:, None]) | (index < 0), np.inf, distance)
    order = np.argsort(distance, axis=1, kind="stable")[:, :k]
    index = np.take_along_axis(index, order, 1).astype(np.int64)
    distance = np.take_along_axis(distance, order, 1).astype(np.float32)
    missed = np.flatnonzero(np.isinf(distance).any(1))
    if len(missed):  # the descent may give up on a sample; these few are compared with all
        index[missed], distance[missed] = _exact(x, missed, k)
    return Neighbours(index, distance, False)
