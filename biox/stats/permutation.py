"""Where do groups or conditions differ, without assuming anything about the shape of the noise? Labels are shuffled
many times.

If nothing differed, the labels could have been dealt otherwise. Each dealing gives a largest statistic over all
points; the observed one is judged among these maxima (Nichols and Holmes 2002), which also corrects for looking at
many points. Between groups the people change places; within people only their own conditions do.

All but Welch's statistic rise with a share r2 of explained variance at fixed degrees of freedom d1, d2:

    F = (r2 / d1) / ((1 - r2) / d2),    t = sqrt(F) for d1 = 1,    r2 = sum_g (sum of the unit-length curves dealt to
    g)^2 / n_g,

so one matrix product a chunk of dealings gives the maxima of r2, and only these become t or F (``biox.stats.maxima``).

Every test takes arrays of shape (unit, point), or (unit, channel, point) for one correction over all channels together.
"""

import numpy as np

from biox.stats import shuffles
from biox.stats.maxima import Permutation, Ready, judged
from biox.stats.units import checked, checked_pairs, varies


def two_sample_t(
    a: np.ndarray, b: np.ndarray, *, iterations: int = 10_000, alpha: float = 0.05, seed: int
) -> Permutation:
    """Do two groups of people differ, and where? Two-sided; positive where ``a`` is higher.

    Pooled t, as ``spm1d.stats.nonparam.ttest2``. Exchanging people assumes that the groups vary alike: see ``welch_t``.
    """
    a, b = checked((a, b))
    unit = _unit_length([a, b])
    scale = np.sqrt(1 / len(a) + 1 / len(b))
    final = _to_t(len(a) + len(b) - 2)

    def r(labels: np.ndarray) -> np.ndarray:
        return ((labels == 0).astype(float) @ unit) * scale

    ready = Ready("two-sample t", a.shape[1:], r, final, shuffles.between(len(a), len(b)))
    return judged(ready, iterations, alpha, seed)


def welch_t(a: np.ndarray, b: np.ndarray, *, iterations: int = 10_000, alpha: float = 0.05, seed: int) -> Permutation:
    """Do two groups of people differ, and where, whatever their variances and sizes? Two-sided; positive where ``a``
    is higher.

    The statistic carries its own standard error (Janssen 1997), which repairs most, not all, of what unequal
    variances do to shuffling: with 12 against 40 people, the 12 varying three times as much, it finds something in
    about 1 of 10 samples without a difference, the pooled t in about half. ``biox.stats.spm.welch_t`` keeps to its
    alpha there.
    """
    a, b = checked((a, b))
    n, m = len(a), len(b)
    x = _unit_length([a, b])
    square, total = x**2, (x**2).sum(0)

    def t(labels: np.ndarray) -> np.ndarray:
        first = (labels == 0).astype(float)
        s, q = first @ x, first @ square
        error = (q - s**2 / n) / (n * (n - 1)) + (total - q - s**2 / m) / (m * (m - 1))
        return s * (1 / n + 1 / m) / np.sqrt(np.where(error > 1e-18, error, np.inf))

    ready = Ready("Welch t", a.shape[1:], t, lambda value: value, shuffles.between(n, m))
    return judged(ready, iterations, alpha, seed)


def anova(*groups: np.ndarray, iterations: int = 10_000, alpha: float = 0.05, seed: int) -> Permutation:
    """Do several groups of people differ, and where? One-way F."""
    checked_groups = checked(groups)
    sizes = [len(g) for g in checked_groups]
    unit = _unit_length(checked_groups)
    final = _to_f(len(sizes) - 1, sum(sizes) - len(sizes))

    def r2(labels: np.ndarray) -> np.ndarray:
        return _sum_of(((labels == g).astype(float) @ unit) ** 2 / size for g, size in enumerate(sizes))

    ready = Ready("ANOVA F", checked_groups[0].shape[1:], r2, final, shuffles.between(*sizes))
    return judged(ready, iterations, alpha, seed)


def paired_t(a: np.ndarray, b: np.ndarray, *, iterations: int = 10_000, alpha: float = 0.05, seed: int) -> Permutation:
    """Do people change between two conditions, and where? Two-sided; row i of both is person i; positive where ``a``
    is higher.
    """
    a, b = checked_pairs((a, b))
    unit = _scaled(a - b, np.maximum(abs(a), abs(b)))

    def r(sign: np.ndarray) -> np.ndarray:
        return (sign @ unit) / np.sqrt(len(a))

    ready = Ready("paired t", a.shape[1:], r, _to_t(len(a) - 1), shuffles.signs(len(a)))
    return judged(ready, iterations, alpha, seed)


def rm_anova(*conditions: np.ndarray, iterations: int = 10_000, alpha: float = 0.05, seed: int) -> Permutation:
    """Do people change between several conditions, and where? Repeated-measures F; row i of each condition is person i.

    Only a person's own conditions change places, so differences between people cannot matter; sphericity is not
    assumed.
    """
    x = np.stack(checked_pairs(conditions), axis=1)  # (person, condition, ...)
    people, several = x.shape[:2]
    flat = (people * several, *x.shape[2:])
    unit = _scaled((x - x.mean(1, keepdims=True)).reshape(flat), x.reshape(flat))

    def r2(order: np.ndarray) -> np.ndarray:
        dealt = ((order == c).reshape(len(order), -1).astype(float) for c in range(several))
        return _sum_of((one @ unit) ** 2 / people for one in dealt)

    final = _to_f(several - 1, (people - 1) * (several - 1))
    ready = Ready("repeated-measures F", x.shape[2:], r2, final, shuffles.within(people, several))
    return judged(ready, iterations, alpha, seed)


def _unit_length(groups: list[np.ndarray]) -> np.ndarray:
    x = np.concatenate(groups)
    return _scaled(x - x.mean(0), x)


def _scaled(deviations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Deviations of unit length at every point, shape (unit, feature); 0 at points where nobody deviates."""
    length = np.sqrt((deviations**2).sum(0))
    return (deviations / np.where(varies(deviations, values), length, np.inf)).reshape(len(deviations), -1)


def _to_t(d2: int):
    def t(r: np.ndarray) -> np.ndarray:
        return r * np.sqrt(d2 / np.maximum(1 - r**2, 1e-15))

    return t


def _to_f(d1: int, d2: int):
    def f(r2: np.ndarray) -> np.ndarray:
        return (r2 / d1) / (np.maximum(1 - r2, 1e-15) / d2)

    return f


def _sum_of(terms) -> np.ndarray:
    first, *rest = terms
    for term in rest:
        first += term
    return first
