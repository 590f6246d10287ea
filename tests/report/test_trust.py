"""How far an explanation can be trusted: what fails is said first, and every part may be missing."""

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest

from biox.core.evidence import joined
from biox.core.types import Evidence
from biox.report import study_page
from biox.report.given import Given
from biox.report.trust_summary import estimate, with_interval
from tests.report.made_tiles import make_tiles
from tests.report.trust_evidence import METHODS, trust_evidence

NEEDED, SANITY, MODEL = "above random order", "randomised network", "accuracy above zero-rule"


def page_of(made, failed=None, change=None):
    evidence = joined([made.evidence, trust_evidence(made.cohort, failed)])
    evidence = change(evidence) if change else evidence
    return study_page(Given(made.study, made.cohort, evidence, made.relevances, made.provenance))


def words(html: str) -> str:
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())


def part(html: str, name: str) -> str:
    return words(html.split(f'<section id="{name}">')[1].split("</section>")[0])


def test_an_explanation_that_met_every_rule_is_called_supported_and_no_proof(made):
    page = page_of(made)
    assert "Tests of the explanation (lrp) support it" in part(page.html, "answer")
    assert "(lrp): supported (all rules are met)" in part(page.html, "trust")
    assert "not a proof that the model is right" in part(page.html, "trust")


@pytest.mark.parametrize(("rule", "verdict"), [(NEEDED, "not supported"), ("stability", "mixed")])
def test_a_failed_rule_is_said_at_the_top_with_what_was_measured(made, rule, verdict):
    top = part(page_of(made, {"lrp": rule}).html, "answer")
    assert f"The verdict on the explanation (lrp) is “{verdict}”: it failed" in top
    assert "measured: −0.05 (−0.08 to −0.02)" in top
    assert "support it" not in top


def test_a_failed_sanity_check_is_called_one_at_the_top(made):
    top = part(page_of(made, {"lrp": SANITY}).html, "answer")
    assert "A failed sanity check: its map hardly changes when the network's weights are random." in top
    assert "sanity" not in part(page_of(made, {"lrp": "stability"}).html, "answer")


def test_a_rule_that_could_not_be_measured_is_not_said_to_show_anything(made):
    def change(evidence):
        claims = evidence.claims.copy()
        claims.loc[claims["group"] == f"lrp | {SANITY}", ["value", "low", "high"]] = np.nan
        return Evidence(claims, evidence.tables)

    top = part(page_of(made, {"lrp": SANITY}, change).html, "answer")
    assert "(it could not be measured)" in top
    assert "hardly changes" not in top


def test_an_explanation_of_a_model_that_learnt_nothing_is_marked_at_the_top(made):
    assert "not shown to have learnt anything" not in part(page_of(made).html, "answer")
    by_rule = page_of(made, {"lrp": MODEL})
    by_claim = made.with_claim("accuracy above zero-rule", "main", low=-0.01).page()
    assert all("not shown to have learnt anything" in part(page.html, "answer") for page in (by_rule, by_claim))


def test_another_method_that_failed_is_named_but_does_not_change_the_verdict(made):
    page = page_of(made, {"occlusion": NEEDED})
    assert "not all are supported: occlusion (not supported)" in part(page.html, "answer")
    assert "(lrp): supported" in part(page.html, "trust")


def test_every_method_stands_in_every_figure_and_table(made):
    page = page_of(made)
    for name in ("trust-curves", "trust-agreement", "trust-randomised", "trust-weights"):
        assert all(method in page.figures[name] for method in METHODS), name
    assert all(method in part(page.html, "trust-checks") for method in METHODS)
    assert "0.62 (0.58–0.66)" in part(page.html, "trust-checks")


@pytest.mark.parametrize("rounding", [0.123, 0.456])
def test_a_changed_check_changes_what_is_read(made, rounding):
    def change(evidence):
        claims = evidence.claims.copy()
        claims.loc[claims["group"] == "lrp | sufficiency", "value"] = rounding
        return Evidence(claims, evidence.tables)

    assert f"{rounding:.2f}" in part(page_of(made, change=change).html, "trust-checks")


@pytest.mark.long
def test_each_table_and_each_kind_of_claim_may_be_absent(made):
    own = trust_evidence(made.cohort)

    def without_claims(name):
        return lambda e: Evidence(e.claims[e.claims["claim"] != name], e.tables)

    def without_table(name):
        return lambda e: Evidence(e.claims, {key: value for key, value in e.tables.items() if key != name})

    changes = [without_claims(name) for name in own.claims["claim"].unique()]
    changes += [without_table(name) for name in own.tables]
    for change in changes:
        assert "How far can the explanation be trusted?" in page_of(made, change=change).html


def test_where_no_test_was_made_one_sentence_says_so(made):
    assert "were not tested: this study's evidence" in part(made.page().html, "trust")
    off = made.study.model_copy(update={"trust": made.study.trust.model_copy(update={"samples": 0})})
    assert "settings say so (trust: samples: 0)" in part(replace(made, study=off).page().html, "trust")
    assert 'id="trust-checks"' not in made.page().html


def test_a_picture_is_drawn_beside_its_maps_by_every_method():
    tiles = make_tiles()
    evidence = joined([tiles.evidence, trust_evidence(tiles.cohort)])
    figures = study_page(Given(tiles.study, tiles.cohort, evidence, tiles.relevances, {})).figures
    drawn = next(svg for name, svg in figures.items() if name.startswith("trust-maps-1"))
    assert drawn.count("<image") == 1 + len(METHODS)


def test_nothing_of_the_user_becomes_part_of_the_page(made):
    hostile = "<script>alert(1)</script>"

    def change(evidence):
        claims = evidence.claims.replace({"method": {"all rules are met": hostile}})
        return Evidence(claims, {n: t.replace("occlusion", hostile) for n, t in evidence.tables.items()})

    page = page_of(made, change=change)
    assert "<script>alert" not in page.html
    assert all("<script" not in svg for svg in page.figures.values())


def test_equal_evidence_gives_equal_bytes(made):
    first, second = page_of(made), page_of(made)
    assert (first.html, first.figures, first.files) == (second.html, second.figures, second.files)


def test_the_interval_of_a_mean_widens_with_samples_of_one_person_in_place_of_people():
    rng = np.random.default_rng(0)
    levels = rng.normal(size=20)
    alike = pd.DataFrame({"subject": np.repeat(np.arange(20), 10), "value": np.repeat(levels, 10)})
    apart = alike.assign(subject=np.arange(200))
    people, samples = estimate(alike, "value", 0), estimate(apart, "value", 0)
    assert people.value == pytest.approx(levels.mean())
    assert people.high - people.low > 2 * (samples.high - samples.low)


def test_a_single_person_and_missing_values_give_no_interval():
    rows = pd.DataFrame({"subject": ["a", "a", "b"], "value": [1.0, 3.0, np.nan]})
    found = estimate(rows, "value", 0)
    assert (found.value, found.n) == (2.0, 1)
    assert np.isnan([found.low, found.high]).all()
    assert with_interval(found.value, found.low, found.high) == "2.00"
    assert with_interval(0.1, -0.2, 0.3) == "0.10 (−0.20 to 0.30)"
