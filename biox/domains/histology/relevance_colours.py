"""Colours of relevance on slides: blue speaks against, red for; one scale of 255 steps in all files and in the viewer.

Relevance of single pixels is spiky, and its mean over larger areas is smaller the larger they are: on one scale for all
zooms an overview would be blank. Each zoom therefore has its own limit, the value that one in two hundred of its pixels
exceeds; the limits are written wherever the colours are.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, UInt8

EXCEEDED = 0.005
SAMPLED = 256
NONE, ZERO, STEPS = 0, 128, 127

# Blue and red of one lightness at equal distance from zero; told apart by the colour-blind (Brewer's RdBu ends).
_AGAINST = ((247, 247, 247), (146, 197, 222), (67, 147, 195), (33, 102, 172), (5, 48, 97))
_FOR = ((247, 247, 247), (244, 165, 130), (214, 96, 77), (178, 24, 43), (103, 0, 31))
_DEEP = {-1: ((67, 147, 195), (33, 102, 172), (8, 60, 140)), 1: ((244, 109, 67), (215, 48, 39), (165, 0, 38))}


def limits(read: Callable[[np.ndarray], np.ndarray], count: int, levels: int, finest: float = 1.0) -> tuple[float, ...]:
    """The value of the strongest colour at each zoom, finest first, from a sample of the study's tiles.

    read: relevance of chosen tiles, shape (tile, h, w); count: how many there are.
    finest: tile pixels along one side of a pixel of the finest level; every further level has twice as many. Beyond a
    whole tile the limit stays. Unit: that of relevance.
    """
    chosen = (
        np.unique(np.linspace(0, count - 1, min(count, SAMPLED)).round().astype(int)) if count else np.array([], int)
    )
    values = np.asarray(read(chosen), np.float32) if count else np.zeros((1, 1, 1), np.float32)
    found = []
    for level in range(levels):
        pooled = np.abs(_pooled(values, max(1, round(finest * 2**level))))
        found.append(float(np.quantile(pooled, 1 - EXCEEDED)) or float(pooled.max()) or 1.0)
    return tuple(found)


def steps(values: Float[np.ndarray, "*shape"], limit: float) -> UInt8[np.ndarray, "*shape"]:
    """The step of each value: 1 (limit against) over 128 (zero) to 255 (limit for); 0 where there is no tile (NaN)."""
    scaled = np.clip(np.nan_to_num(values / limit), -1, 1)
    return np.where(np.isfinite(values), ZERO + np.rint(STEPS * scaled), NONE).astype(np.uint8)


def opaque() -> UInt8[np.ndarray, "256 3"]:
    """The colour of every step on its own: white without a tile, light grey at zero, deep blue and red at the ends."""
    return np.concatenate([np.full((1, 3), 255, np.uint8), _both(_AGAINST, _FOR)])


def overlay() -> UInt8[np.ndarray, "256 4"]:
    """The colour of every step over a slide, with alpha: nothing at zero, nearly solid at the ends."""
    colours = _both(_DEEP[-1], _DEEP[1])
    share = np.abs(np.linspace(-1, 1, 2 * STEPS + 1))
    alpha = np.rint(235 * share**0.8).astype(np.uint8)
    return np.concatenate([np.zeros((1, 4), np.uint8), np.column_stack([colours, alpha])])


def _both(against: tuple, speaking: tuple) -> np.ndarray:
    parts = []
    for side, anchors in ((-1, against), (1, speaking)):
        places = np.linspace(0, 1, len(anchors))
        at = np.linspace(1, 0, STEPS + 1)[:-1] if side < 0 else np.linspace(0, 1, STEPS + 1)
        parts.append(np.stack([np.interp(at, places, c) for c in np.array(anchors, float).T], axis=1))
    return np.rint(np.concatenate(parts)).astype(np.uint8)


def _pooled(values: np.ndarray, side: int) -> np.ndarray:
    """Means over squares of a side; of the whole tile where the side is larger."""
    _, high, wide = values.shape
    a, b = min(side, high), min(side, wide)
    kept = values[:, : high // a * a, : wide // b * b]
    return kept.reshape(len(values), high // a, a, wide // b, b).mean((2, 4))
