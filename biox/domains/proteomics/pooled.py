"""Strengths of all samples and pairs pooled, true against false, for any weighting of the samples and in any memory.

The strengths are counted in a few thousand classes, finest among the strongest, once for each sample; strengths of one
class are taken for equal. Any weighting of the samples is then one matrix product.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from biox.domains.proteomics.scores import Counted

CLASSES = np.concatenate([np.linspace(0, 0.98, 1000), 1 - np.geomspace(0.02, 1e-6, 1000)])
LOOKED_AT = 1_000_000  # strengths from which the borders of the classes are taken
COUNTED_AT_ONCE = 2**22
Each = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]  # rows of the samples, their scores (row, pair)


@dataclass(frozen=True)
class Truth:
    """The edges of each group of samples, shape (group, pair), the group of each sample, and the pairs that count."""

    edges: np.ndarray
    group: np.ndarray
    counting: np.ndarray


@dataclass(frozen=True)
class Levels:
    """True and false pairs of each sample in each class from the strongest on, shape (sample, class)."""

    true: np.ndarray
    false: np.ndarray


def by_sample(each: Each, truth: Truth) -> Levels:
    """Count the pairs of every sample; ``each`` is gone through twice. Missing strengths (NaN) are not counted."""
    borders = _borders(each, truth)
    levels = len(borders) + 1
    table = np.zeros((len(truth.group), 2, levels), np.int32)
    for rows, scores in each():
        step = max(1, COUNTED_AT_ONCE // max(1, scores.shape[1]))
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            table[some] = _counts(scores[start : start + step, truth.counting], truth, some, borders)
    return Levels(table[:, 1, ::-1], table[:, 0, ::-1])


def pooled(levels: Levels, weights: np.ndarray) -> Counted:
    """True and false pairs by class over all samples; weights: how often each counts, shape (draw, sample)."""
    return Counted(weights @ levels.true.astype(float), weights @ levels.false.astype(float))


def _counts(scores: np.ndarray, truth: Truth, rows: np.ndarray, borders: np.ndarray) -> np.ndarray:
    levels = len(borders) + 1
    known = np.isfinite(scores)
    level = np.searchsorted(borders, scores, side="right")
    true = truth.edges[truth.group[rows]][:, truth.counting]
    place = (np.arange(len(rows))[:, None] * 2 + true) * levels + level
    return np.bincount(place[known], minlength=len(rows) * 2 * levels).reshape(len(rows), 2, levels)


def _borders(each: Each, truth: Truth) -> np.ndarray:
    """Quantiles of the strengths, over strengths drawn at random where there are many."""
    rng = np.random.default_rng(0)
    share = LOOKED_AT / max(1, len(truth.group) * int(truth.counting.sum()))
    parts = []
    for _, scores in each():
        flat = scores[:, truth.counting].ravel()
        if share < 1:
            flat = flat[rng.integers(0, len(flat), int(share * len(flat)))]
        parts.append(flat[np.isfinite(flat)])
    every = np.concatenate(parts)
    return np.unique(np.quantile(every, CLASSES).astype(every.dtype)) if len(every) else np.zeros(1)
