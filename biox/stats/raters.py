"""Whether experts agree with each other, and whether the model looks where they do.

Kappa is the agreement beyond what equally generous raters would reach blindly: 1 is perfect, 0 is chance, below 0 is
worse. Items (cases) are drawn again for its interval.
"""

from collections.abc import Sequence

import numpy as np
from statsmodels.stats import inter_rater

from biox.core.errors import InputError, listed
from biox.stats.agreement import auroc
from biox.stats.bootstrap import Interval, interval, resample


def cohen_kappa(
    ratings: np.ndarray, categories: Sequence[object], *, ordered: bool = False, draws: int = 2000, seed: int
) -> Interval:
    """How far two raters agree beyond chance (Cohen 1960; weighted, 1968).

    ratings: shape (item, 2), values among ``categories``. ordered: these are in order, and two steps apart is twice as
    bad as one (linear weights); else every disagreement is as bad as any other.
    """
    codes = _codes(ratings, categories)
    if codes.shape[1] != 2:
        raise InputError(f"Cohen's kappa compares two raters, found {codes.shape[1]}; Fleiss' kappa takes more.")
    k = len(categories)
    pairs = np.eye(k * k)[codes[:, 0] * k + codes[:, 1]]
    weights = "linear" if ordered else None

    def kappa(weight: np.ndarray) -> np.ndarray:
        tables = (weight @ pairs).reshape(-1, k, k)
        return np.array([_cohen(table, weights) for table in tables])

    return interval(kappa, resample(np.arange(len(codes)), draws=draws, seed=seed))


def fleiss_kappa(ratings: np.ndarray, categories: Sequence[object], *, draws: int = 2000, seed: int) -> Interval:
    """How far do several raters agree beyond chance (Fleiss 1971)? ratings: shape (item, rater), values among
    ``categories``.
    """
    codes = _codes(ratings, categories)
    if codes.shape[1] < 2:
        raise InputError("Fleiss' kappa needs at least two raters, found one.")
    counts = np.eye(len(categories))[codes].sum(1)

    def kappa(weight: np.ndarray) -> np.ndarray:
        return np.array([_fleiss(np.repeat(counts, w.astype(int), axis=0)) for w in weight])

    return interval(kappa, resample(np.arange(len(codes)), draws=draws, seed=seed))


def _cohen(table: np.ndarray, weights: str | None) -> float:
    """NaN where both raters used one and the same category only: then nothing lies beyond chance."""
    if np.trace(table) == table.sum() and (np.diag(table) > 0).sum() == 1:
        return np.nan
    return np.asarray(inter_rater.cohens_kappa(table, wt=weights, return_results=False)).item()


def _fleiss(counts: np.ndarray) -> float:
    """NaN where one category only was used."""
    return float(inter_rater.fleiss_kappa(counts)) if (counts.sum(0) > 0).sum() > 1 else np.nan


def marked_regions(marks: np.ndarray, relevance: np.ndarray, *, draws: int = 2000, seed: int) -> Interval:
    """Do the regions that experts marked carry more relevance than the rest? Mean AUROC over items; 0.5 by chance, 1
    is best.

    marks: True where a rater marked, shape (rater, item, *feature); relevance: shape (item, *feature), its absolute
    value counts. An item's AUROC is the mean over the raters who marked part of it; items that nobody marked are left
    out.
    """
    marks, relevance = np.asarray(marks, bool), np.asarray(relevance, float)
    if marks.shape[1:] != relevance.shape:
        raise InputError(
            f"Marks of shape {marks.shape} (rater, item, ...) do not fit relevance of shape {relevance.shape}."
        )
    values = np.array([[auroc(r, m).value for r, m in zip(relevance, rater, strict=True)] for rater in marks])
    values = values[:, ~np.isnan(values).all(0)]
    if not values.shape[1]:
        raise InputError(
            "No item has a marked region that is neither empty nor everything, so there is nothing to compare."
        )
    items = np.nanmean(values, axis=0)
    return interval(lambda w: w @ items / w.sum(1), resample(np.arange(len(items)), draws=draws, seed=seed))


def _codes(ratings: np.ndarray, categories: Sequence[object]) -> np.ndarray:
    ratings = np.asarray(ratings, dtype=object)
    place = {category: number for number, category in enumerate(categories)}
    for item, rater in np.argwhere([[value not in place for value in row] for row in ratings]):
        raise InputError(
            f"Item {item}, rater {rater}: the rating {ratings[item, rater]!r} is none of {listed(categories)}."
        )
    return np.array([[place[value] for value in row] for row in ratings])
