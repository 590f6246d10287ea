"""Levels of new patients as a study's networks expect them: the same proteins, the same unit, the same range."""

from dataclasses import replace

import numpy as np

from biox.core.errors import InputError
from biox.core.types import Axis, Cohort
from biox.domains.proteomics.opening import few

MOST_OUTSIDE = 0.5
LEAST_MEASURED = 0.5


def matched(people: Cohort, proteins: tuple[str, ...], unit: str) -> Cohort:
    """The new patients with the networks' proteins in their order; those that their table lacks were not measured.

    Notes say what was left out and what is absent. Raises InputError for another unit, and for a sample in which fewer
    than half of the proteins (LEAST_MEASURED) were measured.
    """
    if people.unit != unit:
        raise InputError(
            f"The new levels are in {people.unit!r}, those that the networks learnt from in {unit!r}. Bring them to "
            "that unit; if they are in it already, name them as a case of the study's predict section with that `unit`."
        )
    names = people.axes[0].labels
    place = {name: number for number, name in enumerate(names)}
    x = np.full((len(people.samples), len(proteins)), np.nan, np.float32)
    there = [k for k, name in enumerate(proteins) if name in place]
    x[:, there] = np.asarray(people.x)[:, [place[proteins[k]] for k in there]]
    _refuse_few(people, x, proteins)
    extra = [name for name in names if name not in set(proteins)]
    absent = [name for name in proteins if name not in place]
    notes = [f"Left out, unknown to the networks: {few(extra)}."] if extra else []
    notes += [f"Not in the new table, so not measured: {few(absent)}."] if absent else []
    return replace(people, x=x, axes=(Axis("protein", proteins),), notes=(*people.notes, *notes))


def refuse_variant(study_name: str, name: str, prepare: str) -> None:
    """A variant that prepares the levels of its cohort is an InputError: new patients cannot be prepared with it."""
    if prepare != "none":
        raise InputError(
            f"{study_name}: the networks of {name!r} learnt from levels that {prepare!r} prepared with the whole "
            "cohort; new patients cannot be prepared so. Ask another variant, such as main."
        )


def outside(people: Cohort, known: np.ndarray) -> np.ndarray:
    """The share of each new sample's measured levels below the least or above the greatest of the cohort.

    people: as ``matched`` gives them. known: the cohort's levels, shape (sample, protein), NaN where not measured.
    Raises InputError where more than half (MOST_OUTSIDE) of a sample's levels lie outside: they are on another scale.
    """
    low = np.fmin.reduce(known, axis=0)
    high = np.fmax.reduce(known, axis=0)
    x = np.asarray(people.x)
    shares = ((x < low) | (x > high)).sum(axis=1) / np.maximum((~np.isnan(x)).sum(axis=1), 1)
    worst = int(shares.argmax())
    if shares[worst] > MOST_OUTSIDE:
        raise InputError(
            f"Of the levels of {people.samples['sample'].iloc[worst]!r}, {shares[worst]:.0%} lie outside the range of "
            f"the cohort, more than the {MOST_OUTSIDE:.0%} that can be believed. Probably they are on another scale "
            f"({people.unit!r} is expected), or were normalised otherwise than the cohort's."
        )
    return shares


def same_people(people: Cohort, cohort: Cohort) -> list[np.ndarray]:
    """For each new sample the rows of the cohort that are of the same patient: the same name, or the same levels.

    Both have the same proteins in the same order. Names count only where they are names: a cohort whose
    patients are called 1, 2, 3 .. by their rows knows none. Levels are the same where all that both measured agree (at
    least half of the proteins).
    """
    known = np.asarray(cohort.x)
    subjects = cohort.samples["subject"].astype(str)
    numbered = list(subjects) == [str(number + 1) for number in range(len(subjects))]
    found = []
    for subject, own in zip(people.samples["subject"], np.asarray(people.x), strict=True):
        both = ~np.isnan(known) & ~np.isnan(own)
        agree = (np.isclose(known, own, rtol=1e-5, atol=1e-6) | ~both).all(axis=1)
        same = agree & (both.mean(axis=1) >= LEAST_MEASURED)
        named = np.zeros(len(known), bool) if numbered else (subjects == str(subject)).to_numpy()
        found.append(np.flatnonzero(same | named))
    return found


def _refuse_few(people: Cohort, x: np.ndarray, proteins: tuple[str, ...]) -> None:
    measured = (~np.isnan(x)).sum(axis=1)
    worst = int(measured.argmin())
    if measured[worst] < LEAST_MEASURED * len(proteins):
        raise InputError(
            f"Sample {people.samples['sample'].iloc[worst]!r} has {measured[worst]} of the {len(proteins)} proteins "
            f"that the networks know; at least {LEAST_MEASURED:.0%} are needed. The networks know {few(proteins)}; "
            f"the new table has {few(people.axes[0].labels)}. If these are other names of the same proteins, say "
            "`levels: {symbols: FILE}` in a case of the study's predict section."
        )
