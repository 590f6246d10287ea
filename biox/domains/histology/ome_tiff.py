"""A slide's heatmap as pyramidal OME-TIFF, placed on the slide by its pixel size: as colours and as numbers.

Two files, because no one format suits all readers. Colours are 8-bit RGB, deflate with horizontal differencing: QuPath,
tifffile and OpenSlide open them (OpenSlide as a generic tiled TIFF: it sees the finest level and the pixel size). The
numbers are float32, deflate without a predictor: Bio-Formats, with which QuPath reads OME-TIFF, refuses the
floating-point predictor. Both hold their coarser levels as SubIFDs, as OME-TIFF wants it.

The left top corner of the heatmap is that of the slide, and its pixel size in micrometres is the slide's times
``down``: a place x, y in level-0 pixels is at x / down, y / down here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
import tifffile
from jaxtyping import Float32, UInt8

from biox.core.files import whole
from biox.domains.histology.heat_levels import Levels
from biox.domains.histology.relevance_colours import opaque, steps

TILE = 256
DEFLATE_LEVEL = 3


@dataclass(frozen=True)
class _Kind:
    """How pixels are kept in a file: their type, samples a pixel, and what stands beyond the edge."""

    dtype: str
    samples: int
    blank: float
    options: dict[str, Any]


_NUMBERS = _Kind("float32", 1, np.nan, {"photometric": "minisblack"})
_COLOURS = _Kind("uint8", 3, 255, {"photometric": "rgb", "predictor": True})


def write_values(file: Path, levels: Levels, name: str, meaning: str) -> None:
    """Write a heatmap's numbers as float32; NaN where no tile lies.

    meaning: what the numbers are (target, model, unit), kept as the description of the image.
    """
    words = f"{meaning} A place x, y of the slide (level-0 pixels) is at x / {levels.canvas.down:g} here. NaN: no tile."
    _write(file, levels, (name, words), _NUMBERS, lambda _, values: values)


def write_colours(file: Path, levels: Levels, name: str, meaning: str, limits: tuple[float, ...]) -> None:
    """Write a heatmap as colours: blue against, red for, light grey zero, white where no tile lies.

    limits: the value of the deepest colour at each level, written into the description with ``meaning``.
    """
    scale = ", ".join(f"level {k} {limit:.4g}" for k, limit in enumerate(limits[: len(levels.arrays)]))
    words = (
        f"{meaning} Deepest blue: at most minus the limit, deepest red: at least the limit. Limits: {scale}. "
        f"A place x, y of the slide (level-0 pixels) is at x / {levels.canvas.down:g} here."
    )
    table = opaque()
    _write(file, levels, (name, words), _COLOURS, lambda level, values: table[steps(values, limits[level])])


def _write(
    file: Path,
    levels: Levels,
    names: tuple[str, str],
    kind: _Kind,
    shown: Callable[[int, np.ndarray], np.ndarray],
) -> None:
    """Stream all levels into one file; it appears under its name when it is complete."""
    canvas = levels.canvas
    pixel = [mpp * canvas.down for mpp in canvas.mpp]
    common: dict[str, Any] = {
        "dtype": kind.dtype,
        "tile": (TILE, TILE),
        "compression": "zlib",
        "compressionargs": {"level": DEFLATE_LEVEL},
        "resolutionunit": "CENTIMETER",
        "maxworkers": 1,
        **kind.options,
    }
    described = {
        "axes": "YXS" if kind.samples > 1 else "YX",
        "Name": names[0],
        "Description": names[1],
        # A name made of the content: equal heatmaps give equal files.
        "UUID": str(uuid5(NAMESPACE_OID, "".join(names))),
        **{f"PhysicalSize{axis}": size for axis, size in zip("XY", pixel, strict=True)},
        **{f"PhysicalSize{axis}Unit": "µm" for axis in "XY"},
        "Plane": {f"Position{axis}": [0.0] for axis in "XY"} | {f"Position{axis}Unit": ["µm"] for axis in "XY"},
    }
    with whole(file) as fresh, tifffile.TiffWriter(fresh, ome=True, bigtiff=True) as tiff:
        for level, array in enumerate(levels.arrays):
            shape = (*array.shape, kind.samples) if kind.samples > 1 else array.shape
            own: dict[str, Any] = {"subifds": len(levels.arrays) - 1, "metadata": described}
            own = own if level == 0 else {"subfiletype": 1}
            resolution = tuple(1e4 / (size * 2**level) for size in pixel)
            tiff.write(_tiles(levels, level, kind, shown), shape=shape, resolution=resolution, **common, **own)


def _tiles(
    levels: Levels, level: int, kind: _Kind, shown: Callable[[int, np.ndarray], np.ndarray]
) -> Iterator[Float32[np.ndarray, "256 256"] | UInt8[np.ndarray, "256 256 3"]]:
    """The tiles of one level, row by row; those at the edge are filled up."""
    high, wide = levels.arrays[level].shape
    for top in range(0, high, TILE):
        band = shown(level, levels.rows(level, top, min(top + TILE, high)))
        for left in range(0, wide, TILE):
            part = band[:, left : left + TILE]
            missing = [(0, TILE - part.shape[0]), (0, TILE - part.shape[1]), (0, 0)][: part.ndim]
            yield np.pad(part, missing, constant_values=kind.blank).astype(kind.dtype, copy=False)
