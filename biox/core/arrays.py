"""Arrays that may be larger than memory: rows are read when they are asked for."""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from biox.core.bombs import refuse_size
from biox.core.errors import InputError
from biox.core.sealed import readable

IN_MEMORY_BYTES = 2**28
NUMBERS = "fiub"


class Stored:
    """A zarr array that gives its rows as numpy arrays: by number, slice, integer rows or a mask."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.dtype = np.dtype(array.dtype)
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        with readable(self._array.store_path):
            return self._rows(rows)

    def _rows(self, rows: Any) -> np.ndarray:
        if isinstance(rows, int | slice | np.integer):
            return np.asarray(self._array[rows])
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        # Each chunk is decoded once: zarr wants rows in ascending order for that.
        order, back = np.unique(rows, return_inverse=True)
        return np.asarray(self._array.get_orthogonal_selection((order,)))[back]

    def subset(self, rows: np.ndarray) -> "Part":
        """Some of the rows, still unread."""
        return Part(self, np.asarray(rows))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        with readable(self._array.store_path):
            return np.asarray(self._array[:], dtype=dtype)


class Part:
    """Some rows of an array on disk (``Stored``, or several of them), still unread."""

    def __init__(self, whole: Any, rows: np.ndarray) -> None:
        self._whole, self._rows = whole, rows
        self.shape: tuple[int, ...] = (len(rows), *whole.shape[1:])
        self.dtype, self.ndim = whole.dtype, whole.ndim

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self._whole[self._rows[rows]]

    def subset(self, rows: np.ndarray) -> "Part":
        """Some of these rows, still unread."""
        return Part(self._whole, self._rows[rows])


def stored(path: Path) -> Any:
    """A zarr array on disk, unread. Raises InputError where it is none of ours: of version 3, of plain numbers.

    Earlier versions may name any filter that is installed, among them one that runs what it finds in the file.
    """
    import zarr

    found = zarr.open_array(path, mode="r")
    if found.metadata.zarr_format != 3 or found.dtype.kind not in NUMBERS:
        raise InputError(f"{path} holds no plain numbers as biox stores them; run the step that makes it again.")
    refuse_size(path, math.prod(found.chunks) * found.dtype.itemsize, "a piece of it")
    return found


def opened(array: Any) -> Any:
    """A zarr array as one of numpy where it is small (IN_MEMORY_BYTES), otherwise row by row."""
    small = array.nbytes <= IN_MEMORY_BYTES
    return np.asarray(array[:]) if small else Stored(array)


def room(shape: tuple[int, ...]) -> np.ndarray:
    """An empty float32 array to be filled: in memory where it is small, otherwise in a file that vanishes with it."""
    if 4 * int(np.prod(shape)) <= IN_MEMORY_BYTES:
        return np.empty(shape, np.float32)
    return np.memmap(tempfile.TemporaryFile(), np.float32, "w+", shape=shape)


def in_rows(x: Any, rows_at_once: int) -> Iterator[np.ndarray]:
    """An array-like piece by piece, in order."""
    for start in range(0, x.shape[0], rows_at_once):
        yield np.asarray(x[start : start + rows_at_once])


def rows_within(shape: tuple[int, ...], limit_bytes: int, most: int) -> int:
    """How many samples of ``shape`` (sample, *feature) in float32 stay within a number of bytes; 1 to ``most``."""
    return int(min(most, max(1, limit_bytes // max(1, 4 * int(np.prod(shape[1:]))))))


def chosen(x: Any, rows: np.ndarray) -> Any:
    """Some samples of an array-like, unread where it is lazy: ``x.subset(rows)`` where it has that, else its rows."""
    return x.subset(rows) if hasattr(x, "subset") else x[rows]
