"""SpRAy class by class: which kinds of heatmaps there are, what stands for each, and which has no mirrored twin."""

from collections import Counter
from dataclasses import dataclass
from math import factorial, prod

import numpy as np
import pandas as pd

from biox.concepts.flat_map import flat_map
from biox.concepts.groups import described, exemplars
from biox.concepts.pooling import blank, mean_maps, pooled
from biox.concepts.purity import purity
from biox.concepts.spray import Spray, spray
from biox.core.errors import InputError
from biox.domains.histology.fixed_place import ORIENTATIONS, off_centre
from biox.domains.histology.tie import Plan, out_of_reach
from biox.stats.multiple import holm

POOLED = 16  # cells a side of the heatmaps that are compared
FEWEST = 40  # heatmaps of a class, below which no clusters are sought
EACH = 15  # heatmaps a cluster at least, on average
SHOWN = 6  # exemplars a cluster


@dataclass(frozen=True)
class Strategies:
    """The clusters of one class: ``rows`` of the heatmaps that were compared, their features, and the clusters."""

    name: str
    rows: np.ndarray
    features: np.ndarray
    found: Spray


def strategies(
    values: np.ndarray, y: np.ndarray, classes: tuple[str, ...], clusters: int, seed: int
) -> tuple[list[Strategies], dict[str, str]]:
    """Clusters of where the relevance of each class lies; classes with hardly any heatmaps are left out.

    values: heatmaps (tile, height, width), by batches. y: class of each. Of each pixel |R| counts. ``clusters`` are
    sought, not as many as the eigengap says, because a rare strategy shows long before heatmaps fall apart. A class
    whose heatmaps SpRAy refuses (all alike, or in too many pieces) is left out too; ``refused`` says why.
    """
    side, found, refused = min(POOLED, *values.shape[1:]), [], {}
    usable = ~blank(values)
    for k, name in enumerate(classes):
        rows = np.flatnonzero((y == k) & usable)
        count = min(clusters, len(rows) // EACH)
        if len(rows) >= FEWEST and count > 1:
            try:
                features = pooled(values[rows], side, part=np.abs)
                found.append(Strategies(name, rows, features, spray(features, count=count, seed=seed)))
            except InputError as error:
                refused[name] = str(error)
        else:
            refused[name] = f"{len(rows)} heatmaps; {FEWEST} are needed"
    return found, refused


def indicators(found: list[Strategies], tiles: int) -> np.ndarray:
    """Which cluster each tile is in, shape (tile, cluster of any class); tiles that were not compared are in none."""
    columns = [np.zeros((tiles, 0))]
    for one in found:
        member = np.zeros((tiles, one.found.count))
        member[one.rows, one.found.cluster] = 1
        columns.append(member)
    return np.concatenate(columns, axis=1)


def oddness(one: Strategies, maps: np.ndarray) -> pd.DataFrame:
    """How far each cluster peaks at a place of the tile that no cluster mirrors; higher is stranger.

    Tissue makes clusters too (a nucleus on the left, a nucleus on the right), but with a twin for each mirrored place.
    m_c(g) is the mean share of relevance of cluster c at place g, times the root of the cluster's share of tiles; the
    oddness of c is the largest m_c(g) - (mean over the mirrored places g' of the highest of all clusters at g').
    maps: shares of |R| of the tiles in ``one.rows``, averaged over the orientations (``turned_shares``).
    """
    size = np.bincount(one.found.cluster, minlength=one.found.count)
    mean = np.stack([maps[one.found.cluster == c].mean(0) for c in range(one.found.count)])
    strength = mean * np.sqrt(size / size.sum())[:, None, None]
    highest = strength.max(0)
    twin = np.mean([np.flip(highest, axes) for axes in ORIENTATIONS[1:]], axis=0)
    alone = np.where(off_centre(maps.shape[1]), strength - twin, -np.inf).reshape(len(size), -1)
    best = alone.argmax(1)
    row, column = np.unravel_index(best, maps.shape[1:])
    mirrored = np.mean([np.flip(mean, axes) for axes in ORIENTATIONS[1:]], axis=0)
    each = np.arange(len(size))
    return pd.DataFrame(
        {
            "cluster": each,
            "peak_row": row,
            "peak_column": column,
            "cells": maps.shape[1],
            "peak": mean[each, row, column],
            "mirrored": mirrored[each, row, column],
            "oddness": alone[each, best],
        }
    )


def tables(
    found: list[Strategies], maps: np.ndarray, samples: pd.DataFrame, values: np.ndarray, seed: int
) -> dict[str, pd.DataFrame]:
    """What the report draws of the clusters: points, clusters, mean maps and spectrum.

    maps: shares of |R| of all compared tiles; samples: their table, in the same order; values: their heatmaps.
    """
    made: dict[str, list[pd.DataFrame]] = {"points": [], "clusters": [], "maps": [], "spectrum": []}
    for one in found:
        table = samples.iloc[one.rows].reset_index(drop=True)
        xy = flat_map(one.found, seed=seed).xy
        points = table[["sample"]].assign(cluster=one.found.cluster, x=xy[:, 0], y=xy[:, 1])
        made["points"].append(points.assign(**{"class": one.name}))
        made["clusters"].append(_clusters(one, maps[one.rows], table).assign(**{"class": one.name}))
        made["maps"].append(_long(mean_maps(values[one.rows], one.found.cluster)).assign(**{"class": one.name}))
        eigenvalues = one.found.spectrum.values
        spectrum = {"rank": np.arange(1, len(eigenvalues) + 1), "eigenvalue": eigenvalues, "count": one.found.count}
        made["spectrum"].append(pd.DataFrame(spectrum).assign(**{"class": one.name}))
    return {f"spray_{name}": pd.concat(parts, ignore_index=True) for name, parts in made.items() if parts}


def purities(
    found: list[Strategies],
    samples: pd.DataFrame,
    fold: np.ndarray,
    plan: Plan,
) -> pd.DataFrame:
    """Which value of which covariate each cluster holds too much of: columns of ``biox.concepts.purity`` and ``class``.

    A covariate that is one for a whole patient is dealt to the patients of each fold; q is Holm's over all classes,
    clusters and covariates. One that changes within patients (a flag) has no p here, for tiles of a patient are not
    exchangeable: the scan asks for it. ``least``: the smallest p so few patients can reach; ``reason``: why there is
    no p, where that is more than ``alpha`` allows for so many rows.
    """
    named = ["class", "cluster", "covariate", "level", "purity", "elsewhere", "units", "p", "least", "reason", "q"]
    parts = [pd.DataFrame(columns=named)]
    for one in found:
        table = samples.iloc[one.rows].reset_index(drop=True)
        for name in plan.covariates:
            whole = table.groupby("subject")[name].nunique(dropna=False).max() == 1
            subject = table["subject"].to_numpy()
            units = {"unit": subject, "within": fold[one.rows]} if whole else {"within": subject}
            deals = plan.draws if whole else min(plan.draws, 99)
            asked = purity(one.found.cluster, table[[name]].astype("string"), **units, iterations=deals, seed=plan.seed)
            least = _least(table.assign(fold=fold[one.rows]), name, deals) if whole else np.nan
            said = {"class": one.name, "least": least, "reason": "" if whole else "changes within patients"}
            parts.append(asked.assign(p=asked["p"] if whole else np.nan, **said))
    filled = [part for part in parts if len(part)]
    every = pd.concat(filled, ignore_index=True) if filled else parts[0]
    p, least, units = (every[name].to_numpy(float) for name in ("p", "least", "units"))
    lost = out_of_reach(p, least, units, plan.alpha)
    p = np.where(np.isin(np.arange(len(p)), list(lost)), np.nan, p)
    reason = np.array([lost.get(row, str(why)) for row, why in enumerate(every["reason"])], object)
    return every.assign(p=p, reason=reason, q=holm(p))


def _least(table: pd.DataFrame, name: str, draws: int) -> float:
    """The smallest p of a covariate dealt to the patients of each fold: the share of deals that only rename levels."""
    people = table.drop_duplicates("subject")
    held = pd.crosstab(people["fold"], people[name].astype(str)).to_numpy().tolist()
    deals = prod(factorial(sum(cell)) // prod(map(factorial, cell)) for cell in held)
    renamed = prod(factorial(count) for count in Counter(zip(*held, strict=True)).values())
    return (1 + draws * min(1.0, renamed / deals)) / (1 + draws)


def _clusters(one: Strategies, maps: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    nearest = exemplars(one.found, one.features, SHOWN)
    shown = nearest.groupby("cluster")["row"].agg(lambda rows: ";".join(table["sample"].iloc[list(rows)]))
    members = table.assign(cluster=one.found.cluster).groupby("cluster")
    people = members["subject"].value_counts(normalize=True).groupby("cluster")
    known = oddness(one, maps).assign(
        tiles=members.size().to_numpy(),
        patients=members["subject"].nunique().to_numpy(),
        top_patient=people.max().to_numpy(),
        exemplars=shown.to_numpy(),
    )
    if "planted" in table:
        known["planted"] = members["planted"].mean().to_numpy()
    return known.merge(described(one.found, one.features).drop(columns="size"), on="cluster")


def _long(maps: np.ndarray) -> pd.DataFrame:
    """Mean heatmaps on a coarse grid, one row a cell."""
    side = min(POOLED, *maps.shape[1:])
    edges = [np.linspace(0, n, side + 1).round().astype(int)[:-1] for n in maps.shape[1:]]
    coarse = np.add.reduceat(np.add.reduceat(maps, edges[0], axis=1), edges[1], axis=2)
    cluster, row, column = (axis.ravel() for axis in np.indices(coarse.shape))
    return pd.DataFrame({"cluster": cluster, "row": row, "column": column, "value": coarse.ravel()})
