"""Does something else than the label go with the explanations? Site, scanner, stain or a flag, patient by patient.

Tiles of one patient are not independent, so no tile is ever shuffled alone. A covariate of patients (a site): one row
a patient, and the covariate is dealt to the patients anew. A covariate that changes within patients (a flag): the
difference of each patient's tiles with and without it, and its sign is flipped. p = share of the shufflings, the
observed order among them, that reach the statistic; where there are few possible ones, all are gone through.

Each fold has a model of its own, whose heatmaps may be larger or differ more: patients change places only with patients
of their fold, and each fold's features are brought to one scale, so that no fold decides alone.
"""

from dataclasses import dataclass, replace
from itertools import product
from math import prod

import numpy as np

from biox.domains.histology.patient_rows import FEWEST_PATIENTS, Patients, Rows, per_patient, usable
from biox.domains.histology.tie import Statistic, Tie, held_against, silent
from biox.stats.shuffles import Deals, between, signs

ONE_VALUE = "each fold tests one value only, so it cannot be told from the model"


@dataclass(frozen=True)
class _Question:
    """Patients whose covariate is known: their features, the number of each one's level, how features and levels are
    centred, and ``stratum``, within which levels are dealt.
    """

    rows: Rows
    level: np.ndarray
    centre: np.ndarray
    stratum: np.ndarray

    def columns(self, dealt: np.ndarray) -> np.ndarray:
        """Levels dealt to the patients (draw, patient) as columns (draw, patient, level), less the blocks' means."""
        return np.einsum("pq,dql->dpl", self.centre, np.eye(self.level.max() + 1)[dealt])


def tie(features: np.ndarray, people: Patients, covariate: np.ndarray, *, draws: int, seed: int) -> Tie:
    """Do heatmaps go with a covariate? value: 0 not at all, 1 it decides everything (shares of variance).

    features: (tile, feature), centred on what may differ by right (class, fold); NaN where a tile has none. covariate:
    (tile,) text.
    """
    if not features.shape[1]:
        return silent(len(people.rows), "no groups of heatmaps were found")
    levels = per_patient(people, covariate)
    if (levels == None).sum() > len(levels) / 2:  # noqa: E711 - an array of objects
        return _within(features, people, covariate, draws, seed)
    asked = _question(people, levels)
    if isinstance(asked, Tie):
        return asked
    total = max((asked.rows**2).sum(), 1e-12)

    def explained(dealt: np.ndarray) -> np.ndarray:
        x = asked.columns(dealt)[:, :, 1:]  # one level follows from the others
        within = np.einsum("dpk,dpl->dkl", x, x) + 1e-9 * np.eye(x.shape[2])
        toward = np.einsum("dpk,pf->dkf", x, asked.rows)
        return np.einsum("dkf,dkf->d", toward, np.linalg.solve(within, toward)) / total

    return _shuffled(explained, asked, draws, seed)


def predictable(people: Patients, covariate: np.ndarray, *, draws: int, seed: int) -> Tie:
    """Can the covariate of a patient be told from the heatmaps? Ridge regression on the other patients.

    value: predictive R squared, 1 - (squared error of the prediction that leaves the patient out) / (variance of the
    covariate); 1 is perfect, 0 and below useless. The penalty is the mean eigenvalue.
    """
    asked = _question(people, per_patient(people, covariate))
    if isinstance(asked, Tie):
        return asked
    kernel, n = asked.rows @ asked.rows.T, len(asked.rows)
    hat = kernel @ np.linalg.inv(kernel + np.eye(n) * np.trace(kernel) / n)
    alone = np.diag(hat)[:, None]

    def predictive(dealt: np.ndarray) -> np.ndarray:
        y = asked.columns(dealt)
        error = (y - np.einsum("pq,dql->dpl", hat, y)) / (1 - alone)
        return 1 - (error**2).sum((1, 2)) / np.maximum((y**2).sum((1, 2)), 1e-12)

    return _shuffled(predictive, asked, draws, seed)


