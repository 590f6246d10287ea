"""What a page is written from: the study, its cohort, its evidence, its relevance maps, and where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from biox.core.study import Study
from biox.core.types import Cohort, Evidence, Relevance
from biox.report.blocks import Figure, Section

Relevances = Mapping[str, Mapping[int, Mapping[str, Relevance]]]


@dataclass(frozen=True)
class Given:
    """Everything that the sections of a study's page may draw on.

    relevances: by method, fold and variant; provenance: the record of each step by the step's name.
    """

    study: Study
    cohort: Cohort
    evidence: Evidence
    relevances: Relevances
    provenance: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Drawn:
    """What a domain adds to the page: its curves or images, figures of tests on relevance maps, and single people."""

    curves: Section | None
    maps: tuple[Figure, ...]
    single: Section | None


def first_method(given: Given) -> str:
    """The method whose maps are drawn: the first that the study names."""
    return next(iter(given.study.methods))
