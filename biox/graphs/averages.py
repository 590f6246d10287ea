"""The average graph of some samples: of every edge the median, over samples, of the absolute influence.

Influences may be larger than memory: they are read in blocks of targets. What was not measured in a sample (NaN) does
not count there; an edge that was measured in no sample is NaN.

Directed, the average of an edge is median_s |R_s,it|. Undirected it is median_s (|R_s,it| + |R_s,ti|) / 2: both
directions are averaged within a sample, and then the samples (Keyl et al. 2022), which is not the mean of the two
directed medians.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

LIMIT_BYTES = 2**29
# Of a block: as it is stored, unpacked, the other direction, both together, and copies to be sorted.
COPIES = 6


def targets_of(values: Any, start: int, stop: int) -> np.ndarray:
    """All samples' influences on some targets, float32 (sample, source, block), of an array or a stored influence."""
    if hasattr(values, "targets"):
        return values.targets(start, stop)
    return np.asarray(values[:, :, start:stop], np.float32)


def block_of(values: Any, sources: slice, targets: slice) -> np.ndarray:
    """All samples' influences of some sources on some targets, float32 (sample, source, target), as ``targets_of``."""
    if hasattr(values, "block"):
        return values.block(sources, targets)
    return np.asarray(values[:, sources, targets], np.float32)


def directed(values: Any, groups: Mapping[str, np.ndarray], *, limit_bytes: int = LIMIT_BYTES) -> dict[str, np.ndarray]:
    """The average graph of each group, shape (source, target), never negative; larger means more influence.

    values: (sample, source, target), an array or a stored influence. groups: the rows of each group by its name.
    """
    found = {name: np.full(values.shape[1:], np.nan, np.float32) for name in groups}
    for start, block in _blocks(values, limit_bytes):
        samples_last = _samples_last(np.abs(block))
        for name, rows in groups.items():
            found[name][:, start : start + block.shape[2]] = _median(samples_last[..., rows])
    return found


def signed(values: Any, groups: Mapping[str, np.ndarray], *, limit_bytes: int = LIMIT_BYTES) -> dict[str, np.ndarray]:
    """The mean signed influence in each group, shape (source, target): positive where the source raises the target."""
    found = {name: np.full(values.shape[1:], np.nan, np.float32) for name in groups}
    for start, block in _blocks(values, limit_bytes):
        for name, rows in groups.items():
            found[name][:, start : start + block.shape[2]] = _mean(block[rows])
    return found


def balance(values: Any, rows: np.ndarray, *, limit_bytes: int = LIMIT_BYTES) -> np.ndarray:
    """The share of positive minus negative influence of every unordered pair in both directions, -1 .. 1.

    Shape (protein, protein), symmetric. NaN where a pair has no influence at all.
    """
    size, sign = (np.zeros(values.shape[1:], np.float64) for _ in range(2))
    for start, block in _blocks(values, limit_bytes):
        place = slice(start, start + block.shape[2])
        sign[:, place] = np.nansum(block[rows], axis=0, dtype=np.float64)
        size[:, place] = np.nansum(np.abs(block[rows]), axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return (sign + sign.T) / (size + size.T)


def undirected(
    values: Any, groups: Mapping[str, np.ndarray], *, limit_bytes: int = LIMIT_BYTES
) -> dict[str, np.ndarray]:
    """The undirected average graph of each group, shape (protein, protein), symmetric.

    Both directions of a pair are needed at once, so the influences are read in squares of sources and targets, each
    square with its mirror image. Reading is by targets: the influences are read once for every row of squares.
    """
    found = {name: np.full(values.shape[1:], np.nan, np.float32) for name in groups}
    samples, proteins = values.shape[0], values.shape[2]
    size = max(1, math.isqrt(limit_bytes // max(1, COPIES * 4 * samples)))
    places = [slice(start, min(start + size, proteins)) for start in range(0, proteins, size)]
    for here, there in combinations_with_replacement(places, 2):
        both = np.abs(block_of(values, there, here))
        mirrored = both if here == there else np.abs(block_of(values, here, there))
        both = _samples_last((both + np.swapaxes(mirrored, 1, 2)) / 2)
        for name, rows in groups.items():
            found[name][there, here] = _median(both[..., rows])
            found[name][here, there] = found[name][there, here].T
    return found


def _blocks(values: Any, limit_bytes: int) -> Iterator[tuple[int, np.ndarray]]:
    samples, proteins = values.shape[0], values.shape[2]
    size = max(1, limit_bytes // max(1, COPIES * 4 * samples * proteins))
    for start in range(0, proteins, size):
        yield start, targets_of(values, start, min(start + size, proteins))


def _samples_last(block: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(block, 0, -1))


def _mean(block: np.ndarray) -> np.ndarray:
    counted = (~np.isnan(block)).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return (np.nansum(block, axis=0, dtype=np.float64) / counted).astype(np.float32)


def _median(values: np.ndarray) -> np.ndarray:
    """Over the last axis, without what is missing. numpy sorts float32 several times faster than it finds medians."""
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], np.nan, values.dtype)
    ordered = np.sort(values, axis=-1)  # missing ones last
    counted = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(counted - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, counted // 2, axis=-1)
    return ((low + high) / 2)[..., 0].astype(values.dtype)
