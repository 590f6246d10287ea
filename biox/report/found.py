"""Looking things up in the evidence: claims by name and group, tables by name; what is absent is no error."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from biox.core.types import Evidence

BASELINES = {"zero-rule": "zero-rule", "logistic": "logistic regression"}


@dataclass(frozen=True)
class Claim:
    """One row of the claims: see Evidence."""

    claim: str
    group: str
    value: float
    low: float
    high: float
    p: float
    q: float
    n: float
    unit: str
    method: str


def claims(evidence: Evidence, name: str) -> list[Claim]:
    """All claims of a name, in the order of the evidence."""
    rows = evidence.claims[evidence.claims["claim"] == name]
    return [Claim(*row) for row in rows.itertuples(index=False, name=None)]


def claim(evidence: Evidence, name: str, group: str) -> Claim | None:
    """The claim of a name and a group whose value is known, or None."""
    known = [row for row in claims(evidence, name) if row.group == group and math.isfinite(row.value)]
    return known[0] if known else None


def parts(group: str) -> tuple[str, ...]:
    """What a group names: ``lrp | knee - healthy | affected V`` is three things."""
    return tuple(group.split(" | "))


def pair(comparison: str) -> str:
    """A comparison as it is read, with a true minus sign."""
    return comparison.replace(" - ", " − ")


def how_tested(test: Claim) -> str:
    """How a test was made, without where its largest value lies."""
    place, _, how = test.method.partition(", ")
    return how if place.startswith("at ") else test.method


def how_pooled(test: Claim) -> str:
    """How the pooled test of agreement was made, without the numbers of its null, which stand beside it."""
    return test.method.partition("; low and high")[0]


def records(rows: pd.DataFrame) -> list[Any]:
    """The rows of a table, their columns by name."""
    return list(rows.itertuples(index=False))


def table(evidence: Evidence, name: str) -> pd.DataFrame | None:
    """A table of the evidence, or None where it is absent or empty."""
    found = evidence.tables.get(name)
    return None if found is None or found.empty else found


def shown_name(variant: str) -> str:
    """A variant as it is called in a table: ``main`` is the study's model."""
    return "this study's model" if variant == "main" else BASELINES.get(variant, variant)
