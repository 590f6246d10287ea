"""Tables in which nothing, or one thing of known size, is to be found: for nulls and for power."""

import numpy as np

from biox.core.errors import InputError
from biox.domains.proteomics.simulated import Simulated, names


def noise_table(samples: int, proteins: int, *, seed: int, skew: float = 0.0) -> Simulated:
    """Independent proteins, normal where ``skew`` is 0: every edge that is found in them is wrong.

    skew: from the first protein to the last, the distributions go from normal to that of (exp(skew z) - 1) / skew.
    """
    z = np.random.default_rng(seed).standard_normal((samples, proteins))
    return _undirected(_skewed(z, skew), np.zeros((proteins, proteins)))


def planted_table(samples: int, proteins: int, *, pairs: int, correlation: float, seed: int) -> Simulated:
    """The first ``pairs`` times two proteins correlate two by two, all others are independent; all are normal.

    correlation: between -1 and 1, of both of a pair.
    """
    if not 0 <= 2 * pairs <= proteins or not -1 < correlation < 1:
        raise InputError(
            f"Planted pairs need two proteins each and a correlation between -1 and 1; got {pairs} pairs of {proteins} "
            f"proteins and {correlation}."
        )
    z = np.random.default_rng(seed).standard_normal((samples, proteins))
    first, second = np.arange(0, 2 * pairs, 2), np.arange(1, 2 * pairs, 2)
    z[:, second] = correlation * z[:, first] + np.sqrt(1 - correlation**2) * z[:, second]
    effect = np.zeros((proteins, proteins))
    effect[first, second] = effect[second, first] = correlation
    return _undirected(z, effect)


def _skewed(z: np.ndarray, skew: float) -> np.ndarray:
    strength = np.linspace(0, skew, z.shape[1])
    return np.where(strength == 0, z, np.expm1(strength * z) / np.where(strength == 0, 1, strength))


def _undirected(x: np.ndarray, effect: np.ndarray) -> Simulated:
    groups = np.full(len(x), "all", object)
    return Simulated(x.astype(np.float32), names(x.shape[1]), groups, {"all": effect}, False, {}, "sd")
