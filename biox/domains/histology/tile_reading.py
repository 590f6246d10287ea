"""Tiles read from their slides, one after the other, in the order in which their compressed blocks lie."""

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from biox.domains.histology.whole_slide import Sampling, WholeSlide, kept_open, region, sampling

MOST_PIXELS = 2**18  # that are read at once: more do not stay near the processor


@dataclass(frozen=True)
class Source:
    """A slide's file; ``mpp`` only where the file does not say how many micrometres a level-0 pixel is wide."""

    file: Path
    mpp: float | None = None


@dataclass(frozen=True)
class Cut:
    """Tiles to read, in order: the number of each one's slide among the sources, its corner in level-0 pixels, and
    where it goes in the result.
    """

    sources: tuple[Source, ...]
    slide: np.ndarray
    x: np.ndarray
    y: np.ndarray
    place: np.ndarray

    def piece(self, start: int, stop: int) -> "Cut":
        """Some of the tiles."""
        own = slice(start, stop)
        return Cut(self.sources, self.slide[own], self.x[own], self.y[own], self.place[own])


def fill(found: np.ndarray, cut: Cut, mpp: float) -> None:
    """Read tiles into their places in ``found``, shape (tile, 3, side, side)."""
    edges = [0, *(np.flatnonzero(np.diff(cut.slide)) + 1), len(cut.slide)]
    for start, stop in pairwise(edges):
        if start < stop:
            source = cut.sources[cut.slide[start]]
            slide = kept_open(source.file, source.mpp, os.getpid())
            _fill_from(found, cut.piece(start, stop), slide, sampling(slide, mpp))


def _fill_from(found: np.ndarray, cut: Cut, slide: WholeSlide, how: Sampling) -> None:
    """Read tiles of one slide; those that lie side by side at once."""
    side, down = found.shape[-1], slide.downsamples[how.level]
    x, y, place = cut.x.tolist(), cut.y.tolist(), cut.place.tolist()
    for start, stop in pairwise(_runs(cut, how, down, side)):
        width = round((x[stop - 1] - x[start]) / down) + side
        whole = region(slide, (x[start], y[start]), (width, side), how)
        for number in range(start, stop):
            left = round((x[number] - x[start]) / down)
            found[place[number]] = whole[:, :, left : left + side]


def _runs(cut: Cut, how: Sampling, down: float, side: int) -> list[int]:
    """Where runs of tiles begin that lie side by side, each touching or overlapping the last; and the end of all.

    A tile that begins between two pixels of its level, or is resampled, is a run of its own.
    """
    further = np.diff(cut.x) / down
    joined = (np.diff(cut.y) == 0) & (further >= 0) & (further <= side) & (further == np.round(further))
    most = max(1, MOST_PIXELS // side**2) if how.step == (down, down) else 1
    begins = [0]
    for number, joins in enumerate(joined.tolist(), start=1):
        if not joins or number - begins[-1] >= most:
            begins.append(number)
    return [*begins, len(cut.x)]
