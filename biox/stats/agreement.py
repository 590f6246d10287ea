"""Does the model look where the groups differ? Agreement of relevance with a statistic curve.

Relevance R and statistic t are profiles of shape (channel, point). Their agreement is the rank correlation of |R| with
|t| over all points, which needs no threshold, or the area under the ROC curve (AUROC) of |R| for significant points.
Neighbouring points go together in both, so the usual p value of a correlation would be far too small: neither has one.
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


def _same_shape(relevance: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    relevance, other = np.asarray(relevance, float), np.asarray(other, float)
    if relevance.shape != other.shape:
        raise InputError(
            f"Relevance of shape {relevance.shape} cannot be compared with a profile of shape {other.shape}."
        )
    if not (np.isfinite(relevance).all() and np.isfinite(other).all()):
        raise InputError("Relevance and the profile it is compared with must not hold missing or infinite values.")
    return relevance, other
