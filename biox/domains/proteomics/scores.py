"""How well does a score put true edges before the others? AUROC, average precision and the precision of the strongest.

``Ranked`` holds a score in order, equal scores together; the functions then judge many alternatives of what is true at
once (the truth itself, and the same with its proteins shuffled), each a row of ``true``, shape (draw, pair).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ranked:
    """The pairs from the strongest to the weakest, shape (pair,), and where each level of equal scores starts."""

    order: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True)
class Counted:
    """True and false pairs on each level of a score from the strongest on, shape (draw, level)."""

    true: np.ndarray
    false: np.ndarray


def ranked(score: np.ndarray) -> Ranked:
    """A score of shape (pair,) in order; higher is stronger."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(score[order]) != 0]))
    return Ranked(order, starts)


def counted(found: Ranked, true: np.ndarray, weight: np.ndarray | None = None) -> Counted:
    """True and false pairs by level. true: shape (draw, pair); weight: how much each pair counts, of the same shape."""
    hits = true.astype(np.float32) if weight is None else true * weight.astype(np.float32)
    every = np.ones_like(hits) if weight is None else weight.astype(np.float32)
    up, whole = (np.add.reduceat(x[:, found.order], found.starts, axis=1, dtype=float) for x in (hits, every))
    return Counted(up, whole - up)


def auroc(found: Counted) -> np.ndarray:
    """How often a true pair is stronger than a false one, shape (draw,): 0.5 by chance; equal strengths count half."""
    weaker = found.false.sum(1, keepdims=True) - np.cumsum(found.false, axis=1)
    wins = (found.true * (weaker + found.false / 2)).sum(1)
    both = found.true.sum(1) * found.false.sum(1)
    return np.divide(wins, both, out=np.full(len(wins), np.nan), where=both > 0)


def average_precision(found: Counted) -> np.ndarray:
    """The area under the curve of precision over recall (AUPR), shape (draw,), as the sum of steps (as scikit-learn).

    By chance it is about the share of true pairs.
    """
    hits = np.cumsum(found.true, axis=1)
    every = hits + np.cumsum(found.false, axis=1)
    precision = np.divide(hits, every, out=np.zeros_like(hits), where=every > 0)
    total = hits[:, -1]
    area = (found.true * precision).sum(1)
    return np.divide(area, total, out=np.full(len(area), np.nan), where=total > 0)


def precision_of_top(found: Counted, k: int) -> np.ndarray:
    """The share of true pairs among the k strongest, shape (draw,); of a level that is cut, its expected share."""
    every = found.true + found.false
    before = np.cumsum(every, axis=1) - every
    taken = np.clip(k - before, 0, every)
    share = np.divide(found.true, every, out=np.zeros_like(every), where=every > 0)
    total = taken.sum(1)
    return np.divide((share * taken).sum(1), total, out=np.full(len(total), np.nan), where=total > 0)
