"""Chance: the known graph with its proteins shuffled, so that it keeps its hubs and its shape but not its place."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from biox.domains.proteomics.scores import Counted, Ranked, counted
from biox.domains.proteomics.strengths import Pairs

CHUNK_VALUES = 2**22
MOST_VALUES = 2**30  # pairs of all shufflings together: larger graphs are shuffled less often


@dataclass(frozen=True)
class Asked:
    """What a score is held against: the pairs that count (numbers into ``pairs``), which of them are true, and the
    matrices behind them, shape (protein, protein).

    spoken_of: the proteins that the known graph speaks of, by number. same: pairs of one protein, left out of what
    counts, or None where they count.
    """

    pairs: Pairs
    counting: np.ndarray
    true: np.ndarray
    matrix: np.ndarray
    spoken_of: np.ndarray
    same: np.ndarray | None


def asked(pairs: Pairs, usable: np.ndarray, known: np.ndarray, spoken_of: np.ndarray, same: np.ndarray | None) -> Asked:
    """usable: pairs that every method has a score for, shape (pair,); known: the true edges, shape (source, target)."""
    inside = np.zeros(pairs.proteins, bool)
    inside[spoken_of] = True
    counts = usable & inside[pairs.a] & inside[pairs.b]
    if same is not None:
        counts &= ~same[pairs.a, pairs.b]
    counting = np.flatnonzero(counts)
    matrix = known if pairs.directed else known | known.T
    return Asked(pairs, counting, matrix[pairs.a[counting], pairs.b[counting]], matrix, spoken_of, same)


def shufflings(question: Asked, wanted: int) -> int:
    """How many shufflings are made where so many are wanted: fewer of very large graphs."""
    return min(wanted, max(1, MOST_VALUES // max(1, len(question.counting))))


def shuffled(question: Asked, score: Ranked, *, draws: int, seed: int) -> Iterator[Counted]:
    """True and false pairs by level of a score, for the known graph with its proteins shuffled, in chunks of draws.

    Where pairs of one protein do not count, they do not count after shuffling either: neither those of the score nor
    those of the shuffled graph.
    """
    rng = np.random.default_rng(seed)
    count = len(question.counting)
    draws = shufflings(question, draws)
    a, b = question.pairs.a[question.counting], question.pairs.b[question.counting]
    step = max(1, CHUNK_VALUES // max(1, count))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        order = np.tile(np.arange(question.pairs.proteins), (size, 1))
        order[:, question.spoken_of] = rng.permuted(np.tile(question.spoken_of, (size, 1)), axis=1)
        one, other = order[:, a], order[:, b]
        weight = None if question.same is None else ~question.same[one, other]
        yield counted(score, question.matrix[one, other], weight)


def chance(observed: float, null: np.ndarray) -> float:
    """The share of shufflings (the one observed among them) that reach the figure, counted to rounding."""
    null = null[np.isfinite(null)]
    return float((1 + (null >= observed - 1e-12).sum()) / (1 + len(null))) if np.isfinite(observed) else np.nan
