"""Significance: which edges of an average graph are stronger than those of networks that had nothing to learn.

The null are graphs of networks trained on tables whose proteins were shuffled one by one: each protein keeps its
distribution, and nothing goes together. Networks, and proteins within a network, differ in how much influence they
hand out at all: a network that learnt a protein well leaks more from every other protein too. So an edge is compared
with what its two ends have otherwise, in the same network, in the same way for the graph and for its nulls:

    excess_ij = log w_ij - middle - end_i - end_j

with ``middle`` and ``end`` by medians (Tukey's median polish of a symmetric table). An edge then counts where its
excess is higher than those of the null, all pairs of all null graphs together. Where the excesses of the graph spread
more widely than the null's in their bulk, they are divided by that ratio, so that what many weak relations do to a
network is not taken for edges.

The p value of an excess is (1 + number of null ones at least as high) / (1 + number), which with few nulls can never be
small enough for single edges. Where fewer than ten null values are as high, it is therefore read from a generalised
Pareto distribution fitted to the highest tenth (Knijnenburg et al. 2009; probability-weighted moments). Its shape is
raised by its standard error and never negative, so the tail has no end and errs on the heavy side. In 300 simulated
runs each with 20 or 40 proteins and 1 or 3 nulls, at a false discovery rate of 0.05, graphs of nothing had any edge in
less than 1 % of runs with lognormal weights, and in 4 to 6 % where the logarithm of weights follows Student's t with 5
degrees of freedom.

What this cannot find: edges of a protein that is tied to more than half of all proteins, and a graph in which most
pairs are tied. It is the standing out that is tested, not the mere dependence of two proteins, which may be indirect.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

TAIL = 0.1
FEWEST = 10
SWEEPS = 20


def edge_p(weights: np.ndarray, nulls: Sequence[np.ndarray]) -> np.ndarray:
    """The p value of every pair, symmetric (protein, protein), NaN on the diagonal and where a weight is missing.

    weights: an undirected average graph; nulls: those of networks trained on shuffled tables, at least one.
    """
    if not nulls:
        raise ValueError("Without null graphs no edge can be tested.")
    pairs = np.triu_indices(len(weights), 1)
    least = _least([weights, *nulls])
    excess = standing_out(weights, least)[pairs]
    of_null = [standing_out(null, least)[pairs] for null in nulls]
    usual = float(np.median([_spread(one) for one in of_null]))
    wider = max(1.0, _spread(excess) / usual) if usual > 0 else 1.0
    pooled = np.concatenate(of_null)
    p = np.full(weights.shape, np.nan)
    p[pairs] = tail_p(excess / wider, pooled[~np.isnan(pooled)])
    return np.fmax(p, p.T)


def standing_out(weights: np.ndarray, least: float) -> np.ndarray:
    """How far each pair's log weight lies above what its two ends have otherwise; symmetric, NaN on the diagonal.

    least: smaller weights, and those of 0, count as this one (only the strongest influences may have been stored).
    """
    excess = np.log(np.maximum(np.asarray(weights, np.float64), least))
    np.fill_diagonal(excess, np.nan)
    measured = ~np.isnan(excess).all(axis=1)
    if not measured.any():
        return excess
    excess -= np.nanmedian(excess)
    for _ in range(SWEEPS):
        # Half of each end's median at a time: the other half is moved from its partners' side.
        ends = np.zeros(len(excess))
        ends[measured] = np.nanmedian(excess[measured], axis=1) / 2
        excess -= ends[:, None] + ends[None, :]
    return excess - np.nanmedian(excess)


def tail_p(values: np.ndarray, null: np.ndarray) -> np.ndarray:
    """One-sided p of each value against null values: counted, or by the fitted tail where fewer than ten are as
    high.

    NaN stays NaN. With fewer than ten different null values in the tail, everything is counted.
    """
    null = np.sort(np.asarray(null, np.float64))
    higher = len(null) - np.searchsorted(null, values, side="left")
    counted = np.where(np.isnan(values), np.nan, (1 + higher) / (1 + len(null)))
    start = float(np.quantile(null, 1 - TAIL)) if len(null) else np.inf
    beyond = null[null > start] - start
    if len(np.unique(beyond)) < FEWEST:
        return counted
    shape, scale = _pareto(beyond)
    inside = np.maximum(np.nan_to_num(values, nan=start) - start, 0)
    fitted = len(beyond) / len(null) * stats.genpareto.sf(inside, shape, scale=scale)
    return np.where((values > start) & (higher < FEWEST), fitted, counted)


def false_discovery(p: np.ndarray) -> np.ndarray:
    """The p values raised after Benjamini and Hochberg (1995): of the edges with q <= 0.05, 5 % are expected to be
    none. Any shape; NaN is kept and not counted.
    """
    q = np.full(np.shape(p), np.nan)
    done = ~np.isnan(p)
    q[done] = stats.false_discovery_control(p[done]) if done.any() else []
    return q


def _pareto(beyond: np.ndarray) -> tuple[float, float]:
    # Hosking and Wallis (1987): estimates from probability-weighted moments, and their error where the tail is
    # exponential.
    count = len(beyond)
    place = (np.arange(1, count + 1) - 0.35) / count
    first, second = beyond.mean(), ((1 - place) * beyond).mean()
    error = np.sqrt(4 / 3 / count)
    # The mean of the tail is kept when the shape is raised; a mean exists below 1 only.
    shape = float(np.clip(2 - first / (first - 2 * second) + error, 1 / count, 0.9))
    return shape, float(first * (1 - shape))


def _least(graphs: Sequence[np.ndarray]) -> float:
    smallest = [float(graph[graph > 0].min()) for graph in graphs if (graph > 0).any()]
    return min(smallest, default=1.0)


def _spread(excess: np.ndarray) -> float:
    """Median absolute deviation from 0, around which excesses lie."""
    known = excess[~np.isnan(excess)]
    return float(np.median(np.abs(known))) if len(known) else 0.0
