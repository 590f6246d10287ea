"""A figure of some tiles, and how sure it is: only the patients whose tiles they are can tell."""

from dataclasses import replace

import numpy as np

from biox.stats.bootstrap import Interval, Metric, Resample, interval, widened_tail

FEWEST, LEVEL = 5, 0.95


def told(metric: Metric, drawn: Resample, tiles: np.ndarray) -> Interval:
    """The figure with its 95 % interval over the patients of these tiles (a mask), in the metric's unit.

    n: these patients, not all of the study; the interval is widened for so few. Below five patients it has no ends
    (NaN), for drawing so few again says nothing of others.
    """
    found, n = interval(metric, drawn, level=LEVEL), len(np.unique(drawn.index[tiles]))
    defined = found.values[~np.isnan(found.values)]
    if n < FEWEST or not len(defined):
        return replace(found, low=np.nan, high=np.nan, n=n)
    tail = widened_tail(LEVEL, n - 1, n)
    low, high = np.quantile(defined, [tail, 1 - tail])
    return replace(found, low=float(low), high=float(high), n=n)
