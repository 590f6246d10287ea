"""Slides written as tiled, pyramidal TIFF in bounded memory: from a function that gives any rectangle of pixels.

Only one row of tiles of each level is held at a time. The finest level goes straight to its file; as it passes, the
coarser ones are averaged from it and wait, compressed, in a spool beside the file.
"""

import io
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile
from jaxtyping import UInt8
from PIL import Image

from biox.core.files import whole

Block = Callable[[int, int, int, int], UInt8[np.ndarray, "y x 3"]]
SMALLEST = 512  # no side of the last level is longer
TILES_AT_ONCE = 8  # width of the rectangles that are asked for, in tiles


@dataclass(frozen=True)
class Layout:
    """How a slide is kept: side of its tiles, and JPEG of this quality (None: deflate, which loses nothing)."""

    tile: int = 256
    quality: int | None = 85
    description: str = ""


@dataclass(frozen=True)
class _Level:
    """One level on its way: its size, rows that do not fill a row of tiles yet, and tiles that wait in the spool."""

    height: int
    width: int
    spool: BinaryIO
    lengths: list[int] = field(default_factory=list)
    waiting: list[np.ndarray] = field(default_factory=list)


def write_pyramid(file: Path, size: tuple[int, int], block: Block, mpp: float, layout: Layout | None = None) -> None:
    """Write a slide of any size, red, green and blue, that OpenSlide, QuPath and tifffile open.

    size: height and width in pixels, of ``mpp`` micrometres each (kept as the file's resolution, from which OpenSlide
    tells ``openslide.mpp-x``). block(y, x, height, width) gives a rectangle of pixels, shape (height, width, 3); it is
    asked row by row and never twice. Each coarser level has half the pixels a side, the means of four.
    The file appears under its name when it is complete.
    """
    layout = layout or Layout()
    assert layout.tile % 16 == 0, f"the side of a tile is a multiple of 16, not {layout.tile}"
    with whole(file) as fresh, tempfile.TemporaryDirectory(dir=file.parent) as folder:
        levels = [
            _Level(height, width, (Path(folder) / str(number)).open("w+b"))
            for number, (height, width) in enumerate(_sizes(size))
        ]
        with tifffile.TiffWriter(fresh, bigtiff=True) as tiff:
            for number, level in enumerate(levels):
                tiles = _finest(block, levels, layout) if number == 0 else _spooled(level)
                shape = (level.height, level.width, 3)
                tiff.write(tiles, shape=shape, **_options(mpp * 2**number, layout, reduced=number > 0))
        for level in levels:
            level.spool.close()


def _options(mpp: float, layout: Layout, *, reduced: bool) -> dict[str, Any]:
    jpeg = {"compression": "jpeg", "photometric": "ycbcr", "subsampling": (2, 2)}
    return {
        "dtype": "uint8",
        "tile": (layout.tile, layout.tile),
        "resolution": (1e4 / mpp, 1e4 / mpp),
        "resolutionunit": "CENTIMETER",
        "subfiletype": int(reduced),
        "description": None if reduced else layout.description or None,
        "metadata": None,
        **({"compression": "zlib", "photometric": "rgb"} if layout.quality is None else jpeg),
    }


def _sizes(size: tuple[int, int]) -> list[tuple[int, int]]:
    sizes = [size]
    while max(sizes[-1]) > SMALLEST:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes


def _finest(block: Block, levels: list[_Level], layout: Layout) -> Iterator[bytes]:
    """The compressed tiles of the finest level; as they pass, those of the coarser levels are spooled."""
    height, width = levels[0].height, levels[0].width
    step = TILES_AT_ONCE * layout.tile
    for top in range(0, height, layout.tile):
        rows = min(layout.tile, height - top)
        parts = [block(top, left, rows, min(step, width - left)) for left in range(0, width, step)]
        band = np.concatenate(parts, axis=1)
        assert band.shape == (rows, width, 3), f"blocks of shape {band.shape}, expected {(rows, width, 3)}"
        # First, for the writer stops asking at the last tile.
        if len(levels) > 1:
            _pass_on(halved(band), levels[1:], layout, last=top + rows == height)
        yield from _compressed(band, layout)


def _pass_on(band: np.ndarray, levels: list[_Level], layout: Layout, *, last: bool) -> None:
    """Add rows to a level; when they fill a row of tiles, spool it and pass its half on to the next."""
    level = levels[0]
    level.waiting.append(band)
    if last or sum(len(part) for part in level.waiting) >= layout.tile:
        rows = np.concatenate(level.waiting)
        level.waiting.clear()
        for data in _compressed(rows, layout):
            level.lengths.append(level.spool.write(data))
        if len(levels) > 1:
            _pass_on(halved(rows), levels[1:], layout, last=last)


def _spooled(level: _Level) -> Iterator[bytes]:
    level.spool.seek(0)
    for length in level.lengths:
        yield level.spool.read(length)


def halved(band: UInt8[np.ndarray, "y x 3"]) -> UInt8[np.ndarray, "half_y half_x 3"]:
    """Half the pixels a side, each the mean of four; an odd last row or column counts double."""
    high, wide = band.shape[:2]
    if high % 2 or wide % 2:
        band = np.pad(band, ((0, high % 2), (0, wide % 2), (0, 0)), mode="edge")
    pairs = band[0::2].astype(np.uint16) + band[1::2]
    return ((pairs[:, 0::2] + pairs[:, 1::2] + 2) >> 2).astype(np.uint8)


def _compressed(band: UInt8[np.ndarray, "y x 3"], layout: Layout) -> Iterator[bytes]:
    """The tiles of a row, compressed; those at the edge are filled up with its last pixels."""
    tile = layout.tile
    for left in range(0, band.shape[1], tile):
        part = band[:, left : left + tile]
        missing = ((0, tile - part.shape[0]), (0, tile - part.shape[1]), (0, 0))
        if part.shape != (tile, tile, 3):
            part = np.pad(part, missing, mode="edge")
        if layout.quality is None:
            yield zlib.compress(part.tobytes(), 6)
        else:
            kept = io.BytesIO()
            Image.fromarray(np.ascontiguousarray(part)).save(kept, "JPEG", quality=layout.quality, subsampling=2)
            yield kept.getvalue()
