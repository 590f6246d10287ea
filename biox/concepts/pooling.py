"""Heatmaps of any size as one row of numbers each, so that they can be compared.

Each heatmap is averaged over a coarse grid (a small shift of the same object must not count as a difference) and
divided by its length, so that the pattern counts and not the score: the Euclidean distance of two rows is then
sqrt(2 - 2 cos) of the angle between the two patterns.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch.nn.functional import adaptive_avg_pool2d

from biox.core.errors import InputError, listed

NUMBERS_AT_ONCE = 2**23  # 32 MB of float32: what is read at a time


class Heatmaps(Protocol):
    """Anything of shape (sample, height, width) that is read by rows: a numpy array, a zarr array, a lazy reader."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(sample, height, width)."""
        ...

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        """The heatmaps of these rows."""
        ...


def pooled(
    heatmaps: Heatmaps, size: int, *, part: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> Float[np.ndarray, "sample feature"]:
    """The pattern of each heatmap on a grid of ``size`` x ``size`` cells, as one row of length 1.

    heatmaps: (sample, height, width), read in batches of bounded memory. part: what of the relevance counts, by
    default its signed values; ``np.abs`` asks where, whatever the sign. Heatmaps smaller than the grid are refused,
    and so are missing values and heatmaps that are zero everywhere (``blank`` finds these).
    """
    samples, height, width = _shape(heatmaps)
    if not 1 <= size <= min(height, width):
        raise InputError(f"Heatmaps of {height} x {width} px cannot be pooled to {size} x {size} cells; take fewer.")
    features = np.empty((samples, size * size), np.float32)
    for rows, batch in _batches(heatmaps, part):
        features[rows] = adaptive_avg_pool2d(torch.from_numpy(batch)[:, None], size).flatten(1).numpy()
    length = np.linalg.norm(features, axis=1, keepdims=True)
    if (length == 0).any():
        where = np.flatnonzero(length[:, 0] == 0)
        raise InputError(
            f"{len(where)} of {samples} heatmaps are zero everywhere once pooled (rows {listed(where[:5].tolist())}) "
            "and have no pattern to compare. Leave them out; biox.concepts.pooling.blank finds them."
        )
    features /= length
    return features


def blank(heatmaps: Heatmaps, *, part: Callable[[np.ndarray], np.ndarray] = np.asarray) -> Bool[np.ndarray, " sample"]:
    """Which heatmaps are zero everywhere, so that there is nothing to compare."""
    found = np.empty(_shape(heatmaps)[0], bool)
    for rows, batch in _batches(heatmaps, part):
        found[rows] = ~batch.any((1, 2))
    return found


def mean_maps(heatmaps: Heatmaps, cluster: Int[np.ndarray, " sample"]) -> Float[np.ndarray, "cluster height width"]:
    """The average heatmap of each cluster, every heatmap first divided by its own total of |R| (0 stays 0).

    Without this division a few confident samples would draw the picture of all. cluster: whole numbers from 0.
    Unit: share of a heatmap's relevance per pixel.
    """
    samples, height, width = _shape(heatmaps)
    if len(cluster) != samples:
        raise InputError(f"There are {samples} heatmaps, but clusters of {len(cluster)} samples.")
    sums = np.zeros((int(cluster.max()) + 1, height, width))
    for rows, batch in _batches(heatmaps, np.asarray):
        total = np.abs(batch).sum((1, 2), keepdims=True)
        np.add.at(sums, cluster[rows], np.divide(batch, total, out=np.zeros_like(batch), where=total > 0))
    return sums / np.bincount(cluster, minlength=len(sums))[:, None, None]


def _batches(
    heatmaps: Heatmaps, part: Callable[[np.ndarray], np.ndarray]
) -> Iterator[tuple[slice, Float[np.ndarray, "sample height width"]]]:
    samples, height, width = _shape(heatmaps)
    step = max(1, NUMBERS_AT_ONCE // (height * width))
    for start in range(0, samples, step):
        rows = slice(start, min(start + step, samples))
        batch = np.ascontiguousarray(part(np.asarray(heatmaps[rows])), np.float32)
        usable = np.isfinite(batch).all((1, 2))
        if not usable.all():
            raise InputError(
                f"Heatmap {start + int(np.argmin(usable))} (of {samples}, counted from 0) holds missing or infinite "
                "values; relevance must be finite."
            )
        yield rows, batch


def _shape(heatmaps: Heatmaps) -> tuple[int, int, int]:
    if len(heatmaps.shape) != 3 or 0 in heatmaps.shape:
        raise InputError(f"Heatmaps have the shape (sample, height, width), none of them 0; got {heatmaps.shape}.")
    samples, height, width = heatmaps.shape
    return samples, height, width
