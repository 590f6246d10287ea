"""Does the model look where the groups differ? Agreement of relevance with a statistic curve, against a null of shifts.

Relevance R and statistic t are profiles of shape (channel, point), one a fold. Their agreement is the rank
correlation of |R| with |t| over all points, which needs no threshold, or the area under the ROC curve (AUROC) of |R|
for the significant points. Neighbouring points go together in both, so the usual p value of a correlation would be
far too small. The null keeps every profile as it is and shifts it along its channel, by a random number of points,
going round at the end; channels shift independently, and all folds together, so that their dependence stays. It asks
whether the *places* within the channels agree; that a strong channel is strong in both stays part of the null, whose
mean is therefore given as the chance level.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from biox.core.errors import InputError


@dataclass(frozen=True)
class Agreement:
    """The agreement of two profiles: ``value`` (higher: more alike), or NaN and the ``reason`` why it is undefined."""

    value: float
    reason: str = ""


@dataclass(frozen=True)
class ShiftTest:
    """The mean agreement over the folds, judged among random shifts.

    p: one-sided, (1 + shifts that agree at least as well) / (1 + draws). chance, low, high: mean and central 95 % of
    the null.
    folds: agreement of each fold, shape (fold,), NaN where it is undefined; reason: why, or "".
    """

    value: float
    p: float
    chance: float
    low: float
    high: float
    folds: np.ndarray
    draws: int
    reason: str = ""


def rank_correlation(relevance: np.ndarray, statistic: np.ndarray) -> Agreement:
    """Do large relevance and large differences stand at the same points? Spearman's correlation of |R| and |t|, -1 to
    1.

    relevance, statistic: same shape, usually (channel, point).
    """
    relevance, statistic = _same_shape(relevance, statistic)
    flat = [name for name, x in (("relevance", relevance), ("statistic", statistic)) if np.ptp(np.abs(x)) == 0]
    if flat:
        return Agreement(np.nan, f"the {' and the '.join(flat)} is the same at every point")
    return Agreement(float(stats.spearmanr(np.abs(relevance), np.abs(statistic), axis=None).statistic))


def auroc(relevance: np.ndarray, mask: np.ndarray) -> Agreement:
    """How often does a significant point carry more relevance than one that is not? 1 always, 0.5 by chance, 0 never.

    relevance: shape (channel, point) or any; mask: the significant points, same shape.
    """
    relevance, mask = _same_shape(relevance, mask)
    mask = mask.astype(bool)
    if mask.all() or not mask.any():
        return Agreement(np.nan, "every point is significant" if mask.all() else "no point is significant")
    ranks = stats.rankdata(np.abs(relevance)).reshape(mask.shape)
    inside, outside = mask.sum(), (~mask).sum()
    return Agreement(float((ranks[mask].sum() - inside * (inside + 1) / 2) / (inside * outside)))


def shift_test_rank(relevance: np.ndarray, statistic: np.ndarray, *, draws: int = 10_000, seed: int) -> ShiftTest:
    """Do relevance and differences agree in place, over all folds, better than by chance? One p for a study.

    relevance, statistic: shape (fold, channel, point). The agreement is the rank correlation of |R| with |t|.
    """
    relevance, statistic = _profiles(relevance, statistic)
    found = [rank_correlation(r, t) for r, t in zip(relevance, statistic, strict=True)]
    usable = _usable(found)
    first, second = (_standard_ranks(x[usable]) for x in (relevance, statistic))
    return _shifted(found, first, second, 0.0, draws, seed)


def shift_test_partial(
    relevance: np.ndarray, statistic: np.ndarray, amplitude: np.ndarray, *, draws: int = 10_000, seed: int
) -> ShiftTest:
    """Do relevance and differences agree in place beyond both being large where the signal is large? One p for a study.

    relevance, statistic: shape (fold, channel, point); amplitude: the same, the mean size of the signal that the
    model saw. The agreement is the partial rank correlation of |R| with |t|, the ranks of |amplitude| held constant
    (-1 to 1).
    """
    relevance, statistic = _profiles(relevance, statistic)
    relevance, amplitude = _profiles(relevance, amplitude)
    ranks = [_ranks(x) - (x[0].size + 1) / 2 for x in (relevance, statistic, amplitude)]
    parts = [_without(x, ranks[2]) for x in ranks[:2]]
    lengths = [np.sqrt((x**2).sum((1, 2), keepdims=True)) for x in parts]
    usable = np.all([length > 1e-6 for length in lengths], axis=0)[:, 0, 0]
    first, second = (x[usable] / length[usable] for x, length in zip(parts, lengths, strict=True))
    values = np.full(len(relevance), np.nan)
    values[usable] = (first * second).sum((1, 2))
    reason = "relevance or differences follow the signal's size entirely, or are the same at every point"
    found = [Agreement(float(v), "" if u else reason) for v, u in zip(values, usable, strict=True)]
    return _shifted(found, first, second, 0.0, draws, seed)


def shift_test_auroc(relevance: np.ndarray, mask: np.ndarray, *, draws: int = 10_000, seed: int) -> ShiftTest:
    """Does relevance fall on the significant points, over all folds, better than by chance? One p for a study.

    relevance, mask: shape (fold, channel, point). The agreement is the AUROC of |R| for the mask; folds whose mask is
    empty or full have none and are left out.
    """
    relevance, mask = _profiles(relevance, mask)
    found = [auroc(r, m) for r, m in zip(relevance, mask, strict=True)]
    usable = _usable(found)
    inside = mask[usable].astype(float)
    in_, out = inside.sum((1, 2), keepdims=True), (1 - inside).sum((1, 2), keepdims=True)
    ranks = _ranks(relevance[usable])
    constant = float(-((in_ + 1) / (2 * out)).mean()) if usable.any() else 0.0
    return _shifted(found, ranks, inside / (in_ * out), constant, draws, seed)


def _shifted(
    found: list[Agreement], first: np.ndarray, second: np.ndarray, constant: float, draws: int, seed: int
) -> ShiftTest:
    """Agreement = constant + mean over folds of sum(first * second); ranks do not change under shifts, so every shift
    of every channel is computed once (a circular cross-correlation), and a draw is a sum of look-ups: exact, and
    instant.
    """
    folds = np.array([one.value for one in found])
    reason = "; ".join(sorted({one.reason for one in found} - {""}))
    if not len(first):
        return ShiftTest(np.nan, np.nan, np.nan, np.nan, np.nan, folds, draws, reason)
    points = first.shape[2]
    spectra = np.conj(np.fft.rfft(first, axis=2)) * np.fft.rfft(second, axis=2)
    table = np.fft.irfft(spectra.mean(0), n=points, axis=1)  # (channel, shift)
    shifts = np.random.default_rng(seed).integers(0, points, (draws, len(table)))
    null = table[np.arange(len(table)), shifts].sum(1) + constant
    value = float(table[:, 0].sum() + constant)
    p = (1 + np.sum(null >= value - 1e-12)) / (1 + draws)
    low, high = np.quantile(null, [0.025, 0.975])
    return ShiftTest(value, float(p), float(null.mean()), float(low), float(high), folds, draws, reason)


def _ranks(x: np.ndarray) -> np.ndarray:
    """Ranks of |x| among all points of a fold, shape as x."""
    return np.stack([stats.rankdata(np.abs(one)).reshape(one.shape) for one in x]) if len(x) else np.zeros(x.shape)


def _standard_ranks(x: np.ndarray) -> np.ndarray:
    """Ranks with mean 0 and unit length within each fold: their product summed is the rank correlation."""
    ranks = _ranks(x)
    ranks = ranks - ranks.mean((1, 2), keepdims=True)
    return ranks / np.sqrt((ranks**2).sum((1, 2), keepdims=True))


def _without(x: np.ndarray, nuisance: np.ndarray) -> np.ndarray:
    """Centred ranks without the part that follows the nuisance, fold by fold."""
    size = (nuisance**2).sum((1, 2), keepdims=True)
    slope = (x * nuisance).sum((1, 2), keepdims=True) / np.where(size > 0, size, np.inf)
    return x - slope * nuisance


def _usable(found: list[Agreement]) -> np.ndarray:
    return np.array([not np.isnan(one.value) for one in found])


def _profiles(relevance: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    relevance, other = _same_shape(relevance, other)
    if relevance.ndim != 3:
        raise InputError(f"The shift test takes profiles of shape (fold, channel, point); got shape {relevance.shape}.")
    return relevance, other


def _same_shape(relevance: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    relevance, other = np.asarray(relevance, float), np.asarray(other, float)
    if relevance.shape != other.shape:
        raise InputError(
            f"Relevance of shape {relevance.shape} cannot be compared with a profile of shape {other.shape}."
        )
    if not (np.isfinite(relevance).all() and np.isfinite(other).all()):
        raise InputError("Relevance and the profile it is compared with must not hold missing or infinite values.")
    return relevance, other
