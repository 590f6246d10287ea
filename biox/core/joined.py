"""Arrays that lie in several places, one after the other, and are read as one."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from biox.core.arrays import IN_MEMORY_BYTES, Part, Stored


class Joined:
    """Stored arrays one after the other along the samples; gives rows as ``Stored`` does, each from where it lies."""

    def __init__(self, parts: Sequence[Stored]) -> None:
        self._parts = parts
        self._starts = np.cumsum([0, *(len(part) for part in parts)])
        self.shape: tuple[int, ...] = (int(self._starts[-1]), *parts[0].shape[1:])
        self.dtype, self.ndim = parts[0].dtype, parts[0].ndim

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        if isinstance(rows, int | np.integer):
            return self[np.array([rows])][0]
        out = np.empty((len(np.arange(len(self))[rows]), *self.shape[1:]), self.dtype)
        for number, here, own in parted(rows, self._starts):
            out[here] = self._parts[number][own]
        return out

    def subset(self, rows: np.ndarray) -> Part:
        """Some of the rows, still unread."""
        return Part(self, np.asarray(rows))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


def parted(rows: Any, starts: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Which part holds which of the wanted rows: number of the part, places in the answer, rows within the part.

    starts: the first row of every part, and the number of all rows.
    """
    wanted = np.arange(starts[-1])[rows]
    for number, (first, last) in enumerate(pairwise(starts)):
        here = np.flatnonzero((wanted >= first) & (wanted < last))
        if len(here):
            yield number, here, wanted[here] - first


def joined(arrays: Sequence[Any]) -> Any:
    """Zarr arrays one after the other: one of numpy where all together are small, otherwise read row by row."""
    parts = [Stored(array) for array in arrays]
    if sum(array.nbytes for array in arrays) <= IN_MEMORY_BYTES:
        return np.concatenate([np.asarray(part) for part in parts])
    return parts[0] if len(parts) == 1 else Joined(parts)
