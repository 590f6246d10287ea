"""How alike are two average graphs? Rank correlation over all pairs, and how many of the strongest they share."""

import numpy as np
from scipy import stats

RANKS = "rank correlation"


def shared_name(top: int) -> str:
    """The name of the second measure."""
    return f"share of top {top} in common"


def alike(one: np.ndarray, other: np.ndarray, top: int) -> dict[str, float]:
    """Both measures of two graphs, shape (pair,): Spearman's -1 to 1, and a share 0 to 1; pairs missing in one are left
    out. Higher is more alike. By chance the share is ``top`` divided by the number of pairs.
    """
    known = np.isfinite(one) & np.isfinite(other)
    one, other = one[known], other[known]
    level = len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0
    ranks = np.nan if level else float(stats.spearmanr(one, other).statistic)
    in_both = np.intersect1d(strongest(one, top), strongest(other, top))
    return {RANKS: ranks, shared_name(top): len(in_both) / min(top, len(one)) if len(one) else np.nan}


def strongest(score: np.ndarray, top: int) -> np.ndarray:
    """The numbers of the strongest pairs, the strongest first; missing ones are last."""
    return np.argsort(-np.nan_to_num(score, nan=-np.inf), kind="stable")[:top]
