"""The pairs of the graph of all patients: how strong, how sure, how stable, and which of them are kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.graph_types import SEEDED, SHUFFLED, Influence
from biox.graphs import averages
from biox.graphs.layout import positions
from biox.graphs.significance import edge_p, false_discovery
from biox.graphs.stability import share_as_strong
from biox.graphs.structure import communities, degrees, hubs, weighted

# Pairs that count as strongest where nothing was tested, as in Keyl et al. 2022.
STRONGEST = 100


@dataclass(frozen=True)
class Pairs:
    """What is known of every pair in the graph of all; symmetric matrices of shape (protein, protein)."""

    weight: np.ndarray
    sign: np.ndarray
    p: np.ndarray
    q: np.ndarray
    folds: np.ndarray
    seeds: np.ndarray
    kept: np.ndarray


def pairs_of(
    influences: Mapping[str, Influence], tested: Mapping[int, np.ndarray], predicted: np.ndarray, *, alpha: float
) -> Pairs:
    """Weigh and test every pair of the graph of all.

    influences: of ``main``, and of the nulls and further seeds, if there are any. tested: the rows of ``main`` that
    each fold tests. predicted: shape (protein,); pairs with another protein are tested but not kept.
    """
    main = influences["main"]
    everyone = np.arange(len(main.samples))
    parts = {f"fold {fold}": rows for fold, rows in tested.items()}
    by_fold = averages.undirected(main.values, {"all": everyone, **parts})
    weight = by_fold.pop("all")
    nulls, seeds = (_undirected(influences, start) for start in (SHUFFLED, SEEDED))
    allowed = predicted[:, None] & predicted[None, :] & (weight > 0)
    np.fill_diagonal(allowed, False)
    p = edge_p(weight, nulls) if nulls else np.full(weight.shape, np.nan)
    q = _over_pairs(p)
    kept = allowed & (q <= alpha) if nulls else _strongest_pairs(weight, allowed, STRONGEST)
    folds, further = (_as_strong(some, weight, kept) for some in (list(by_fold.values()), seeds))
    return Pairs(weight, averages.balance(main.values, everyone), p, q, folds, further, kept)


def _as_strong(graphs: list[np.ndarray], weight: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The share of graphs in which a pair ranks as high as the weakest kept one ranks in the graph of all."""
    if not graphs or not kept.any():
        return np.full(weight.shape, np.nan)
    return share_as_strong(graphs, int((np.triu(weight, 1) >= weight[kept].min()).sum()))


def _undirected(influences: Mapping[str, Influence], start: str) -> list[np.ndarray]:
    arms = [arm for name, arm in influences.items() if name.startswith(start)]
    return [averages.undirected(arm.values, {"all": np.arange(len(arm.samples))})["all"] for arm in arms]


def _over_pairs(p: np.ndarray) -> np.ndarray:
    q = np.full(p.shape, np.nan)
    upper = np.triu_indices(len(p), 1)
    q[upper] = false_discovery(p[upper])
    return np.fmax(q, q.T)


def _strongest_pairs(weight: np.ndarray, allowed: np.ndarray, count: int) -> np.ndarray:
    upper = np.argwhere(np.triu(allowed, 1))
    order = np.argsort(-weight[tuple(upper.T)], kind="stable")[:count]
    kept = np.zeros(weight.shape, bool)
    kept[tuple(upper[order].T)] = True
    return kept | kept.T


def structure_table(average: np.ndarray, pairs: Pairs, *, seed: int) -> pd.DataFrame:
    """One row a protein: its strength in the directed average graph, and its place among the kept edges.

    Where fewer edges are kept than half as many as there are proteins, the layout is also that of the STRONGEST pairs.
    """
    degree = degrees(pairs.kept)
    few = degree.sum() < len(degree)
    drawn = pairs.kept | (few & _strongest_pairs(pairs.weight, pairs.weight > 0, STRONGEST))
    xy = positions(weighted(pairs.weight, drawn), seed=seed)
    return pd.DataFrame(
        {
            "strength_in": np.nansum(average, axis=0, dtype=np.float64),
            "strength_out": np.nansum(average, axis=1, dtype=np.float64),
            "degree": degree,
            "hub": hubs(degree),
            "community": communities(pairs.weight, pairs.kept, seed=seed),
            "x": xy[:, 0],
            "y": xy[:, 1],
        }
    )


def edge_table(average: np.ndarray, pairs: Pairs, proteins: tuple[str, ...]) -> pd.DataFrame:
    """One row a pair that was measured together in some sample, the strongest first."""
    a, b = np.nonzero(np.triu(~np.isnan(pairs.weight), 1))
    order = np.argsort(-pairs.weight[a, b], kind="stable")
    a, b = a[order], b[order]
    names = np.asarray(proteins, object)
    columns = {name: getattr(pairs, name)[a, b] for name in ("sign", "p", "q", "folds", "seeds", "kept")}
    table = {
        "a": names[a].astype(str),
        "b": names[b].astype(str),
        "weight": pairs.weight[a, b].astype(np.float64),
        "forward": average[a, b].astype(np.float64),
        "backward": average[b, a].astype(np.float64),
        **columns,
    }
    return pd.DataFrame(table)
