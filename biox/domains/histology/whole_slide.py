"""A whole slide: opened, measured in micrometres, and read at the resolution that is asked for.

Places are level-0 pixels (those of the finest level), x to the right and y downwards from the top left corner. What
lies outside the slide, or was never scanned, is white.
"""

import math
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from openslide import OpenSlide, OpenSlideCache, OpenSlideError, OpenSlideUnsupportedFormatError
from PIL import Image

from biox.core.errors import InputError
from biox.domains.histology.absurd_slides import refuse_absurd

FORMATS = "SVS, NDPI, MRXS, SCN, tiled TIFF, DICOM and others"
# A pixel of a scanned slide is 0.1 to 1 micrometre; a file that says 353 holds the resolution of a screen (72 dpi).
MPP_RANGE = (0.05, 20.0)
# A level this near to the resolution asked for is taken as it is: resampling by so little only blurs.
NEAR = 0.02
CACHE_BYTES = 64 * 2**20
OPAQUE = 0xFF000000
MOST_READ = 2048  # pixels: side of the largest piece that is read at once for an overview


@dataclass(frozen=True)
class WholeSlide:
    """An open slide.

    mpp: micrometres per level-0 pixel along x and y. size: width and height in level-0 pixels. downsamples: how many
    level-0 pixels one pixel of each level is wide; the first is 1.
    """

    file: Path
    handle: OpenSlide
    mpp: tuple[float, float]
    size: tuple[int, int]
    downsamples: tuple[float, ...]


@dataclass(frozen=True)
class Sampling:
    """How a slide is read at one resolution: from which level, and how many level-0 pixels (x, y) make one pixel.

    mpp: micrometres per pixel of the result, that asked for or, where it is within 2 %, that of the level itself.
    """

    level: int
    step: tuple[float, float]
    mpp: float


def open_slide(file: Path, mpp: float | None = None) -> WholeSlide:
    """Open a slide in any format that OpenSlide knows.

    ``mpp`` is used where the file does not say its resolution, or one that no slide has (that of a screen). Raises
    InputError for a file that is missing or no slide, and where neither file nor ``mpp`` gives the resolution.
    """
    if not file.exists():
        raise InputError(f"There is no file {file}; expected a slide.")
    try:
        handle = OpenSlide(file)
        # One by one: the names of some damaged properties have no value.
        mpp_said = [handle.properties.get(f"openslide.mpp-{axis}") for axis in "xy"]
        size, downsamples = handle.dimensions, handle.level_downsamples
    except OpenSlideUnsupportedFormatError:
        raise InputError(
            f"{file} is no slide that OpenSlide can open ({FORMATS}){_beginning(file)}. Is the file whole?"
        ) from None
    except OpenSlideError as error:
        raise InputError(f"{file} cannot be opened; OpenSlide says: {error}. Copy the file again.") from None
    refuse_absurd(file, size, handle.properties)
    x, y = (_said(file, axis, said, mpp) for axis, said in zip("xy", mpp_said, strict=True))
    return WholeSlide(file, handle, (x, y), size, tuple(float(one) for one in downsamples))


def _said(file: Path, axis: str, text: str | None, mpp: float | None) -> float:
    """Micrometres per pixel along one axis, of the file or else of the settings."""
    try:
        found = float(text) if text is not None else math.nan
    except ValueError:
        found = math.nan
    for size in (found, math.nan if mpp is None else mpp):
        if MPP_RANGE[0] <= size <= MPP_RANGE[1]:
            return size
    said = "does not say how many micrometres a pixel is wide"
    if text is not None:
        said = f"says that a pixel is {text} micrometres wide, and slides have {MPP_RANGE[0]:g} to {MPP_RANGE[1]:g}"
    raise InputError(f"{file} {said} (openslide.mpp-{axis}); set `data.mpp`, or a column 'mpp' in the sheet of slides.")


def _beginning(file: Path) -> str:
    """The first words of a file that is text, to show what was taken for a slide."""
    if not file.is_file():
        return "; it is a folder"
    with file.open("rb") as stream:
        start = stream.read(40)
    if not start:
        return "; it is empty"
    return f"; it begins with the text {start.decode('ascii')!r}" if start.isascii() and b"\0" not in start else ""


def sampling(slide: WholeSlide, mpp: float) -> Sampling:
    """How to read a slide at ``mpp``: from the coarsest level that is fine enough. Too coarse a slide: InputError."""
    finest = max(slide.mpp)
    if finest > mpp * (1 + NEAR):
        raise InputError(
            f"{slide.file} has {finest:g} micrometres per pixel and cannot be read at {mpp:g}: that would invent "
            f"detail. Set the resolution of the tiles to {finest:g} or more."
        )
    fine = [level for level, down in enumerate(slide.downsamples) if down * finest <= mpp * (1 + NEAR)]
    level = max(fine, key=lambda level: slide.downsamples[level])
    down = slide.downsamples[level]
    if all(abs(down * own / mpp - 1) <= NEAR for own in slide.mpp):
        return Sampling(level, (down, down), down * (slide.mpp[0] + slide.mpp[1]) / 2)
    return Sampling(level, (mpp / slide.mpp[0], mpp / slide.mpp[1]), mpp)


