"""How strong every pair of proteins is in every sample: |influence|, read in pieces so that any cohort fits in memory.

Undirected: 0.5 (|R_ij| + |R_ji|) for i < j; directed: |R_ij| for all i != j (source i, target j).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.graph_types import Influence

HELD_BYTES = 2**29  # strengths kept in memory at once
READ_VALUES = 2**24  # values of an influence read at once
SORTED_VALUES = 2**22  # strengths sorted or ranked at once


@dataclass(frozen=True)
class Pairs:
    """Pairs of proteins by number: ``a`` and ``b``, shape (pair,). Undirected: a < b; directed: source a, target b."""

    a: np.ndarray
    b: np.ndarray
    directed: bool
    proteins: int

    def of(self, matrix: np.ndarray) -> np.ndarray:
        """The values of a (..., source, target) matrix at the pairs; undirected: the mean of both directions."""
        forward = matrix[..., self.a, self.b]
        return forward if self.directed else 0.5 * (forward + matrix[..., self.b, self.a])


@dataclass(frozen=True)
class Strengths:
    """The strengths of one arm: ``samples`` are the rows of the cohort's table that it explains, in their order.

    place: the row of ``samples`` that each row of the influence belongs to. held: all strengths (sample, pair) where
    they fit in memory, else None.
    """

    influence: Influence
    samples: pd.DataFrame
    place: np.ndarray
    pairs: Pairs
    held: np.ndarray | None


def unordered(proteins: int) -> Pairs:
    """All pairs i < j."""
    a, b = np.triu_indices(proteins, 1)
    return Pairs(a, b, False, proteins)


def ordered(proteins: int) -> Pairs:
    """All pairs i != j, in both directions."""
    a, b = np.nonzero(~np.eye(proteins, dtype=bool))
    return Pairs(a, b, True, proteins)


def strengths(influence: Influence, samples: pd.DataFrame, pairs: Pairs, *, limit: int = HELD_BYTES) -> Strengths:
    """The strengths of the samples (rows of the cohort's table) that an influence explains; ``limit`` in bytes."""
    where = pd.Series(np.arange(len(influence.samples)), index=influence.samples["sample"].to_numpy())
    if not where.index.is_unique:
        raise ValueError(f"The influence of {influence.variant!r} holds a sample twice.")
    own = samples[samples["sample"].isin(where.index)].reset_index(drop=True)
    if len(own) != len(where):
        raise ValueError(f"The influence of {influence.variant!r} holds samples that the cohort does not have.")
    place = np.empty(len(where), np.int64)
    place[where.loc[own["sample"]].to_numpy()] = np.arange(len(own))
    made = Strengths(influence, own, place, pairs, None)
    if 4 * len(own) * len(pairs.a) > limit:
        return made
    return Strengths(influence, own, place, pairs, _read(made, slice(0, len(pairs.a))))


def blocks(found: Strengths, *, limit: int = HELD_BYTES) -> Iterator[tuple[slice, np.ndarray]]:
    """All strengths in blocks of pairs: the pairs, and their strengths, shape (sample, pair), float32; NaN: missing.

    What does not fit in ``limit`` bytes is read again for every block.
    """
    count = len(found.pairs.a)
    if found.held is not None:
        yield slice(0, count), found.held
        return
    step = max(1, limit // (4 * max(1, len(found.samples))))
    for start in range(0, count, step):
        part = slice(start, min(count, start + step))
        yield part, _read(found, part)


def pieces(found: Strengths) -> Iterator[tuple[slice, np.ndarray]]:
    """The same in blocks so small that they can be sorted several times over."""
    step = max(1, SORTED_VALUES // max(1, len(found.samples)))
    for part, values in blocks(found):
        for start in range(0, values.shape[1], step):
            stop = min(values.shape[1], start + step)
            yield slice(part.start + start, part.start + stop), values[:, start:stop]


def by_samples(found: Strengths) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same in blocks of samples: their rows in ``samples``, and their strengths of all pairs."""
    step = max(1, READ_VALUES // found.pairs.proteins**2)
    for start in range(0, len(found.place), step):
        rows = found.place[start : start + step]
        if found.held is not None:
            yield rows, found.held[rows]
        else:
            yield rows, _of(found.influence.values[start : start + step], found.pairs, slice(None))


def _read(found: Strengths, part: slice) -> np.ndarray:
    table = np.empty((len(found.place), part.stop - part.start), np.float32)
    step = max(1, READ_VALUES // found.pairs.proteins**2)
    for start in range(0, len(found.place), step):
        values = found.influence.values[start : start + step]
        table[found.place[start : start + step]] = _of(values, found.pairs, part)
    return table


def _of(values: np.ndarray, pairs: Pairs, part: slice) -> np.ndarray:
    size = np.abs(np.asarray(values, np.float32))
    forward = size[:, pairs.a[part], pairs.b[part]]
    return forward if pairs.directed else 0.5 * (forward + size[:, pairs.b[part], pairs.a[part]])
