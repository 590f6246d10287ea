"""A heatmap on disk at every zoom: each level has half the pixels a side of the one before."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr

from biox.domains.histology.heatmaps import Canvas, Strip

CHUNK = 512
SMALLEST = 512
"""The last level has no side longer than this."""


@dataclass(frozen=True)
class Levels:
    """A slide's heatmap at every zoom, the finest first; NaN where no tile lies."""

    canvas: Canvas
    arrays: tuple[zarr.Array, ...]

    def down(self, level: int) -> float:
        """Level-0 pixels along one side of a pixel of a level."""
        return self.canvas.down * 2**level

    def rows(self, level: int, start: int, end: int) -> np.ndarray:
        """Some rows of a level, all its columns, as float32."""
        return np.asarray(self.arrays[level][start:end], np.float32)

    def whole(self, level: int) -> np.ndarray:
        """A level as one array; ask ``nearest`` for one that is small enough."""
        return self.rows(level, 0, self.arrays[level].shape[0])

    def nearest(self, down: float) -> int:
        """The finest level whose pixels are no finer than ``down`` level-0 pixels, or the last."""
        there = [k for k in range(len(self.arrays)) if self.down(k) >= down * 0.999]
        return there[0] if there else len(self.arrays) - 1


def write_levels(strips: Iterable[Strip], canvas: Canvas, folder: Path) -> Levels:
    """Write a heatmap strip by strip, then halve it until it is small: each pixel the mean of the covered of four."""
    arrays = [_new(folder / "0", canvas.shape)]
    start = 0
    for strip in strips:
        arrays[0][start : start + len(strip)] = strip
        start += len(strip)
    assert start == canvas.shape[0], f"{start} rows came, the canvas has {canvas.shape[0]}"
    while max(arrays[-1].shape) > SMALLEST:
        finer = arrays[-1]
        coarser = _new(folder / str(len(arrays)), (-(-finer.shape[0] // 2), -(-finer.shape[1] // 2)))
        for top in range(0, coarser.shape[0], CHUNK):
            for left in range(0, coarser.shape[1], 4 * CHUNK):
                rows, columns = slice(2 * top, 2 * (top + CHUNK)), slice(2 * left, 2 * (left + 4 * CHUNK))
                part = halved(np.asarray(finer[rows, columns]))
                coarser[top : top + part.shape[0], left : left + part.shape[1]] = part
        arrays.append(coarser)
    return Levels(canvas, tuple(arrays))


def halved(values: Strip) -> Strip:
    """Half the pixels a side: the mean of those of the four that are not NaN."""
    high, wide = values.shape
    even = np.pad(values, ((0, high % 2), (0, wide % 2)), constant_values=np.nan)
    there = np.isfinite(even)
    four = (-(-high // 2), 2, -(-wide // 2), 2)
    total = np.where(there, even, 0).reshape(four).sum((1, 3), dtype=np.float32)
    count = there.reshape(four).sum((1, 3), dtype=np.float32)
    return np.divide(total, count, out=np.full(total.shape, np.nan, np.float32), where=count > 0)


def _new(path: Path, shape: tuple[int, int]) -> zarr.Array:
    chunks = (min(CHUNK, shape[0]), min(CHUNK, shape[1]))
    return zarr.create_array(path, shape=shape, dtype="float32", chunks=chunks, fill_value=np.nan)
