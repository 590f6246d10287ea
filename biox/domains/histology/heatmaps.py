"""From the relevance of single tiles to one heatmap of the whole slide, strip by strip.

Output pixel (i, j) covers the level-0 pixels from ``j * down`` to ``(j + 1) * down`` across and likewise downwards, so
a place on the slide and its place on the heatmap differ by the factor ``down`` and by nothing else. A tile's relevance
is resampled by area: with o_ai the length that output pixel a and tile pixel i share along one side, and w the window,

    value_a = sum_i o_ai w_i R_i / sum_i o_ai w_i,

the sums running over the pixels of all tiles that cover a. Where one tile lies alone, its relevance comes back as it
was; where tiles overlap, each counts the less the nearer its own border is, so no border shows.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from jaxtyping import Float32

Read = Callable[[np.ndarray], np.ndarray]
Strip = Float32[np.ndarray, "row column"]

AT_ONCE = 64
"""Tiles read together."""


@dataclass(frozen=True)
class Canvas:
    """Where a heatmap lies on its slide.

    width, height: of the slide, in level-0 pixels; mpp: micrometres per level-0 pixel along x and y.
    down: level-0 pixels along one side of a heatmap pixel.
    """

    width: int
    height: int
    mpp: tuple[float, float]
    down: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the heatmap; the last ones may reach beyond the slide."""
        return math.ceil(self.height / self.down - 1e-9), math.ceil(self.width / self.down - 1e-9)


def strips(read: Read, tiles: pd.DataFrame, canvas: Canvas, rows: int = 512) -> Iterator[Strip]:
    """The heatmap from top to bottom, ``rows`` rows at a time; NaN where no tile lies.

    read: gives the relevance of chosen rows of ``tiles``, shape (tile, h, w). Every tile is read once, and memory holds
        one strip and the tiles that reach below it, however large the slide is.
    tiles: in level-0 pixels ``x``, ``y`` (left top), ``size`` (width) and, where pixels are not square, ``size_y``.
    Unit: that of the relevance, per tile pixel: the mean over the area, not the sum.
    """
    height, width = canvas.shape
    places = _places(tiles, canvas.down)
    order = np.lexsort((places[:, 0], places[:, 1]))
    tops = np.floor(places[order, 1])
    reach = math.ceil(places[:, 3].max()) + 1 if len(places) else 0
    total, weight = (np.zeros((rows + reach, width), np.float32) for _ in range(2))
    done = 0
    for start in range(0, height, rows):
        end = min(start + rows, height)
        until = int(np.searchsorted(tops, end, "left"))
        for first in range(done, until, AT_ONCE):
            chosen = order[first : min(first + AT_ONCE, until)]
            for values, place in zip(read(chosen), places[chosen] - (0, start, 0, 0), strict=True):
                _add(total, weight, np.asarray(values, np.float32), place)
        done = until
        yield _mean(total[: end - start], weight[: end - start])
        for held in (total, weight):
            held[:reach] = held[rows:].copy()
            held[reach:] = 0


def difference(first: Iterable[Strip], second: Iterable[Strip]) -> Iterator[Strip]:
    """A class difference map: what speaks for the first target more than for the second; NaN where either lacks."""
    for one, other in zip(first, second, strict=True):
        yield one - other


def window(pixels: int) -> Float32[np.ndarray, "pixel"]:
    """The weight of a tile's pixels along one side, nearly 0 at its border; two tiles that share half add up to 1."""
    return (np.sin(np.pi * (np.arange(pixels) + 0.5) / pixels) ** 2).astype(np.float32)


def _mean(total: np.ndarray, weight: np.ndarray) -> Strip:
    return np.divide(total, weight, out=np.full(total.shape, np.nan, np.float32), where=weight > 0)


def _places(tiles: pd.DataFrame, down: float) -> np.ndarray:
    """Left, top, width and height of every tile in heatmap pixels, shape (tile, 4)."""
    high = tiles["size_y"] if "size_y" in tiles else tiles["size"]
    return np.column_stack([tiles["x"], tiles["y"], tiles["size"], high]).astype(float) / down


def _add(total: np.ndarray, weight: np.ndarray, values: np.ndarray, place: np.ndarray) -> None:
    """Add one tile to the sums; what lies beyond their edges is left out."""
    left, top, wide, high = (float(n) for n in place)
    (row, down), (column, across) = _shares(top, high, values.shape[0]), _shares(left, wide, values.shape[1])
    upper, lower = max(row, 0), min(row + len(down), len(total))
    first, last = max(column, 0), min(column + len(across), total.shape[1])
    if upper >= lower or first >= last:
        return
    down, across = down[upper - row : lower - row], across[first - column : last - column]
    total[upper:lower, first:last] += down @ values @ across.T
    weight[upper:lower, first:last] += down.sum(1)[:, None] * across.sum(1)[None]


def _shares(start: float, side: float, pixels: int) -> tuple[int, np.ndarray]:
    """First output pixel, and what each output pixel from there on takes of each tile pixel: overlap times window."""
    first = math.floor(start + 1e-6)
    return first, _matrix(round(max(start - first, 0.0), 6), side, pixels)


@lru_cache(maxsize=256)
def _matrix(start: float, side: float, pixels: int) -> np.ndarray:
    edges = start + side * np.arange(pixels + 1) / pixels
    places = np.arange(math.ceil(start + side - 1e-6))[:, None]
    shared = np.minimum(edges[1:], places + 1) - np.maximum(edges[:-1], places)
    # Less than a thousandth of a pixel is rounding, not overlap.
    return np.where(shared > 1e-3 * min(side / pixels, 1), shared, 0).astype(np.float32) * window(pixels)
