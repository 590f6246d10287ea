"""Nuclei drawn: each a small square of pixels, worked out many at a time and laid on a canvas one by one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from biox.domains.histology.cells import TUMOUR, Cells
from biox.domains.histology.ground import Region
from biox.domains.histology.textures import SPECKLE_PX, TEXEL_UM, speckle

AT_ONCE = 192  # nuclei worked out together: their squares stay in the processor's cache
STRAY = 0.35  # no outline strays farther from its ellipse, as a share of the radius
CLASSES_UM = (3.2, 5.0, 9.5)  # half lengths: nuclei up to each are drawn in squares of that size


@dataclass(frozen=True)
class Stamps:
    """Outlines of some nuclei, each in a square of pixels with the nucleus in the middle.

    rows, columns: first row and column of each square in its region (may be negative). along, aside, distance: place
    of each pixel along the long and the short axis, in units of these, and from the centre. cover: 0 to 1.
    """

    cells: Cells
    rows: np.ndarray
    columns: np.ndarray
    along: Float[np.ndarray, "nucleus y x"]
    aside: Float[np.ndarray, "nucleus y x"]
    distance: Float[np.ndarray, "nucleus y x"]
    cover: Float[np.ndarray, "nucleus y x"]


def nuclear_stain(cells: Cells, region: Region, mpp: float) -> Float[np.ndarray, "y x"]:
    """How much haematoxylin the nuclei hold at each pixel; where nuclei overlap the darker one counts."""
    canvas = np.zeros((region.height, region.width), np.float32)
    for stamps in _stamps(cells, region, mpp):
        _lay(canvas, stamps, stamps.cover * _chromatin(stamps, mpp))
    return canvas


def tumour_nuclei(cells: Cells, region: Region, mpp: float) -> np.ndarray:
    """Which pixels belong to the nucleus of a tumour cell (covered by at least half), shape (y, x), bool."""
    canvas = np.zeros((region.height, region.width), bool)
    for stamps in _stamps(cells.take(cells.kind == TUMOUR), region, mpp):
        _lay(canvas, stamps, stamps.cover >= 0.5)
    return canvas


def _lay(canvas: np.ndarray, stamps: Stamps, values: np.ndarray) -> None:
    """Lay the squares on the canvas, the larger value on top; what reaches over the edge is cut."""
    side, (height, width) = values.shape[1], canvas.shape
    for y, x, square in zip(stamps.rows.tolist(), stamps.columns.tolist(), values, strict=True):
        if y >= 0 and x >= 0 and y + side <= height and x + side <= width:
            part = canvas[y : y + side, x : x + side]
            np.maximum(part, square, out=part)
        elif y < height and x < width and y + side > 0 and x + side > 0:
            top, left = max(-y, 0), max(-x, 0)
            part = canvas[y + top : y + side, x + left : x + side]
            np.maximum(part, square[top : top + part.shape[0], left : left + part.shape[1]], out=part)


def _stamps(cells: Cells, region: Region, mpp: float) -> Iterator[Stamps]:
    """All nuclei that may touch the region, in groups of like size."""
    extent = cells.long * (1 + STRAY * np.minimum(1, 3 * cells.irregular)) + mpp
    smallest = 0.0
    for largest in CLASSES_UM:
        within = (extent > smallest) & (extent <= largest) | ((largest == CLASSES_UM[-1]) & (extent > largest))
        half = int(np.ceil(largest / mpp)) + 1
        rows = np.flatnonzero(within)
        for start in range(0, len(rows), AT_ONCE):
            yield _drawn(cells.take(rows[start : start + AT_ONCE]), region, mpp, half)
        smallest = largest


def _drawn(cells: Cells, region: Region, mpp: float, half: int) -> Stamps:
    """The squares of some nuclei, 2 ``half`` + 1 pixels a side, the nucleus in the middle."""
    top, left = (np.floor(at / mpp).astype(np.int64) - half for at in (cells.y, cells.x))
    steps = np.arange(2 * half + 1)
    down = (((top[:, None] + steps + 0.5) * mpp) - cells.y[:, None]).astype(np.float32)
    across = (((left[:, None] + steps + 0.5) * mpp) - cells.x[:, None]).astype(np.float32)
    cos, sin = np.cos(cells.angle).astype(np.float32)[:, None], np.sin(cells.angle).astype(np.float32)[:, None]
    a, b = cells.long.astype(np.float32)[:, None], cells.short.astype(np.float32)[:, None]
    # Place along the long and the short axis in units of these axes: the ellipse's edge is at distance 1.
    p = (across * cos / a)[:, None, :] + (down * sin / a)[:, :, None]
    s = (down * cos / b)[:, :, None] - (across * sin / b)[:, None, :]
    pp, ss = p * p, s * s
    distance = np.sqrt(pp + ss)
    edge = 1 + _stray(cells, (p, s, pp, ss))
    sharpness = (b / max(0.45, 0.8 * mpp))[:, :, None].astype(np.float32)
    cover = np.clip((edge - distance) * sharpness + 0.5, 0, 1)
    return Stamps(cells, top - region.y, left - region.x, along=p, aside=s, distance=distance, cover=cover)


def _stray(cells: Cells, place: tuple[np.ndarray, ...]) -> np.ndarray:
    """How far each outline lies outside (or inside) its ellipse: bulges of three and of two lobes, at random angles."""
    p, s, pp, ss = place
    size = cells.irregular
    turn = (cells.pick % 628) / 100
    k1, k2, k3 = ((1.6 * size * np.cos(turn * m)).astype(np.float32)[:, None, None] for m in (1, 2.3, 3.7))
    three = k1 * p * (pp - 3 * ss) + k2 * s * (3 * pp - ss)
    return np.clip(three + k3 * p * s, -STRAY, STRAY)


def _chromatin(stamps: Stamps, mpp: float) -> Float[np.ndarray, "nucleus y x"]:
    """How dark the inside of each nucleus is: clumps, a membrane where chromatin is coarse, and a nucleolus."""
    pick = stamps.cells.pick
    steps = np.round(np.arange(stamps.cover.shape[1]) * mpp / TEXEL_UM).astype(np.int64)
    rows = (pick[:, None] + steps) % SPECKLE_PX
    columns = (pick[:, None] // SPECKLE_PX + steps) % SPECKLE_PX
    clumps = speckle().ravel().take((rows * SPECKLE_PX)[:, :, None] + columns[:, None, :])
    dark, coarse, nucleolus = (
        getattr(stamps.cells, name).astype(np.float32)[:, None, None] for name in ("dark", "coarse", "nucleolus")
    )
    rim = np.maximum(0, 1 - np.abs(stamps.distance - np.float32(0.85)) * np.float32(5))
    y, x = (np.float32(0.3) * turned(pick / 1000).astype(np.float32)[:, None, None] for turned in (np.sin, np.cos))
    dot = np.maximum(0, 1 - ((stamps.along - x) ** 2 + (stamps.aside - y) ** 2) * np.float32(9))
    return dark * (1 - coarse * np.float32(0.9) + coarse * (clumps + 2 * rim) + np.float32(0.7) * nucleolus * dot)
