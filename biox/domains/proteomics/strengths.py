"""How strong every pair of proteins is in every sample: |influence|, in pieces so that any cohort fits in memory.

What does not fit is computed once and kept in a temporary file (4 bytes a sample and pair), for it is gone through
several times, and by pairs, while influences lie on disk by samples.

Undirected: 0.5 (|R_ij| + |R_ji|) for i < j; directed: |R_ij| for all i != j (source i, target j).
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

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

    place: the row of ``samples`` that each row of the influence belongs to. held: all strengths, float32 of shape
    (sample, pair), or the nameless temporary file that holds them.
    """

    influence: Influence
    samples: pd.DataFrame
    place: np.ndarray
    pairs: Pairs
    held: np.ndarray | IO[bytes]


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
    if 4 * len(own) * len(pairs.a) > limit:
        return Strengths(influence, own, place, pairs, _in_file(influence, place, pairs))
    return Strengths(influence, own, place, pairs, _in_memory(influence, place, pairs))


def blocks(found: Strengths, *, limit: int = HELD_BYTES) -> Iterator[tuple[slice, np.ndarray]]:
    """All strengths in blocks of pairs: the pairs, and their strengths, shape (sample, pair), float32; NaN: missing.

    What lies in a file comes in blocks of at most ``limit`` bytes.
    """
    count, samples = len(found.pairs.a), len(found.samples)
    if isinstance(found.held, np.ndarray):
        yield slice(0, count), found.held
        return
    step = max(1, limit // (4 * max(1, samples)))
    for start in range(0, count, step):
        part = slice(start, min(count, start + step))
        table = np.empty((samples, part.stop - part.start), np.float32)
        for row in range(samples):
            found.held.seek(4 * (row * count + start))
            table[row] = np.frombuffer(found.held.read(4 * table.shape[1]), np.float32)
        yield part, table


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
    if not isinstance(found.held, np.ndarray):
        yield from _computed(found.influence, found.place, found.pairs)
        return
    for start in range(0, len(found.samples), step):
        rows = np.arange(start, min(start + step, len(found.samples)))
        yield rows, found.held[rows]


def _in_memory(influence: Influence, place: np.ndarray, pairs: Pairs) -> np.ndarray:
    table = np.empty((len(place), len(pairs.a)), np.float32)
    for rows, values in _computed(influence, place, pairs):
        table[rows] = values
    return table


def _in_file(influence: Influence, place: np.ndarray, pairs: Pairs) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed, and with that gone, when nobody holds it any more
    for rows, values in _computed(influence, place, pairs):
        for row, one in zip(rows, np.ascontiguousarray(values), strict=True):
            file.seek(4 * int(row) * len(pairs.a))
            file.write(one.tobytes())
    return file


def _computed(influence: Influence, place: np.ndarray, pairs: Pairs) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    step = max(1, READ_VALUES // pairs.proteins**2)
    for start in range(0, len(place), step):
        yield place[start : start + step], pairs.of(np.abs(np.asarray(influence.values[start : start + step])))
