"""The cohort: who was measured, how often, and what else is known of them."""

import numpy as np
import pandas as pd

from biox.report.blocks import Section, Table, Text, section
from biox.report.found import claim
from biox.report.given import Given
from biox.report.words import UNKNOWN, count, number

UNITS = {"mps": "m/s", "years": "years", "kg": "kg", "m": "m", "cm": "cm", "n": "N", "bw": "body weight"}
NO_COVARIATE = ("sample", "subject", "label", "trial", "fold", "session", "paper_row", "original_label")
MOST_CATEGORIES = 6


def people(given: Given) -> Section | None:
    """One column a class: people, samples and covariates, each covariate as mean ± sd over people."""
    samples, columns = given.cohort.samples, covariates(given)
    groups = [*((name, samples[samples["label"] == name]) for name in given.cohort.classes), ("all", samples)]
    counts = [_counts(given, name, rows) for name, rows in groups]
    rows = [("people", *(people for people, _ in counts)), ("samples", *(n for _, n in counts))]
    rows += [(covariate_name(column), *(_summary(own, column) for _, own in groups)) for column in columns]
    caption = "Mean ± standard deviation over people (smallest to largest), or people per category." if columns else ""
    level = {
        "subject": "The class belongs to the person: all samples of one person carry the same label.",
        "trial": "The class is a condition: one person passes through several and stands in more than one column.",
    }
    table = Table(("", *(name for name, _ in groups)), tuple(rows), caption)
    notes = [Text(note, "note") for note in given.cohort.notes]
    return section("cohort", "The people", [Text(level[given.cohort.label_level]), table, *notes])


def covariates(given: Given) -> list[str]:
    """The columns that say something about a person, without identities, splits and constants."""
    samples = given.cohort.samples
    left_out = {*NO_COVARIATE, given.study.folds.given}
    named = [name for name in samples if name not in left_out and not pd.api.types.is_bool_dtype(samples[name])]
    numeric = [pd.api.types.is_numeric_dtype(samples[name]) for name in named]
    return [
        str(name)
        for name, is_number in zip(named, numeric, strict=True)
        if 1 < samples[name].nunique() <= (len(samples) if is_number else MOST_CATEGORIES)
    ]


def covariate_name(column: str) -> str:
    """A column's name as it is read: ``speed_mps`` becomes ``speed (m/s)``."""
    words, _, unit = column.rpartition("_")
    return f"{words.replace('_', ' ')} ({UNITS[unit]})" if words and unit in UNITS else column.replace("_", " ")


def _counts(given: Given, name: str, rows: pd.DataFrame) -> tuple[str, str]:
    stated = [claim(given.evidence, what, name) for what in ("subjects", "samples")]
    counted = (rows["subject"].nunique(), len(rows))
    people, samples = (count(own if found is None else found.value) for found, own in zip(stated, counted, strict=True))
    return people, samples


def _summary(rows: pd.DataFrame, column: str) -> str:
    """A covariate over the people of some rows: each person counts once."""
    if pd.api.types.is_numeric_dtype(rows[column]):
        values = rows.groupby("subject")[column].mean().dropna().to_numpy()
        if not len(values):
            return UNKNOWN
        digits = 2 if np.abs(values).max() < 10 else 1
        spread = f" ± {number(float(np.std(values, ddof=1)), digits)}" if len(values) > 1 else ""
        low, mean, high = (number(float(f(values)), digits) for f in (np.min, np.mean, np.max))
        return f"{mean}{spread} ({low} to {high})"
    counts = rows.drop_duplicates("subject")[column].value_counts().sort_index()
    return ", ".join(f"{name} {n}" for name, n in counts.items()) or UNKNOWN
