"""How large is a difference along a curve? In standard deviations between people, with a band from drawing people
again.

    g = J(m) (mean a - mean b) / s_pooled,    m = n_a + n_b - 2         (Hedges 1981; two groups)
    g = J(m) mean(a - b) / sd(a - b),         m = n - 1                 (Cohen's d_z with the same correction; same
    people) J(m) = Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2))

By convention 0.2 is small, 0.5 medium, 0.8 large (Cohen). Unlike t it does not grow with the number of people.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from biox.stats.bootstrap import widened_tail
from biox.stats.units import checked, checked_pairs, varies

CHUNK_VALUES = 2**20


@dataclass(frozen=True)
class Effect:
    """Effect size at every point, shape (point,) or (channel, point) as the data, positive where the first group is
    higher.

    low, high: interval of each point for itself, by percentiles that are widened for few people (Hesterberg 2015);
    with ten people they still hold the truth in about 91 of 100 samples at level 0.95, the band in more.
    band_low, band_high: simultaneous band, which holds the whole curve (all channels together) with probability
    ``level``: g -+ c sd, c from the largest deviation over all points.
    """

    g: np.ndarray
    low: np.ndarray
    high: np.ndarray
    band_low: np.ndarray
    band_high: np.ndarray
    level: float
    draws: int


def hedges_g(a: np.ndarray, b: np.ndarray, *, draws: int = 2000, level: float = 0.95, seed: int) -> Effect:
    """How far apart are two groups of people, in standard deviations? People are drawn again within each group.

    a, b: shape (unit, point) or (unit, channel, point).
    """
    a, b = checked((a, b))
    n, m = len(a), len(b)
    deviations = np.concatenate([a - a.mean(0), b - b.mean(0)])
    usable = varies(deviations, np.concatenate([a, b]))

    def size(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        (mean_a, square_a), (mean_b, square_b) = _moments(first, a), _moments(second, b)
        pooled = (square_a + square_b) / (n + m - 2)
        return _correction(n + m - 2) * _ratio(mean_a - mean_b, pooled, usable)

    rng = np.random.default_rng(seed)
    chunks = ((_counts(rng, n, k), _counts(rng, m, k)) for k in _chunks(draws, a[0].size))
    drawn = np.concatenate([size(first, second) for first, second in chunks])
    return _effect(size(np.ones((1, n)), np.ones((1, m)))[0], drawn, level, n + m - 2, n + m)


def paired_g(a: np.ndarray, b: np.ndarray, *, draws: int = 2000, level: float = 0.95, seed: int) -> Effect:
    """How far do people move between conditions, in standard deviations of the change? Row i is person i in both."""
    a, b = checked_pairs((a, b))
    change = a - b
    n = len(change)
    usable = varies(change - change.mean(0), np.maximum(abs(a), abs(b)))

    def size(weight: np.ndarray) -> np.ndarray:
        mean, square = _moments(weight, change)
        return _correction(n - 1) * _ratio(mean, square / (n - 1), usable)

    rng = np.random.default_rng(seed)
    drawn = np.concatenate([size(_counts(rng, n, k)) for k in _chunks(draws, a[0].size)])
    return _effect(size(np.ones((1, n)))[0], drawn, level, n - 1, n)


def _correction(m: int) -> float:
    return float(np.exp(gammaln(m / 2) - gammaln((m - 1) / 2)) / np.sqrt(m / 2))


def _moments(weight: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sum of squared deviations for every row of weights, shape (draw, *feature)."""
    centre = x.mean(0)
    flat = (x - centre).reshape(len(x), -1)
    shift = weight @ flat / len(x)
    square = weight @ flat**2 - len(x) * shift**2
    shape = (len(weight), *x.shape[1:])
    return shift.reshape(shape) + centre, square.reshape(shape)


def _ratio(difference: np.ndarray, variance: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Difference over standard deviation; 0 at flat points, NaN in a draw that happened to hold no variation."""
    sd = np.sqrt(np.where(variance > 0, variance, np.nan))
    return np.where(usable, difference / sd, 0.0)


def _counts(rng: np.random.Generator, units: int, draws: int) -> np.ndarray:
    return rng.multinomial(units, np.full(units, 1 / units), size=draws).astype(float)


def _chunks(draws: int, features: int) -> Iterator[int]:
    chunk = max(1, CHUNK_VALUES // features)
    return (min(chunk, draws - start) for start in range(0, draws, chunk))


def _effect(g: np.ndarray, drawn: np.ndarray, level: float, df: int, units: int) -> Effect:
    tail = widened_tail(level, df, units)
    low, high = np.nanquantile(drawn, [tail, 1 - tail], axis=0)
    sd = np.nanstd(drawn, axis=0)
    deviation = np.abs(drawn - np.nanmean(drawn, axis=0)) / np.where(sd > 0, sd, np.inf)
    reach = np.quantile(np.nanmax(deviation.reshape(len(drawn), -1), axis=1), level) * sd
    return Effect(g, low, high, g - reach, g + reach, level, len(drawn))