def region(
    slide: WholeSlide, corner: tuple[float, float], size: tuple[int, int], how: Sampling
) -> UInt8[np.ndarray, "3 height width"]:
    """Part of a slide: ``size`` (width, height) pixels of the result, from the top left ``corner`` in level-0 pixels.

    Resampled with antialiasing, its corner placed exactly. Raises InputError where the slide cannot be read there.
    """
    down = slide.downsamples[how.level]
    if how.step == (down, down):
        return _on_white(_read(slide, (round(corner[0]), round(corner[1])), how.level, size)).transpose(2, 0, 1)
    scale = (how.step[0] / down, how.step[1] / down)
    (x, left, right, width), (y, top, bottom, height) = (
        _span(corner[axis] / down, size[axis] * scale[axis], scale[axis], slide.size[axis] / down) for axis in (0, 1)
    )
    start = (round(x * down), round(y * down))
    # The place in level 0 is a whole number; what rounding took away is given back here.
    shift = (x - start[0] / down, y - start[1] / down)
    box = (
        max(left + shift[0], 0.0),
        max(top + shift[1], 0.0),
        min(right + shift[0], float(width)),
        min(bottom + shift[1], float(height)),
    )
    found = Image.fromarray(np.ascontiguousarray(_on_white(_read(slide, start, how.level, (width, height)))))
    return np.asarray(found.resize(size, Image.Resampling.BILINEAR, box=box)).transpose(2, 0, 1)


def _span(start: float, length: float, reach: float, end: float) -> tuple[int, float, float, int]:
    """Which pixels of a level to read along one axis: first, where the part wanted starts and ends there, how many.

    The antialiasing filter reaches ``reach`` pixels further. Where the part lies within the slide (0 to ``end``), what
    is read does too: white from outside would otherwise be mixed into the slide's edge.
    """
    first, last = math.floor(start - reach) - 1, math.ceil(start + length + reach) + 1
    first = max(first, 0) if start >= 0 else first
    last = min(last, math.ceil(end)) if start + length <= end else last
    return first, start - first, start - first + length, last - first


def thumbnail(slide: WholeSlide, mpp: float) -> UInt8[np.ndarray, "height width 3"]:
    """The whole slide at low power, read piece by piece, so that it needs little memory without a pyramid too."""
    how = sampling(slide, max(mpp, *slide.mpp))
    width, height = (max(1, math.ceil(n / step)) for n, step in zip(slide.size, how.step, strict=True))
    found = np.empty((height, width, 3), np.uint8)
    piece = max(1, int(MOST_READ * slide.downsamples[how.level] / max(how.step)))
    for top in range(0, height, piece):
        for left in range(0, width, piece):
            size = (min(piece, width - left), min(piece, height - top))
            part = region(slide, (left * how.step[0], top * how.step[1]), size, how)
            found[top : top + size[1], left : left + size[0]] = part.transpose(1, 2, 0)
    return found


def overview(slide: WholeSlide, longest: int) -> UInt8[np.ndarray, "height width 3"]:
    """The whole slide as a picture whose longer side has about ``longest`` pixels (never more than the slide has)."""
    side_um = max(n * mpp for n, mpp in zip(slide.size, slide.mpp, strict=True))
    return thumbnail(slide, side_um / longest)


@lru_cache(maxsize=64)
def kept_open(file: Path, mpp: float | None, process: int) -> WholeSlide:
    """A slide that stays open in this process, by its number: handles must not cross a fork."""
    assert process == os.getpid()
    slide = open_slide(file, mpp)
    slide.handle.set_cache(_cache(process))
    return slide


@lru_cache(maxsize=1)
def _cache(process: int) -> OpenSlideCache:
    """One store of decoded blocks for all slides of a process, so that many slides need no more memory than one."""
    return OpenSlideCache(CACHE_BYTES)


def _read(slide: WholeSlide, start: tuple[int, int], level: int, size: tuple[int, int]) -> Image.Image:
    try:
        return slide.handle.read_region(start, level, size)
    except OpenSlideError as error:
        raise InputError(
            f"{slide.file} cannot be read at x {start[0]}, y {start[1]} (level {level}); OpenSlide says: {error}. "
            "The file is damaged or cut off: copy it again."
        ) from None


def _on_white(image: Image.Image) -> UInt8[np.ndarray, "height width 3"]:
    """Red, green and blue of a picture laid on white."""
    pixels = np.asarray(image)
    # Read as one number, the last of the four bytes (how opaque) counts most: all are opaque if the least one is.
    if pixels.view("<u4").min() < OPAQUE:
        pixels = np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image))
    return pixels[..., :3]
