"""Whether experts agree with each other, and whether the model looks where they do.

Kappa is the agreement beyond what equally generous raters would reach blindly: 1 is perfect, 0 is chance, below 0 is
worse. Items (cases) are drawn again for its interval.
"""

from collections.abc import Callable, Sequence

import numpy as np

from biox.core.errors import InputError, listed
from biox.stats.agreement import auroc
from biox.stats.bootstrap import Interval, interval, resample

Penalty = Callable[
    [np.ndarray, np.ndarray], np.ndarray
]  # category numbers of two raters -> how bad their difference is


def unequal(i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Every disagreement is as bad as any other: for categories without order."""
    return (i != j).astype(float)


def linear(i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Two steps apart is twice as bad as one: for ordered categories."""
    return np.abs(i - j).astype(float)


def quadratic(i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Two steps apart is four times as bad as one: for ordered categories."""
    return (i - j) ** 2.0


def cohen_kappa(
    ratings: np.ndarray, categories: Sequence[object], *, penalty: Penalty = unequal, draws: int = 2000, seed: int
) -> Interval:
    """How far two raters agree beyond chance (Cohen 1960; weighted, 1968).

    ratings: shape (item, 2), values among ``categories``, which are in order where the penalty is linear or quadratic.
    """
    codes = _codes(ratings, categories)
    if codes.shape[1] != 2:
        raise InputError(f"Cohen's kappa compares two raters, found {codes.shape[1]}; Fleiss' kappa takes more.")
    k = len(categories)
    pairs = np.eye(k * k)[codes[:, 0] * k + codes[:, 1]]
    cost = penalty(*np.indices((k, k)))

    def kappa(weight: np.ndarray) -> np.ndarray:
        table = (weight @ pairs).reshape(-1, k, k) / weight.sum(1)[:, None, None]
        blind = table.sum(2)[:, :, None] * table.sum(1)[:, None, :]
        return _beyond_chance((table * cost).sum((1, 2)), (blind * cost).sum((1, 2)))

    return interval(kappa, resample(np.arange(len(codes)), draws=draws, seed=seed))


def fleiss_kappa(ratings: np.ndarray, categories: Sequence[object], *, draws: int = 2000, seed: int) -> Interval:
    """How far do several raters agree beyond chance (Fleiss 1971)? ratings: shape (item, rater), values among
    ``categories``.
    """
    codes = _codes(ratings, categories)
    raters = codes.shape[1]
    if raters < 2:
        raise InputError("Fleiss' kappa needs at least two raters, found one.")
    counts = np.eye(len(categories))[codes].sum(1)
    together = ((counts**2).sum(1) - raters) / (raters * (raters - 1))

    def kappa(weight: np.ndarray) -> np.ndarray:
        items = weight.sum(1)
        share = weight @ counts / (items * raters)[:, None]
        return _beyond_chance(1 - weight @ together / items, 1 - (share**2).sum(1))

    return interval(kappa, resample(np.arange(len(codes)), draws=draws, seed=seed))


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


def _beyond_chance(observed: np.ndarray, blind: np.ndarray) -> np.ndarray:
    """1 - observed / blind disagreement; NaN where one category only was used."""
    return 1 - np.divide(observed, blind, out=np.full(blind.shape, np.nan), where=blind > 1e-12)


def _codes(ratings: np.ndarray, categories: Sequence[object]) -> np.ndarray:
    ratings = np.asarray(ratings, dtype=object)
    place = {category: number for number, category in enumerate(categories)}
    for item, rater in np.argwhere([[value not in place for value in row] for row in ratings]):
        raise InputError(
            f"Item {item}, rater {rater}: the rating {ratings[item, rater]!r} is none of {listed(categories)}."
        )
    return np.array([[place[value] for value in row] for row in ratings])
