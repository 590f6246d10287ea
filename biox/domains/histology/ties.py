"""Does something else than the label go with the explanations? Site, scanner, stain or a flag, patient by patient.

Tiles of one patient are not independent, so no tile is ever shuffled alone. A covariate of patients (a site): one row
a patient, and the covariate is dealt to the patients anew. A covariate that changes within patients (a flag): the
difference of each patient's tiles with and without it, and its sign is flipped. p = (1 + number of shufflings that
reach the statistic) / (1 + shufflings).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

FEWEST_PATIENTS = 6
FEWEST_A_LEVEL = 2
CHUNK = 256

Rows = Float[np.ndarray, "patient feature"]


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
class Patients:
    """Tiles' features by patient: ``rows`` (patient, feature) means; ``code`` (tile,) the patient of each tile."""

    rows: Rows
    code: np.ndarray
    stratum: np.ndarray


def patients(features: np.ndarray, patient: np.ndarray, stratum: np.ndarray) -> Patients:
    """One row a patient: the mean of the tiles' features; 0 where none of the patient's tiles has the feature (NaN).

    stratum: shape (tile,), constant within a patient: covariates are dealt within strata only (the label, where it
    belongs to the patient; else all alike).
    """
    names, code = np.unique(patient, return_inverse=True)
    sums, counts = (np.zeros((len(names), features.shape[1])) for _ in range(2))
    np.add.at(sums, code, np.nan_to_num(features))
    np.add.at(counts, code, ~np.isnan(features))
    of_patient = np.empty(len(names), dtype=object)
    of_patient[code] = stratum
    return Patients(sums / np.maximum(counts, 1), code, of_patient)


def tie(features: np.ndarray, people: Patients, covariate: np.ndarray, *, draws: int, seed: int) -> Tie:
    """Do heatmaps go with a covariate? value: 0 not at all, 1 it decides everything (shares of variance).

    features: (tile, feature), centred on what may differ by right (class, fold); NaN where a tile has none. covariate:
    (tile,) text.
    """
    levels = per_patient(people, covariate)
    if (levels == None).sum() > len(levels) / 2:  # noqa: E711 - an array of objects
        return _within(features, people, covariate, draws, seed)
    kept = usable(levels)
    if isinstance(kept, str):
        return silent(len(levels), kept)
    rows = people.rows[kept] - people.rows[kept].mean(0)
    one_hot = _one_hot(levels[kept])
    total = max((rows**2).sum(), 1e-12)

    def between(order: np.ndarray) -> np.ndarray:
        means = np.einsum("dpl,pf->dlf", one_hot[order], rows) / one_hot.sum(0)[:, None]
        return np.einsum("l,dlf->d", one_hot.sum(0), means**2) / total

    return _shuffled(between, people.stratum[kept], draws, seed)


def predictable(people: Patients, covariate: np.ndarray, *, draws: int, seed: int) -> Tie:
    """Can the covariate of a patient be told from the heatmaps? Ridge regression on the other patients.

    value: predictive R squared, 1 - (squared error of ridge regression that leaves the patient out) / (that of the mean
    of the others); 1 is perfect, 0 and below useless. The penalty is the mean eigenvalue.
    """
    levels = per_patient(people, covariate)
    kept = usable(levels)
    if isinstance(kept, str):
        return silent(len(levels), kept)
    rows = people.rows[kept]
    sd = rows.std(0)
    z = (rows - rows.mean(0))[:, sd > 1e-12] / sd[sd > 1e-12]
    if not z.size:
        return silent(len(rows), "all heatmaps are alike")
    kernel, n = z @ z.T, len(z)
    hat = kernel @ np.linalg.inv(kernel + np.eye(n) * np.trace(kernel) / n) + 1 / n
    alone = np.diag(hat)[:, None]
    target = _one_hot(levels[kept])
    blind = (((target - target.mean(0)) * n / (n - 1)) ** 2).sum()

    def predictive(order: np.ndarray) -> np.ndarray:
        y = target[order]
        error = (y - np.einsum("pq,dql->dpl", hat, y)) / (1 - alone)
        return 1 - (error**2).sum((1, 2)) / blind

    return _shuffled(predictive, people.stratum[kept], draws, seed)


def per_patient(people: Patients, covariate: np.ndarray) -> np.ndarray:
    """The covariate of each patient; None where it is unknown or differs between a patient's tiles."""
    found = np.full(len(people.rows), None, dtype=object)
    for k in range(len(found)):
        values = set(covariate[people.code == k])
        found[k] = values.pop() if len(values) == 1 else None
    return found


def usable(levels: np.ndarray) -> np.ndarray | str:
    """The patients whose level occurs at least twice, as a mask; or why there are too few."""
    known = np.array([level for level in levels if level is not None])
    common = [one for one in np.unique(known) if (known == one).sum() >= FEWEST_A_LEVEL] if len(known) else []
    kept = np.isin(levels.astype(str), common) & np.array([level is not None for level in levels])
    if len(common) < 2:
        return "the same for all patients" if len(set(known)) == 1 else "no two values with two patients each"
    return kept if kept.sum() >= FEWEST_PATIENTS else f"known of {kept.sum()} patients; {FEWEST_PATIENTS} are needed"


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


def _one_hot(levels: np.ndarray) -> np.ndarray:
    return (levels.astype(str)[:, None] == np.unique(levels.astype(str))).astype(float)
