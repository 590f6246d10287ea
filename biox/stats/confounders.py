"""Does something else than the disorder drive the score? Age, speed or body mass against score and relevance, a row a
person.

A covariate may go with the score only because the classes differ in it (ill people are older). So every association
is also computed within the classes: ranks are taken inside each class, and people change places only inside it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from scipy import stats

FEWEST_PEOPLE = 5
CHUNK_DRAWS = 1000


@dataclass(frozen=True)
class Association:
    """How strongly a covariate goes with a score, NaN with the reason in ``measure`` where it cannot be said.

    measure: "rank correlation" (-1 to 1), "rank-biserial correlation" (two groups; -1 to 1, positive: higher in the
    second of the sorted groups) or "rank eta squared" (more groups; 0 to 1, the share of rank variance between them).
    """

    measure: str
    value: float
    p: float
    n: int


def association(covariate: np.ndarray, score: np.ndarray) -> Association:
    """Does a score go with a covariate? Numbers: Spearman. Groups: Mann-Whitney (two) or Kruskal-Wallis (more).

    covariate, score: shape (subject,). People without a covariate are left out.
    """
    known, covariate, score = _known(covariate, np.asarray(score, float))
    reason = _hopeless(covariate)
    if reason:
        return Association(reason, np.nan, np.nan, int(known.sum()))
    if covariate.dtype.kind == "f":
        found = stats.spearmanr(covariate, score)
        return Association("rank correlation", float(found.statistic), float(found.pvalue), len(score))
    parts = [score[covariate == one] for one in np.unique(covariate)]
    p = stats.mannwhitneyu(parts[0], parts[1]).pvalue if len(parts) == 2 else stats.kruskal(*parts).pvalue
    measure, value = _of_groups(stats.rankdata(score), covariate)
    return Association(measure, value, float(p), len(score))


def association_within(
    covariate: np.ndarray, score: np.ndarray, label: np.ndarray, *, draws: int = 10_000, seed: int
) -> Association:
    """Does a score go with a covariate among people of the same class? Ranks within each class; p by shuffling within
    it.

    label: the class of every subject. What stays here cannot come from a difference of the classes in the covariate.
    """
    known, covariate, score = _known(covariate, np.asarray(score, float))
    label = np.asarray(label)[known]
    reason = _hopeless(covariate)
    if reason:
        return Association(reason, np.nan, np.nan, int(known.sum()))
    score_rank = _ranks_within(score, label)
    design, of_design = _design(covariate, label)
    if (design**2).sum() < 1e-12 or (score_rank**2).sum() < 1e-12:
        return Association("does not vary within any class", np.nan, np.nan, len(score))
    rng = np.random.default_rng(seed)
    shuffled = np.concatenate([
        of_design(_shuffled_within(score_rank, label, rng, min(CHUNK_DRAWS, draws - start)))
        for start in range(0, draws, CHUNK_DRAWS)
    ])  # fmt: skip
    observed = of_design(score_rank[None])[0]
    p = (1 + np.sum(np.abs(shuffled) >= abs(observed) * (1 - 1e-9))) / (1 + draws)
    measure = "rank correlation" if covariate.dtype.kind == "f" else "rank eta squared"
    return Association(f"{measure} within classes", float(observed), float(p), len(score))


def association_of_groups(covariate: np.ndarray, label: np.ndarray, *, draws: int = 10_000, seed: int) -> Association:
    """Are groups of people (sex, footwear) spread unevenly over the classes? Cramer's V: 0 evenly, 1 one decides the
    other.

    covariate, label: text, shape (subject,). p by shuffling people, which holds for rare groups too.
    """
    known, covariate, label = _known(np.asarray(covariate, object), np.asarray(label))
    reason = _hopeless(covariate) or _hopeless(label)
    if reason:
        return Association(reason, np.nan, np.nan, int(known.sum()))
    first, second = (np.unique(x)[:, None] == x for x in (covariate, label))
    expected = np.outer(first.sum(1), second.sum(1)) / len(label)
    codes = second.argmax(0)
    rng = np.random.default_rng(seed)

    def chi2(dealt: np.ndarray) -> np.ndarray:
        tables = np.stack([(dealt == k) @ first.T.astype(float) for k in range(len(second))], axis=2)
        return ((tables - expected) ** 2 / expected).sum((1, 2))

    shuffled = np.concatenate([
        chi2(rng.permuted(np.tile(codes, (min(CHUNK_DRAWS, draws - start), 1)), axis=1))
        for start in range(0, draws, CHUNK_DRAWS)
    ])  # fmt: skip
    observed = chi2(codes[None])[0]
    p = (1 + np.sum(shuffled >= observed * (1 - 1e-9))) / (1 + draws)
    v = np.sqrt(observed / (len(label) * (min(expected.shape) - 1)))
    return Association("Cramer's V", float(v), float(p), len(label))


def _values(column: pd.Series) -> np.ndarray:
    """Numbers as floats, everything else as text with None where it is missing."""
    if is_numeric_dtype(column) and not is_bool_dtype(column):
        return column.to_numpy(float, na_value=np.nan)
    return np.array([None if pd.isna(value) else str(value) for value in column], dtype=object)


def _known(covariate: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The people whose covariate is known; numbers stay floats, groups become text."""
    column = _values(pd.Series(covariate))
    known = ~pd.isna(column)
    kept = column[known]
    return known, kept if kept.dtype == float else kept.astype(str), np.asarray(score)[known]


def _hopeless(covariate: np.ndarray) -> str:
    if len(covariate) < FEWEST_PEOPLE:
        return f"known of {len(covariate)} people only"
    return "is the same for all" if len(np.unique(covariate)) < 2 else ""


def _of_groups(rank: np.ndarray, group: np.ndarray) -> tuple[str, float]:
    """The size of a difference of ranks between groups."""
    names = np.unique(group)
    means = [rank[group == one].mean() for one in names]
    if len(names) == 2:
        return "rank-biserial correlation", float(2 * (means[1] - means[0]) / len(rank))
    between = sum((group == one).sum() * (mean - rank.mean()) ** 2 for one, mean in zip(names, means, strict=True))
    return "rank eta squared", float(between / ((rank - rank.mean()) ** 2).sum())


def _ranks_within(x: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Ranks inside each class, as a share of its size, with mean 0 in each class."""
    out = np.zeros(len(x))
    for one in np.unique(label):
        inside = label == one
        rank = stats.rankdata(x[inside]) / (inside.sum() + 1)
        out[inside] = rank - rank.mean()
    return out


def _design(covariate: np.ndarray, label: np.ndarray):
    """Class-centred covariate columns, and the statistic of many shuffled score ranks (draw, subject)."""
    if covariate.dtype.kind == "f":
        rank = _ranks_within(covariate, label)
        unit = rank / max(np.sqrt((rank**2).sum()), 1e-300)
        return rank, lambda y: (y @ unit) / np.sqrt((y**2).sum(1))
    columns = np.stack([covariate == one for one in np.unique(covariate)[1:]], axis=1).astype(float)
    for one in np.unique(label):
        columns[label == one] -= columns[label == one].mean(0)
    basis, size, _ = np.linalg.svd(columns, full_matrices=False)
    basis = basis[:, size > 1e-9]
    return columns, lambda y: ((y @ basis) ** 2).sum(1) / (y**2).sum(1)


def _shuffled_within(x: np.ndarray, label: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    out = np.tile(x, (draws, 1))
    for one in np.unique(label):
        inside = np.flatnonzero(label == one)
        out[:, inside] = rng.permuted(out[:, inside], axis=1)
    return out
