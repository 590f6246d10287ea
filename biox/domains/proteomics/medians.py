"""Average graphs: the median strength of every pair over the samples, and over many weightings of them at once.

A resample of the patients is a weighting. Sorting anew for each would take minutes for thousands of samples; here the
weighted share of samples below each of a few thresholds around the median is one matrix product for all weightings,
and the weighted median is where that share crosses one half, by linear interpolation between thresholds.
"""

import numpy as np

from biox.domains.proteomics.strengths import Strengths, pieces

THRESHOLDS = 25
REACH = 5.0  # standard deviations of the share below the median that the thresholds span on either side
PRODUCT_VALUES = 2**23  # shares (threshold, weighting, pair) held at once


def medians(found: Strengths, rows: np.ndarray | None = None) -> np.ndarray:
    """The median of every pair over the samples (or those of ``rows``), shape (pair,); NaN where none has a value."""
    table = np.full(len(found.pairs.a), np.nan)
    for part, values in pieces(found):
        ordered, count = _sorted(values if rows is None else values[rows])
        table[part] = _quantiles(ordered, count, np.array([0.5]))[0]
    return table


def weighted_medians(found: Strengths, weights: np.ndarray) -> np.ndarray:
    """The median of every pair for each weighting of the samples, shape (weighting, pair), float32.

    weights: shape (weighting, sample), never negative: how often each sample counts. The error of the interpolation is
    small beside the spread between resamples of the same patients; ``medians`` is exact.
    """
    weights = np.asarray(weights, np.float32)
    table = np.full((len(weights), len(found.pairs.a)), np.nan, np.float32)
    levels = 0.5 + _reach(weights) * np.linspace(-1, 1, THRESHOLDS)
    step = max(1, PRODUCT_VALUES // (THRESHOLDS * len(weights)))
    for part, values in pieces(found):
        for start in range(0, values.shape[1], step):
            stop = min(values.shape[1], start + step)
            table[:, part.start + start : part.start + stop] = _crossing(values[:, start:stop], weights, levels)
    return table


def _reach(weights: np.ndarray) -> float:
    """How far from one half the thresholds must go: REACH sd of the weighted share of a random half of the samples."""
    shares = weights / weights.sum(1, keepdims=True)
    spread = 0.5 * np.sqrt(((shares - 1 / weights.shape[1]) ** 2).sum(1)).max()
    return float(min(0.5, REACH * spread + 1 / weights.shape[1]))


def _crossing(values: np.ndarray, weights: np.ndarray, levels: np.ndarray) -> np.ndarray:
    ordered, count = _sorted(values)
    thresholds = _quantiles(ordered, count, levels).astype(np.float32)
    known = np.isfinite(values)
    total = weights @ known.astype(np.float32)
    below = np.stack([weights @ (values <= t).astype(np.float32) for t in thresholds])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = below / total
    upper = np.clip((share < 0.5).sum(0), 1, len(levels) - 1)
    lower = upper - 1
    pair = np.arange(values.shape[1])
    low_share, high_share = (np.take_along_axis(share, i[None], 0)[0] for i in (lower, upper))
    low, high = thresholds[lower, pair], thresholds[upper, pair]
    gap = high_share - low_share
    at = np.clip(np.divide(0.5 - low_share, gap, out=np.ones_like(gap), where=gap > 0), 0, 1)
    return np.where(total > 0, low + at * (high - low), np.nan)


def _sorted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pair's values in order, missing ones last, and how many there are."""
    return np.sort(values, axis=0), np.isfinite(values).sum(0)


def _quantiles(ordered: np.ndarray, count: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Linear quantiles, shape (level, pair); NaN where there is no value."""
    if not len(ordered):
        return np.full((len(levels), ordered.shape[1]), np.nan)
    at = np.clip(levels, 0, 1)[:, None] * np.maximum(count - 1, 0)[None]
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    pair = np.arange(ordered.shape[1])
    mixed = ordered[low, pair] + (at - low) * (ordered[high, pair] - ordered[low, pair])
    return np.where(count > 0, mixed, np.nan)
