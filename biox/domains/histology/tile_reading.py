"""Tiles read from their slides, one after the other, in the order in which their compressed blocks lie."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np

from biox.domains.histology.whole_slide import Sampling, WholeSlide, kept_open, region, sampling

WIDEST = 2048  # pixels that are read at once, so that memory stays small


@dataclass(frozen=True)
class Source:
    """A slide's file; ``mpp`` only where the file does not say how many micrometres a level-0 pixel is wide."""

    file: Path
    mpp: float | None = None


@dataclass(frozen=True)
class Cut:
    """Tiles to read, in order: the slide of each, its corner in level-0 pixels, and where it goes in the result."""

    sources: tuple[Source, ...]
    x: np.ndarray
    y: np.ndarray
    place: np.ndarray

    def piece(self, start: int, stop: int) -> "Cut":
        """Some of the tiles."""
        return Cut(self.sources[start:stop], self.x[start:stop], self.y[start:stop], self.place[start:stop])


def fill(found: np.ndarray, cut: Cut, mpp: float) -> None:
    """Read tiles into their places in ``found``, shape (tile, 3, side, side)."""
    start = 0
    while start < len(cut.place):
        slide = kept_open(cut.sources[start].file, cut.sources[start].mpp, os.getpid())
        start = _fill_run(found, cut, start, slide, sampling(slide, mpp))


def fill_shared(name: str, shape: tuple[int, ...], cut: Cut, mpp: float) -> None:
    """The same in another process, into memory of that name."""
    shared = SharedMemory(name=name)
    try:
        found = np.ndarray(shape, np.uint8, shared.buf)
        fill(found, cut, mpp)
        del found
    finally:
        shared.close()


def _fill_run(found: np.ndarray, cut: Cut, start: int, slide: WholeSlide, how: Sampling) -> int:
    """Read tiles that lie side by side at once, from the ``start``-th on; the number of the first that is left."""
    side = found.shape[-1]
    offsets = list(_side_by_side(cut, start, slide.downsamples[how.level], how, side))
    corner = (float(cut.x[start]), float(cut.y[start]))
    whole = region(slide, corner, (offsets[-1] + side, side), how)
    for number, offset in enumerate(offsets, start=start):
        found[cut.place[number]] = whole[:, :, offset : offset + side]
    return start + len(offsets)


def _side_by_side(cut: Cut, start: int, down: float, how: Sampling, side: int) -> Iterator[int]:
    """How many pixels right of the ``start``-th tile it and the next ones begin, while each touches the last one."""
    yield 0
    last = 0
    for number in range(start + 1, len(cut.place)):
        offset = (cut.x[number] - cut.x[start]) / down
        # A tile that begins between two pixels of its level, or is resampled, is read by itself.
        together = how.step == (down, down) and offset == int(offset) and last <= offset <= last + side
        same = cut.sources[number] == cut.sources[start] and cut.y[number] == cut.y[start]
        if not (together and same and offset + side <= max(WIDEST, side)):
            return
        last = int(offset)
        yield last
