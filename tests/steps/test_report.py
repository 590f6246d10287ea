"""The report step on a study as small as it can be: what it was given is what it shows."""

import numpy as np
import pandas as pd
import pytest

from biox.core.find import checked
from biox.core.study import Study
from biox.core.types import Axis, Cohort, Evidence, claims_table
from biox.report.given import Given
from biox.steps.index import index
from biox.steps.report import report


@pytest.fixture
def study() -> Study:
    settings = {"name": "tiny", "title": "Tiny", "question": "Is it?", "domain": "gait", "data": {"source": "simulate"}}
    return checked(Study, settings, "tiny.yaml")


@pytest.fixture
def cohort() -> Cohort:
    samples = pd.DataFrame({"sample": ["a", "b"], "subject": ["A", "B"], "label": ["yes", "no"]})
    axes = (Axis("channel", ("V",)), Axis("stance", ("0", "50", "100"), "%"))
    return Cohort(np.zeros((2, 1, 3)), samples, axes, "body weight", ("yes", "no"), "subject")


def evidence(accuracy: float) -> Evidence:
    return Evidence(claims_table([{"claim": "accuracy", "group": "main", "value": accuracy, "unit": "share"}]), {})


def test_the_page_shows_the_evidence_it_was_given(study, cohort):
    page = report(Given(study, cohort, evidence(0.875), {}, {}))
    assert "87.5\u00a0%" in page.html
    assert "87.5\u00a0%" not in report(Given(study, cohort, evidence(0.5), {}, {})).html


def test_the_page_names_what_it_was_made_from(study, cohort):
    record = {"biox": "9.9.9", "git_commit": "f00", "inputs": {"a.csv": "cafe"}, "seed": 7, "settings": {"x": 1}}
    html = report(Given(study, cohort, evidence(0.5), {}, {"ingest": record})).html
    for words in ("9.9.9", "f00", "a.csv", "cafe", "seed 7"):
        assert words in html


def test_the_index_keeps_the_order_of_the_studies(study, cohort):
    other = study.model_copy(update={"name": "other", "title": "Other"})
    html = index([(other, cohort, evidence(0.5)), (study, cohort, evidence(0.875))])
    assert html.index("other/index.html") < html.index("tiny/index.html")
    assert "87.5\u00a0%" in html
