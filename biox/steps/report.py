"""Report: a study's evidence becomes a page that a clinician can read and anyone can keep."""

from collections.abc import Mapping
from typing import Any

from biox.core.study import Study
from biox.core.types import Cohort, Evidence
from biox.report import Page, study_page
from biox.report.given import Given, Relevances


def report(
    study: Study,
    cohort: Cohort,
    evidence: Evidence,
    relevances: Relevances,
    provenance: Mapping[str, Mapping[str, Any]],
    slides: Mapping[str, Any] | None = None,
) -> Page:
    """The page of one study (``html``) and its figures as SVG files by name (``figures``).

    relevances: by method, fold and variant; the curves of single people are taken from the variant ``main``.
    provenance: the saved record of each step by the step's name, in the order of the steps.
    slides: what the viewer shows, as ``biox.steps.heatmaps`` lists it.
    """
    return study_page(Given(study, cohort, evidence, relevances, provenance, slides))
