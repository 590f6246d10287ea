"""Stability: whether other patients, or another start of the training, would have given the same graph."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

TOP = 100


def share_as_strong(graphs: Sequence[np.ndarray], count: int) -> np.ndarray:
    """The share of these undirected graphs in which each pair is among the ``count`` strongest, (protein, protein).

    Ranks are compared, not weights: networks differ in how much influence they hand out at all. A graph in which a
    pair was not measured does not count for it; NaN where none counts. A pair of weight 0 is never among the strongest.
    """
    measured, strong = (np.zeros(graphs[0].shape) for _ in range(2))
    for graph in graphs:
        weights = graph[np.triu_indices(len(graph), 1)]
        ordered = np.sort(weights[~np.isnan(weights)])[::-1]
        least = ordered[min(count, len(ordered)) - 1] if count and len(ordered) else np.inf
        measured += ~np.isnan(graph)
        strong += (graph >= least) & (graph > 0)
    with np.errstate(invalid="ignore"):
        return np.where(measured > 0, strong / measured, np.nan)


def agreement(first: np.ndarray, second: np.ndarray, *, top: int = TOP) -> tuple[float, float]:
    """How alike are two undirected graphs? Spearman's correlation of their pairs, and the share of the ``top``
    strongest pairs that they have in common (chance: ``top`` / number of pairs). 1 is the same; NaN where undefined.

    Only pairs that both have are compared; with fewer than twice ``top`` pairs, the top are half of them.
    """
    pairs = np.triu_indices(len(first), 1)
    a, b = first[pairs], second[pairs]
    known = ~np.isnan(a) & ~np.isnan(b)
    a, b = a[known], b[known]
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan, np.nan
    top = min(top, len(a) // 2)
    strongest = [set(np.argsort(-one, kind="stable")[:top].tolist()) for one in (a, b)]
    return float(stats.spearmanr(a, b).statistic), len(strongest[0] & strongest[1]) / top


def stability_table(folds: Sequence[np.ndarray], seeds: Sequence[np.ndarray], *, top: int = TOP) -> pd.DataFrame:
    """Agreement of the undirected graphs of folds, and of those of seeds, each pair of graphs and their mean.

    Columns: ``kind`` ("folds", "seeds"), ``measure`` ("rank correlation", "share of top 100 in common"), ``value`` (the
    mean over pairs of graphs), ``least`` (of the least alike) and ``n`` (pairs of graphs). Kinds with fewer than two
    graphs are left out.
    """
    rows = []
    graphs: Mapping[str, Sequence[np.ndarray]] = {"folds": folds, "seeds": seeds}
    for kind, some in graphs.items():
        found = np.array([agreement(a, b, top=top) for a, b in combinations(some, 2)])
        for column, measure in enumerate(("rank correlation", f"share of top {top} in common")):
            if len(found):
                values = found[:, column]
                value, least = float(values.mean()), float(values.min())
                rows.append({"kind": kind, "measure": measure, "value": value, "least": least, "n": len(found)})
    return pd.DataFrame(rows, columns=["kind", "measure", "value", "least", "n"])
