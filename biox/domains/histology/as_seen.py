"""A slide as the model saw it: what a study planted on tiles after reading them is laid over pictures of the slide."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import UInt8

Picture = UInt8[np.ndarray, "row column 3"]
Lay = Callable[[Picture, tuple[float, float], float], Picture]
"""From a picture, its left top corner and the width of its pixels (both in level-0 pixels) to the picture as seen."""

AT_ONCE = 64


def untouched(picture: Picture, corner: tuple[float, float], down: float) -> Picture:
    """The picture as it is: for studies that plant nothing."""
    return picture


def as_seen(x: Any, rows: np.ndarray, tiles: pd.DataFrame) -> Lay:
    """How pictures of one slide are changed to show what was planted on its tiles; ``untouched`` without any.

    x: the cohort's pixels, with ``artefact_mask`` where something was planted; rows: of the tiles that carry it.
    tiles: one row for each of these, with ``x``, ``y`` and ``size`` in level-0 pixels.
    """
    if not len(rows) or not hasattr(x, "artefact_mask"):
        return untouched
    left, top, side = (tiles[name].to_numpy(float) for name in ("x", "y", "size"))

    def lay(picture: Picture, corner: tuple[float, float], down: float) -> Picture:
        high, wide = picture.shape[:2]
        beside = (left + side <= corner[0]) | (left >= corner[0] + wide * down)
        above = (top + side <= corner[1]) | (top >= corner[1] + high * down)
        there = np.flatnonzero(~beside & ~above)
        laid = picture.copy() if len(there) else picture
        for first in range(0, len(there), AT_ONCE):
            chosen = there[first : first + AT_ONCE]
            pixels, masks = x[rows[chosen]], x.artefact_mask(rows[chosen])
            for k, tile, mask in zip(chosen, pixels, masks, strict=True):
                place = ((left[k] - corner[0]) / down, (top[k] - corner[1]) / down)
                _paste(laid, tile.transpose(1, 2, 0), mask, (*place, side[k] / down))
        return laid

    return lay


def _paste(picture: Picture, tile: np.ndarray, mask: np.ndarray, place: tuple[float, float, float]) -> None:
    """Put a tile's masked pixels where they belong; ``place``: its left, top and side in pixels of the picture."""
    left, top, side = place
    rows = np.arange(max(0, round(top)), min(picture.shape[0], round(top + side)))
    columns = np.arange(max(0, round(left)), min(picture.shape[1], round(left + side)))
    from_rows = np.clip((rows + 0.5 - top) / side * tile.shape[0], 0, tile.shape[0] - 1).astype(int)
    from_columns = np.clip((columns + 0.5 - left) / side * tile.shape[1], 0, tile.shape[1] - 1).astype(int)
    shown = mask[np.ix_(from_rows, from_columns)]
    target = picture[rows[:, None], columns[None]]
    target[shown] = tile[np.ix_(from_rows, from_columns)][shown]
    picture[rows[:, None], columns[None]] = target
