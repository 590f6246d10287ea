"""How alike two models' heatmaps of the same tiles are, and what another model of the same kind would reach."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import rankdata

from biox.core.types import Cohort, Relevance
from biox.domains.histology.tile_colours import evenly
from biox.stats.localisation import localise

Folds = Mapping[int, Mapping[str, Relevance]]
ANOTHER = "main, another fold's model"
"""Main against itself: the model of the fold before, which did not learn from the tile but was stopped by its fold."""

TOP = 0.1
SIDE = 64  # cells along a side of a tile at most: larger heatmaps are averaged, finer detail is noise
MOST = 1500  # tiles compared, spread evenly
AT_ONCE = 64


@dataclass(frozen=True)
class _Place:
    """Where the heatmaps of some tiles lie: rows of the values of one fold's relevance, and rows of the cohort."""

    relevance: Relevance
    rows: np.ndarray
    cohort: np.ndarray


def alike(cohort: Cohort, folds: Folds, variants: Mapping[str, str], method: str) -> dict[str, dict[str, np.ndarray]]:
    """For every variant and measure one number a sample, shape (sample,); NaN where it was not compared.

    ``rank correlation``: of the relevance of a tile's cells (Spearman), 1 is the same order. ``top-10 % overlap``: the
    share of the tenth of cells with most relevance that is the same (0.1 by chance). ``relevance in the object`` and
    its ``change``: the share of |R| inside the mask of the label's object, where that is known, and how much more that
    is than main's. ``ANOTHER`` is main against main of another fold, where its relevance is there.
    """
    samples = cohort.samples["sample"]
    place = pd.Series(np.arange(len(samples)), index=samples)
    kept = evenly(len(samples), MOST)
    base = [(k, _found(folds[k]["main"], "test", place, kept)) for k in sorted(folds)]
    found = {}
    for name in [*(name for name in variants if name in folds[min(folds)]), ANOTHER]:
        pairs = _pairs(base, folds, name, (place, kept))
        values = _compared(cohort, pairs)
        if any(not np.isnan(v).all() for v in values.values()):
            found[name] = values
    return found


def _pairs(base: list[tuple[int, _Place]], folds: Folds, name: str, where: tuple[pd.Series, np.ndarray]) -> list:
    """Main's heatmaps and the other's of the same tiles, fold by fold."""
    if name != ANOTHER:
        return [(own, _found(folds[k][name], "test", *where)) for k, own in base]
    before = {k: folds[(k - 1) % len(folds)]["main"] for k, _ in base}
    return [(own, _found(before[k], "validation", *where)) for k, own in base]


def rank_correlation(
    a: Float[np.ndarray, "tile cell"], b: Float[np.ndarray, "tile cell"]
) -> Float[np.ndarray, " tile"]:
    """Spearman's correlation of each pair of rows; NaN where one is constant."""
    ranks = [rankdata(values, axis=1) for values in (a, b)]
    x, y = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    size = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    return np.divide((x * y).sum(axis=1), size, out=np.full(len(a), np.nan), where=size > 0)


def top_overlap(a: Float[np.ndarray, "tile cell"], b: Float[np.ndarray, "tile cell"]) -> Float[np.ndarray, " tile"]:
    """The share of the tenth of cells with the highest values that two rows have in common; ties go by place."""
    count = max(1, round(TOP * a.shape[1]))
    first, second = (np.argsort(-values, axis=1, kind="stable")[:, :count] for values in (a, b))
    marked = np.zeros(a.shape, bool)
    np.put_along_axis(marked, first, True, axis=1)
    return np.take_along_axis(marked, second, axis=1).mean(axis=1)


def pooled(values: Float[np.ndarray, "tile *place"]) -> Float[np.ndarray, "tile cell"]:
    """Heatmaps as rows of at most SIDE x SIDE cells (each tile of a bag by itself), each the mean of its pixels."""
    height, width = values.shape[-2:]
    step = -(-max(height, width) // SIDE)
    cut = values[..., : height // step * step, : width // step * step].astype(float)
    blocks = cut.reshape(*cut.shape[:-2], height // step, step, width // step, step).mean(axis=(-3, -1))
    return blocks.reshape(len(values), -1)


def _found(relevance: Relevance, part: str, place: pd.Series, kept: np.ndarray) -> _Place:
    """The tiles of one part that are compared, in the order of the cohort."""
    samples = relevance.samples.reset_index(drop=True)
    rows = np.flatnonzero((samples["part"] == part).to_numpy())
    cohort = place.loc[samples["sample"].iloc[rows]].to_numpy()
    wanted = np.isin(cohort, kept)
    order = np.argsort(cohort[wanted])
    return _Place(relevance, rows[wanted][order], cohort[wanted][order])


def _compared(cohort: Cohort, pairs: list[tuple[_Place, _Place]]) -> dict[str, np.ndarray]:
    names = ("rank correlation", "top-10 % overlap", "relevance in the object", "relevance in the object, change")
    found = {name: np.full(len(cohort.samples), np.nan) for name in names}
    masks = getattr(cohort.x, "masks", None)
    for own, other in pairs:
        for rows, first, second in _together(own, other):
            a, b = pooled(first), pooled(second)
            found[names[0]][rows], found[names[1]][rows] = rank_correlation(b, a), top_overlap(b, a)
            if masks is not None:
                inside = np.asarray(masks[rows])
                mass = [localise(values, inside).mass for values in (first, second)]
                found[names[2]][rows], found[names[3]][rows] = mass[1], mass[1] - mass[0]
    return found


def _together(own: _Place, other: _Place) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows of the cohort with both heatmaps, piece by piece; only tiles that were asked about the same class."""
    both, mine, theirs = np.intersect1d(own.cohort, other.cohort, return_indices=True)
    targets = [p.relevance.samples["target"].to_numpy()[p.rows[at]] for p, at in ((own, mine), (other, theirs))]
    same = targets[0] == targets[1]
    both, mine, theirs = both[same], own.rows[mine[same]], other.rows[theirs[same]]
    for start in range(0, len(both), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        first, second = (np.asarray(p.relevance.values[r[some]]) for p, r in ((own, mine), (other, theirs)))
        yield both[some], first, second
