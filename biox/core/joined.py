"""Arrays that lie in several places, one after the other, and are read as one."""

from collections.abc import Sequence
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
        wanted = np.arange(len(self))[rows]
        out = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        for part, first, last in zip(self._parts, self._starts[:-1], self._starts[1:], strict=True):
            here = np.flatnonzero((wanted >= first) & (wanted < last))
            if len(here):
                out[here] = part[wanted[here] - first]
        return out

    def subset(self, rows: np.ndarray) -> Part:
        """Some of the rows, still unread."""
        return Part(self, np.asarray(rows))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


def joined(arrays: Sequence[Any]) -> Any:
    """Zarr arrays one after the other: one of numpy where all together are small, otherwise read row by row."""
    parts = [Stored(array) for array in arrays]
    if sum(array.nbytes for array in arrays) <= IN_MEMORY_BYTES:
        return np.concatenate([np.asarray(part) for part in parts])
    return parts[0] if len(parts) == 1 else Joined(parts)
