"""How much relevance lies where no evidence should be: on ink, on white background, at the border, in the centre."""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Bool, UInt8
from scipy import ndimage

from biox.core.types import Cohort
from biox.domains.histology.measures import border, centre
from biox.domains.histology.out_of_fold import Heatmaps
from biox.domains.histology.quality import INKS, PALE, WHITE_FROM

AT_ONCE = 256
WIDE = np.ones((1, 3, 3), bool)  # ink is at least three pixels wide; the coloured fringes of optics are not
LEAST_INK = 0.005  # of a tile

Tiles = UInt8[np.ndarray, "tile 3 height width"]
Masks = Bool[np.ndarray, "tile height width"]


def inked(tiles: Tiles) -> Masks:
    """The pixels that are certainly pen, by their colour."""
    colours = tiles.astype(np.float32)
    certain = np.any([certain(colours) for certain, _ in INKS.values()], axis=0)
    return ndimage.binary_opening(certain, WIDE)


def white(tiles: Tiles) -> Masks:
    """The pixels that show bare glass."""
    most, least = tiles.max(1).astype(np.float32), tiles.min(1).astype(np.float32)
    return (most >= WHITE_FROM) & (most - least <= PALE * most)


def ink(cohort: Cohort, maps: Heatmaps) -> tuple[np.ndarray, np.ndarray]:
    """Share of each tile's |R| on ink, and share of its pixels; both 0 where there is next to no ink, shape (tile,)."""
    mass, area = (np.concatenate(parts) for parts in zip(*_shares(cohort, maps, inked), strict=True))
    marked = area >= LEAST_INK
    return mass * marked, area * marked


def area_shares(cohort: Cohort, maps: Heatmaps) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By name of the area: share of each tile's |R| in it, and share of its pixels, both (tile,)."""
    size = np.abs(maps.values)
    total = np.maximum(size.sum((1, 2)), 1e-12)
    found = {}
    for name, mask in (("centre", centre), ("border", border)):
        inside = mask(*size.shape[1:])
        found[name] = (size[:, inside].sum(1) / total, np.full(len(size), inside.mean()))
    for name, judge in (("white", white), ("ink", inked)):
        found[name] = tuple(np.concatenate(parts) for parts in zip(*_shares(cohort, maps, judge), strict=True))
    return found


def _shares(cohort: Cohort, maps: Heatmaps, judge: Callable[[Tiles], Masks]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, len(maps.rows), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        mask = judge(np.asarray(cohort.x[maps.rows[rows]]))
        size = np.abs(maps.values[rows])
        yield (size * mask).sum((1, 2)) / np.maximum(size.sum((1, 2)), 1e-12), mask.mean((1, 2))
