"""The observed statistic among the maxima of all dealings: thresholds and p values that are right for looking at
every point.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from biox.core.errors import InputError
from biox.stats.shuffles import Deals

CHUNK_VALUES = 2**18  # numbers held at once (2 MB): fits the cache, and memory stays bounded for any number of dealings
SAME = 1e-9  # relative difference below which two statistics are equal (the same sum, rounded in another order)


@dataclass(frozen=True)
class Permutation:
    """What shuffling the labels says.

    statistic: t or F, shape (point,) or (channel, point) as the data.
    threshold: a point with |t| (or F) beyond it is significant over all points and channels together. p: of the
    highest point.
    p_points: corrected p of every point; mask: p_points <= alpha; both shaped as ``statistic``.
    channel_threshold, channel_p: shape (channel,), each channel for itself (corrected over its points only).
    shufflings: how many dealings were judged, the observed one included; exact: True where these are all there are.
    """

    test: str
    statistic: np.ndarray
    threshold: float
    p: float
    p_points: np.ndarray
    mask: np.ndarray
    channel_threshold: np.ndarray
    channel_p: np.ndarray
    shufflings: int
    exact: bool
    alpha: float


@dataclass(frozen=True)
class Ready:
    """A test made ready for shuffling.

    shape: of the statistic, (point,) or (channel, point). height: dealings -> (draw, feature), rising with the
    statistic in absolute value. final: turns a height into t or F.
    """

    test: str
    shape: tuple[int, ...]
    height: Callable[[np.ndarray], np.ndarray]
    final: Callable[[np.ndarray], np.ndarray]
    deals: Deals


def judged(ready: Ready, iterations: int, alpha: float, seed: int) -> Permutation:
    """Shuffle and compare. p counts the observed dealing too, so it is never 0."""
    if iterations < 1 / alpha:
        raise InputError(
            f"{iterations} iterations cannot reach alpha {alpha:g}; at least {int(np.ceil(1 / alpha))} are needed."
        )
    observed = ready.height(ready.deals.observed)[0]
    maxima = _maxima(ready, iterations, seed)
    together, height = np.sort(maxima.max(1)), np.abs(observed)
    p_points = _p(height, together).reshape(ready.shape)
    channels = height.reshape(maxima.shape[1], -1).max(1)
    return Permutation(
        test=ready.test,
        statistic=ready.final(observed).reshape(ready.shape),
        threshold=float(ready.final(_threshold(together, alpha))),
        p=float(p_points.min()),
        p_points=p_points,
        mask=p_points <= alpha,
        channel_threshold=np.array([ready.final(_threshold(np.sort(m), alpha)) for m in maxima.T]),
        channel_p=np.array([_p(h, np.sort(m)) for h, m in zip(channels, maxima.T, strict=True)]),
        shufflings=len(maxima),
        exact=ready.deals.total <= iterations,
        alpha=alpha,
    )


def _maxima(ready: Ready, iterations: int, seed: int) -> np.ndarray:
    """The largest height of every dealing in every channel, shape (draw, channel); the observed dealing is among
    them.
    """
    features = int(np.prod(ready.shape))
    points = ready.shape[-1]
    chunks = ready.deals.chunks(iterations, max(1, CHUNK_VALUES // features), seed)
    return np.concatenate([np.abs(ready.height(c)).reshape(len(c), -1, points).max(2) for c in chunks])


def _p(height: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """The share of maxima that reach the height."""
    return 1 - np.searchsorted(ordered, height * (1 - SAME)) / len(ordered)


def _threshold(ordered: np.ndarray, alpha: float) -> np.ndarray:
    """The height that at most alpha of the maxima exceed: beyond it, p <= alpha."""
    return ordered[len(ordered) - 1 - int(alpha * len(ordered) * (1 + SAME))]
