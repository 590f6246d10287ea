"""Does something else than the label go with the explanations? Site, scanner, stain or a flag, patient by patient.

Tiles of one patient are not independent, so no tile is ever shuffled alone. A covariate of patients (a site): one row
a patient, and the covariate is dealt to the patients anew. A covariate that changes within patients (a flag): the
difference of each patient's tiles with and without it, and its sign is flipped. p = (1 + number of shufflings that
reach the statistic) / (1 + shufflings).
"""

from dataclasses import dataclass

import numpy as np

from biox.domains.histology.patient_rows import FEWEST_PATIENTS, Patients, Rows, one_hot, per_patient, usable

CHUNK = 256


@dataclass(frozen=True)
class Tie:
    """How strongly explanations go with a covariate: ``value``, what shuffling gives (``chance``, its median) and p.

    n: patients that could speak. unit: what was shuffled. reason: why nothing could be said ("" if it could).
    """

    value: float
    chance: float
    p: float
    n: int
    unit: str
    reason: str = ""


def silent(n: int, reason: str) -> Tie:
    """Nothing could be said, and why."""
    return Tie(np.nan, np.nan, np.nan, n, "", reason)


@dataclass(frozen=True)
class _Question:
    """Patients whose covariate is known: their features and the levels as one-hot columns, and how both are centred."""

    rows: Rows
    levels: np.ndarray
    centre: np.ndarray
    stratum: np.ndarray

    def dealt(self, order: np.ndarray) -> np.ndarray:
        """The levels in another order of the patients (draw, patient), less the means of the blocks."""
        return np.einsum("pq,dql->dpl", self.centre, self.levels[order])


def tie(features: np.ndarray, people: Patients, covariate: np.ndarray, *, draws: int, seed: int) -> Tie:
    """Do heatmaps go with a covariate? value: 0 not at all, 1 it decides everything (shares of variance).

    features: (tile, feature), centred on what may differ by right (class, fold); NaN where a tile has none. covariate:
    (tile,) text.
    """
    levels = per_patient(people, covariate)
    if (levels == None).sum() > len(levels) / 2:  # noqa: E711 - an array of objects
        return _within(features, people, covariate, draws, seed)
    asked = _question(people, levels)
    if isinstance(asked, Tie):
        return asked
    total = max((asked.rows**2).sum(), 1e-12)

    def between(order: np.ndarray) -> np.ndarray:
        x = asked.dealt(order)[:, :, 1:]  # one level follows from the others
        within = np.einsum("dpk,dpl->dkl", x, x) + 1e-9 * np.eye(x.shape[2])
        toward = np.einsum("dpk,pf->dkf", x, asked.rows)
        return np.einsum("dkf,dkf->d", toward, np.linalg.solve(within, toward)) / total

    return _shuffled(between, asked.stratum, draws, seed)


def predictable(people: Patients, covariate: np.ndarray, *, draws: int, seed: int) -> Tie:
    """Can the covariate of a patient be told from the heatmaps? Ridge regression on the other patients.

    value: predictive R squared, 1 - (squared error of the prediction that leaves the patient out) / (variance of the
    covariate); 1 is perfect, 0 and below useless. The penalty is the mean eigenvalue.
    """
    asked = _question(people, per_patient(people, covariate))
    if isinstance(asked, Tie):
        return asked
    sd = asked.rows.std(0)
    z = asked.rows[:, sd > 1e-12] / sd[sd > 1e-12]
    if not z.size:
        return silent(len(asked.rows), "all heatmaps are alike")
    kernel, n = z @ z.T, len(z)
    hat = kernel @ np.linalg.inv(kernel + np.eye(n) * np.trace(kernel) / n)
    alone = np.diag(hat)[:, None]

    def predictive(order: np.ndarray) -> np.ndarray:
        y = asked.dealt(order)
        error = (y - np.einsum("pq,dql->dpl", hat, y)) / (1 - alone)
        return 1 - (error**2).sum((1, 2)) / np.maximum((y**2).sum((1, 2)), 1e-12)

    return _shuffled(predictive, asked.stratum, draws, seed)


def _question(people: Patients, levels: np.ndarray) -> _Question | Tie:
    """The patients that can answer, or why nothing can be said."""
    kept = usable(levels)
    if isinstance(kept, str):
        return silent(len(levels), kept)
    same = people.block[kept][:, None] == people.block[kept][None]
    centre = np.eye(kept.sum()) - same / same.sum(1, keepdims=True)
    columns = one_hot(levels[kept])
    if np.abs(centre @ columns).max() < 1e-9:
        return silent(int(kept.sum()), "each fold tests one value only, so it cannot be told from the model")
    return _Question(centre @ people.rows[kept], columns, centre, people.stratum[kept])


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
    return Tie(strongest.value, strongest.chance, min(1.0, strongest.p * levels), strongest.n, strongest.unit)


def _differences(features: np.ndarray, people: Patients, on: np.ndarray) -> Rows:
    rows = []
    for k in range(len(people.rows)):
        own = people.code == k
        if (own & on).any() and (own & ~on).any():
            rows.append(np.nan_to_num(_mean(features[own & on]) - _mean(features[own & ~on])))
    return np.reshape(rows, (-1, features.shape[1]))


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
    signs = np.random.default_rng(seed).integers(0, 2, (draws, n)) * 2.0 - 1
    means = np.concatenate([scaled.mean(0)[None], signs @ scaled / n])
    size = (means * np.abs(means) if upper else means**2).mean(1)
    return Tie(float(size[0]), float(np.median(size[1:])), _p(size[0], size[1:]), n, "sign of a patient's difference")


def _shuffled(statistic, stratum: np.ndarray, draws: int, seed: int) -> Tie:
    n = len(stratum)
    value = float(statistic(np.arange(n)[None])[0])
    rng = np.random.default_rng(seed)
    null = np.concatenate([statistic(_deal(stratum, min(CHUNK, draws - k), rng)) for k in range(0, draws, CHUNK)])
    return Tie(value, float(np.median(null)), _p(value, null), n, "patients")


def _deal(stratum: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Random orders of the patients in which everyone stays in their stratum, shape (draw, patient)."""
    order = np.tile(np.arange(len(stratum)), (draws, 1))
    for one in set(stratum):
        members = np.flatnonzero(stratum == one)
        order[:, members] = rng.permuted(order[:, members], axis=1)
    return order


def _p(value: float, null: np.ndarray) -> float:
    return float((1 + (null >= value - 1e-9 * max(1.0, abs(value))).sum()) / (1 + len(null)))
