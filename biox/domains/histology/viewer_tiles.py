"""Small pictures of a slide and its heatmap for the report's viewer: at every zoom, cut into squares.

They lie in files beside the page, not inside it: of a page of 50 slides one looks at few, and a browser loads only the
squares in sight. A level halves the one before; square ``{level}_{column}_{row}`` of level 0 is of the coarsest.
A slide is shown no finer than it takes to keep its longer side within ``LONGEST`` pixels, which is 5 to 10 MB a slide.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from biox.domains.histology.as_seen import Lay, untouched
from biox.domains.histology.heat_levels import Levels
from biox.domains.histology.relevance_colours import NONE, overlay, steps
from biox.domains.histology.whole_slide import Sampling, WholeSlide, region

SQUARE = 512
LONGEST = 4096
JPEG_QUALITY = 82
WHITE = 250
"""A square all of whose values exceed this is left out: it shows nothing."""


@dataclass(frozen=True)
class Pictures:
    """One pyramid of squares in a folder.

    width, height: pixels of the finest level; levels: how many; down: level-0 pixels along one side of its pixel.
    absent: squares that show nothing and were not written.
    """

    folder: str
    ending: str
    width: int
    height: int
    levels: int
    down: float
    absent: tuple[str, ...]

    def described(self) -> dict[str, Any]:
        """As the page needs it; ``biox.report.viewer`` reads it."""
        names = ("folder", "ending", "width", "height", "levels", "down")
        return {**{name: getattr(self, name) for name in names}, "absent": list(self.absent), "square": SQUARE}


def finest_down(width: int, height: int, longest: int = LONGEST) -> int:
    """How many level-0 pixels make one of the viewer: the smallest power of two that keeps the slide small enough."""
    return 2 ** max(0, math.ceil(math.log2(max(width, height) / longest) - 1e-9))


def slide_pictures(slide: WholeSlide, folder: Path, down: int, lay: Lay = untouched) -> Pictures:
    """Write the pictures of a slide as JPEG, changed by ``lay``. Raises InputError where the slide cannot be read."""
    width, height = (math.ceil(n / down) for n in slide.size)
    fine = [level for level, there in enumerate(slide.downsamples) if there <= down * 1.001]
    how = Sampling(fine[-1], (float(down), float(down)), down * sum(slide.mpp) / 2)

    def square(left: int, top: int, size: tuple[int, int]) -> np.ndarray:
        corner = (left * down, top * down)
        return lay(region(slide, corner, size, how).transpose(1, 2, 0), corner, down)

    count = _levels(width, height)
    folder.mkdir(parents=True)
    absent = []
    for level, column, row, picture in _pyramid(square, width, height):
        name = f"{count - 1 - level}_{column}_{row}"
        if picture.min() > WHITE:
            absent.append(name)
        else:
            Image.fromarray(picture).save(folder / f"{name}.jpg", quality=JPEG_QUALITY)
    return Pictures(folder.name, "jpg", width, height, count, float(down), tuple(absent))


def heat_pictures(levels: Levels, folder: Path, finest: int, limits: tuple[float, ...]) -> Pictures:
    """Write the pictures of a heatmap as PNG with a palette, transparent where no tile lies, from level ``finest`` on.

    limits: the value of the strongest colour at each level of ``levels``.
    """
    arrays = levels.arrays[finest:]
    palette, alpha = overlay()[:, :3].tobytes(), overlay()[:, 3].tobytes()
    folder.mkdir(parents=True)
    absent = []
    for level, array in enumerate(arrays):
        high, wide = array.shape
        for top in range(0, high, SQUARE):
            band = steps(levels.rows(finest + level, top, min(top + SQUARE, high)), limits[finest + level])
            for left in range(0, wide, SQUARE):
                name = f"{len(arrays) - 1 - level}_{left // SQUARE}_{top // SQUARE}"
                part = band[:, left : left + SQUARE]
                if (part == NONE).all():
                    absent.append(name)
                    continue
                image = Image.fromarray(np.ascontiguousarray(part))
                image.putpalette(palette)
                image.save(folder / f"{name}.png", transparency=alpha, compress_level=4)
    high, wide = arrays[0].shape
    return Pictures(folder.name, "png", wide, high, len(arrays), levels.down(finest), tuple(absent))


def _levels(width: int, height: int) -> int:
    """How often a picture is halved until it fits one square, and once more counted for itself."""
    return 1 + max(0, math.ceil(math.log2(max(width, height) / SQUARE) - 1e-9))


def _pyramid(
    square: Callable[[int, int, tuple[int, int]], np.ndarray], width: int, height: int
) -> Iterator[tuple[int, int, int, UInt8[np.ndarray, "row column 3"]]]:
    """Every square of every level (0 the finest) with its column and row, from squares of the finest.

    A square of a coarser level comes as soon as the four below it are there, so few are held at any time.
    """

    def descend(level: int, column: int, row: int) -> Iterator[tuple[int, int, int, np.ndarray]]:
        side = SQUARE * 2**level
        if column * side >= width or row * side >= height:
            return
        if level == 0:
            size = (min(SQUARE, width - column * SQUARE), min(SQUARE, height - row * SQUARE))
            yield 0, column, row, square(column * SQUARE, row * SQUARE, size)
            return
        four = {}
        for down in (0, 1):
            for right in (0, 1):
                for made in descend(level - 1, 2 * column + right, 2 * row + down):
                    if made[0] == level - 1:
                        four[down, right] = made[3]
                    yield made
        yield level, column, row, _halved(_joined(four))

    yield from descend(_levels(width, height) - 1, 0, 0)


def _joined(four: dict[tuple[int, int], np.ndarray]) -> np.ndarray:
    rows = [[four[down, right] for right in (0, 1) if (down, right) in four] for down in (0, 1)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows if row], axis=0)


def _halved(picture: np.ndarray) -> np.ndarray:
    high, wide = picture.shape[:2]
    even = np.pad(picture, ((0, high % 2), (0, wide % 2), (0, 0)), mode="edge").astype(np.uint16)
    total = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return ((total + 2) // 4).astype(np.uint8)
