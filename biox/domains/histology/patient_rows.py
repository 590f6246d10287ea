"""One row a patient: the means of the tiles' features, and the patient's value of a covariate."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

FEWEST_PATIENTS = 6
FEWEST_A_LEVEL = 2

Rows = Float[np.ndarray, "patient feature"]


@dataclass(frozen=True)
class Patients:
    """Tiles' features by patient: ``rows`` (patient, feature) means; ``code`` (tile,) the patient of each tile;
    ``stratum`` inside which covariates are dealt, and ``block`` whose mean is taken from everything, both (patient,).
    """

    rows: Rows
    code: np.ndarray
    stratum: np.ndarray
    block: np.ndarray


def patients(features: np.ndarray, patient: np.ndarray, stratum: np.ndarray, block: np.ndarray) -> Patients:
    """One row a patient: the mean of the tiles' features; 0 where none of the patient's tiles has the feature (NaN).

    stratum, block: shape (tile,), constant within a patient. Covariates are dealt within strata only (the label, where
    it belongs to the patient; else all alike). Of features and covariates alike the mean of the block is taken away
    (the fold, for each has a model of its own), so that a fold in which one site prevails speaks for nothing.
    """
    names, code = np.unique(patient, return_inverse=True)
    sums, counts = (np.zeros((len(names), features.shape[1])) for _ in range(2))
    np.add.at(sums, code, np.nan_to_num(features))
    np.add.at(counts, code, ~np.isnan(features))
    first = np.array([np.argmax(code == k) for k in range(len(names))])
    return Patients(sums / np.maximum(counts, 1), code, np.asarray(stratum)[first], np.asarray(block)[first])


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
