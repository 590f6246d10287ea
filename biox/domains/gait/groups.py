"""Who is compared with whom: the people of a cohort as independent units, and the comparisons between its classes.

Where the label belongs to the person, a unit is a person and the classes are groups of different people. Where a person
passes through the conditions, a unit is a person too, with one mean curve a condition: the comparison is within people.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from biox.core.types import Cohort
from biox.stats import permutation, spm
from biox.stats.units import condition_means, subject_means

TwoGroups = Literal["welch", "spm1d"]
TWO_GROUPS = {
    "welch": (spm.welch_t, permutation.welch_t),
    "spm1d": (spm.two_sample_t, permutation.two_sample_t),
}


@dataclass(frozen=True)
class Groups:
    """One array a class, each of shape (unit, channel, point). paired: row i is the same person in all of them.

    subjects: who stands in the rows, one array a class.
    """

    values: tuple[np.ndarray, ...]
    subjects: tuple[np.ndarray, ...]
    classes: tuple[str, ...]
    paired: bool

    def draw(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Rows of a bootstrap sample of people, one array a class: within each class, or whole people where paired."""
        if self.paired:
            return [rng.integers(0, len(self.values[0]), len(self.values[0]))] * len(self.values)
        return [rng.integers(0, len(v), len(v)) for v in self.values]

    def at(self, rows: list[np.ndarray]) -> "Groups":
        """The groups of the chosen rows."""
        values = tuple(v[r] for v, r in zip(self.values, rows, strict=True))
        subjects = tuple(s[r] for s, r in zip(self.subjects, rows, strict=True))
        return Groups(values, subjects, self.classes, self.paired)

    def only(self, classes: tuple[int, ...]) -> "Groups":
        """Some of the classes, in the given order."""
        return Groups(
            tuple(self.values[c] for c in classes),
            tuple(self.subjects[c] for c in classes),
            tuple(self.classes[c] for c in classes),
            self.paired,
        )


@dataclass(frozen=True)
class Comparison:
    """Which classes are compared (their places), how it is called, and the tests that do it: by theory and by
    shuffling.
    """

    name: str
    classes: tuple[int, ...]
    quantity: str
    field: Callable[..., spm.SPM]
    shuffled: Callable[..., permutation.Permutation]


def groups_of(values: np.ndarray, cohort: Cohort) -> Groups:
    """Mean curves of people (and conditions) from values of shape (sample, channel, point) in the cohort's order."""
    subject, label = cohort.samples["subject"].to_numpy(), cohort.samples["label"].to_numpy()
    if cohort.label_level == "trial":
        kept, means = condition_means(values, subject, label, cohort.classes)
        return Groups(tuple(means), (kept,) * len(means), cohort.classes, paired=True)
    pairs = [subject_means(values[label == c], subject[label == c]) for c in cohort.classes]
    return Groups(tuple(v for _, v in pairs), tuple(s for s, _ in pairs), cohort.classes, paired=False)


def comparisons(classes: tuple[str, ...], paired: bool, two_groups: TwoGroups = "welch") -> list[Comparison]:
    """The main comparison first: two classes by t; more of them by F over all, followed by every pair.

    two_groups: which t compares different people, ``"welch"``, or ``"spm1d"`` as published studies computed it.
    """
    t = (spm.paired_t, permutation.paired_t) if paired else TWO_GROUPS[two_groups]
    f = (spm.rm_anova, permutation.rm_anova) if paired else (spm.anova, permutation.anova)
    pairs = [
        Comparison(f"{classes[later]} - {classes[earlier]}", (later, earlier), "t", *t)
        for earlier, later in combinations(range(len(classes)), 2)
    ]
    if len(classes) == 2:
        return pairs
    return [Comparison("all classes", tuple(range(len(classes))), "F", *f), *pairs]


def statistic(groups: Groups) -> np.ndarray:
    """|t| of two classes or F of several at every point, shape (channel, point): larger means a clearer difference.

    Welch's t, paired t, one-way F or repeated-measures F; 0 where nobody varies. Needs two units a class, and only
    ranks and bootstrap bands are made of it: tests are those of ``biox.stats``.
    """
    if len(groups.values) == 2:
        return np.abs(_paired_t(*groups.values) if groups.paired else _welch_t(*groups.values))
    return _repeated_f(groups.values) if groups.paired else _f(groups.values)


def _welch_t(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _over(a.mean(0) - b.mean(0), np.sqrt(a.var(0, ddof=1) / len(a) + b.var(0, ddof=1) / len(b)))


def _paired_t(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _over((a - b).mean(0), (a - b).std(0, ddof=1) / np.sqrt(len(a)))


def _f(values: tuple[np.ndarray, ...]) -> np.ndarray:
    total = sum(len(v) for v in values)
    grand = sum(v.sum(0) for v in values) / total
    between = sum(len(v) * (v.mean(0) - grand) ** 2 for v in values) / (len(values) - 1)
    within = sum(((v - v.mean(0)) ** 2).sum(0) for v in values) / (total - len(values))
    return _over(np.asarray(between), np.asarray(within))


def _repeated_f(values: tuple[np.ndarray, ...]) -> np.ndarray:
    x = np.stack(values)
    people, condition, grand = x.mean(0), x.mean(1), x.mean((0, 1))
    between = x.shape[1] * ((condition - grand) ** 2).sum(0) / (len(x) - 1)
    rest = ((x - people - condition[:, None] + grand) ** 2).sum((0, 1)) / ((len(x) - 1) * (x.shape[1] - 1))
    return _over(between, rest)


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    varies = below > 1e-9 * max(float(below.max()), 1e-300)
    return np.where(varies, above / np.where(varies, below, 1), 0.0)