def _question(people: Patients, levels: np.ndarray) -> _Question | Tie:
    """The patients that can answer, or why nothing can be said."""
    kept = usable(levels)
    if isinstance(kept, str):
        return silent(len(levels), kept)
    block = people.block[kept]
    same = block[:, None] == block[None]
    centre = np.eye(kept.sum()) - same / same.sum(1, keepdims=True)
    level = np.unique(levels[kept].astype(str), return_inverse=True)[1]
    if np.abs(centre @ np.eye(level.max() + 1)[level]).max() < 1e-9:
        return silent(int(kept.sum()), ONE_VALUE)
    rows = _scaled(centre @ people.rows[kept], same)
    if not np.abs(rows).max(initial=0) > 0:
        return silent(int(kept.sum()), "all heatmaps are alike")
    stratum = np.array([f"{a} {b}" for a, b in zip(people.stratum[kept], block, strict=True)])
    return _Question(rows, level, centre, stratum)


def _scaled(rows: Rows, same: np.ndarray) -> Rows:
    """Features of one size, then patients' rows of one size in every block; ``same``: who is in one block."""
    sd = np.sqrt((rows**2).mean(0))
    z = np.divide(rows, sd, out=np.zeros_like(rows), where=sd > 1e-12)
    size = np.sqrt(same @ (z**2).sum(1) / same.sum(1))[:, None]
    return np.divide(z, size, out=np.zeros_like(z), where=size > 1e-12)


def _within(features: np.ndarray, people: Patients, covariate: np.ndarray, draws: int, seed: int) -> Tie:
    """The difference between a patient's own tiles with and without each level, its sign flipped."""
    best = silent(0, f"changes within too few patients; {FEWEST_PATIENTS} are needed")
    found = []
    for level in np.unique(covariate):
        differences = _differences(features, people, covariate == level)
        if len(differences) >= FEWEST_PATIENTS:
            found.append(flipped(differences, draws=draws, seed=seed))
    if not found:
        return best
    strongest = min(found, key=lambda one: (one.p, -one.value))
    levels = 1 if len(np.unique(covariate)) == 2 else len(found)  # two levels are one question
    return replace(strongest, p=min(1.0, strongest.p * levels), least=min(1.0, strongest.least * levels))


def _differences(features: np.ndarray, people: Patients, on: np.ndarray) -> Rows:
    rows = []
    for k in range(len(people.rows)):
        own = people.code == k
        if (own & on).any() and (own & ~on).any():
            rows.append(np.nan_to_num(_mean(features[own & on]) - _mean(features[own & ~on])))
    return np.reshape(rows, (len(rows), features.shape[1]))


def _mean(features: np.ndarray) -> np.ndarray:
    """The mean of each feature over the tiles that have it; NaN where none has."""
    known = ~np.isnan(features)
    counts = known.sum(0)
    return np.divide(np.nan_to_num(features).sum(0), counts, out=np.full(len(counts), np.nan), where=counts > 0)


def flipped(differences: Rows, *, draws: int, seed: int, upper: bool = False) -> Tie:
    """Are the patients' differences from zero more than their signs by chance allow? (patient, feature).

    value: mean over features of (mean difference)^2 / (mean squared difference), 0 to 1; upper: of one feature, only
    a positive mean counts, and the value keeps its sign.
    """
    n = len(differences)
    if n < FEWEST_PATIENTS:
        return silent(n, f"found in {n} patients; {FEWEST_PATIENTS} are needed")
    scaled = differences / np.maximum(np.sqrt((differences**2).mean(0)), 1e-9)

    def mean_square(flips: np.ndarray) -> np.ndarray:
        means = flips @ scaled / n
        return (means * np.abs(means) if upper else means**2).mean(1)

    return held_against(mean_square, signs(n), draws, seed, (n, "sign of a patient's difference"))


def _shuffled(statistic: Statistic, asked: _Question, draws: int, seed: int) -> Tie:
    return held_against(statistic, _deals(asked), draws, seed, (len(asked.level), "patients of one fold"))


def _deals(asked: _Question) -> Deals:
    """Every way to deal the levels to the patients within their strata."""
    members = [np.flatnonzero(asked.stratum == one) for one in np.unique(asked.stratum)]
    found = [np.unique(asked.level[own], return_counts=True) for own in members]
    parts = [between(*(int(count) for count in counts)) for _, counts in found]

    def put(dealt: tuple[np.ndarray, ...]) -> np.ndarray:
        level = np.empty((*dealt[0].shape[:-1], len(asked.level)), int)
        for own, (names, _), labels in zip(members, found, dealt, strict=True):
            level[..., own] = names[labels]
        return level

    return Deals(
        observed=asked.level[None],
        total=prod(part.total for part in parts),
        every=lambda: map(put, product(*(part.every() for part in parts))),
        random=lambda rng, count: put(tuple(part.random(rng, count) for part in parts)),
    )
