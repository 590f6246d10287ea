"""The cohort of a graph study: patients, types, batches and proteins in numbers, and how much was not measured."""

import numpy as np

from biox.report.blocks import Section, Table, Text, section
from biox.report.given import Given
from biox.report.people import covariate_name, covariates
from biox.report.words import count, number, percent, plural

MOST_TYPES = 40
ROWS = 500
"""Rows of the values looked at together, so that a large table is never in memory twice."""


def cohort(given: Given) -> Section | None:
    """How many patients of each type there are, what else is known of them, and the share of missing values."""
    notes = [Text(note, "note") for note in given.cohort.notes]
    return section("cohort", "Patients and proteins", [Text(overview(given)), by_type(given), *notes])


def overview(given: Given) -> str:
    """Samples, patients, proteins, unit and missing values in sentences."""
    samples, proteins = given.cohort.samples, len(given.cohort.axes[0].labels)
    missing, fullest = missing_shares(given)
    people = samples["subject"].nunique()
    several = "" if people == len(samples) else f" of {plural(people, 'patient')}"
    types = f", {plural(len(given.cohort.classes), 'type')}" if len(given.cohort.classes) > 1 else ""
    unit = f" ({given.cohort.unit})" if given.cohort.unit else ""
    kept = "" if people == len(samples) else " All samples of a patient stand in the same fold."
    gaps = (
        "Every protein was measured in every sample."
        if not missing.any()
        else f"{percent(float(missing.mean()), 1)} of the values were not measured; "
        f"{count(fullest) if fullest else 'none'} of the proteins {'was' if fullest < 2 else 'were'} measured in every "
        "sample. What was not measured is never "
        "shown to the network and never scored."
    )
    return f"{plural(len(samples), 'sample')}{several}{types}; {plural(proteins, 'protein')}{unit}.{kept} {gaps}"


def missing_shares(given: Given) -> tuple[np.ndarray, int]:
    """For each sample the share of proteins that were not measured; and how many proteins are complete."""
    rows = len(given.cohort.samples)
    missing, absent = np.zeros(rows), np.zeros(given.cohort.x.shape[1], int)
    for start in range(0, rows, ROWS):
        block = np.isnan(np.asarray(given.cohort.x[start : start + ROWS]))
        missing[start : start + ROWS] = block.mean(axis=1)
        absent += block.sum(axis=0)
    return missing, int((absent == 0).sum())


def by_type(given: Given) -> Table:
    """One row a type: patients, samples, missing values, and the further columns of the sample sheet."""
    samples, (missing, _) = given.cohort.samples, missing_shares(given)
    columns = covariates(given)
    labels = [name for name in given.cohort.classes if (samples["label"] == name).any()][:MOST_TYPES]
    groups = [*((name, (samples["label"] == name).to_numpy()) for name in labels), ("all", np.ones(len(samples), bool))]
    groups = groups if len(labels) > 1 else groups[-1:]
    rows = tuple(
        (
            name,
            count(samples.loc[of, "subject"].nunique()),
            count(of.sum()),
            percent(float(missing[of].mean()), 1) if of.any() else "–",
            *(_summary(given, of, column) for column in columns),
        )
        for name, of in groups
    )
    head = ("type", "patients", "samples", "not measured", *(covariate_name(column) for column in columns))
    cut = len(given.cohort.classes) - len(labels) if len(labels) == MOST_TYPES else 0
    caption = f"Numbers: mean over samples (lowest to highest).{f' {cut} further types are not listed.' if cut else ''}"
    return Table(head, rows, caption if columns or cut else "", notes=len(columns), strong=frozenset({len(rows) - 1}))


def _summary(given: Given, of: np.ndarray, column: str) -> str:
    """A column of the sample sheet over some samples: mean and range, or how many of each value."""
    values = given.cohort.samples.loc[of, column].dropna()
    if values.empty:
        return "–"
    if values.dtype.kind in "if":
        low, mean, high = (number(float(v), 1) for v in (values.min(), values.mean(), values.max()))
        return f"{mean} ({low} to {high})"
    return ", ".join(f"{name} {n}" for name, n in values.astype(str).value_counts().sort_index().items())
