"""The page of a study: what it shows comes from the evidence, nothing of the user's can run, it needs no network."""

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pandas as pd
import pytest

from biox.core.choices import Named
from biox.core.study import Folds, Method
from biox.core.types import Evidence, claims_table
from biox.report import study_page
from biox.report.given import Given

HOSTILE = "<script>alert('x')</script>&\"'</svg>"
VOID = {"meta", "br", "hr", "img", "input", "link", "wbr"}


class Balance(HTMLParser):
    """Every element is closed by its own end tag, in order; attributes and ids are kept."""

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.ids, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append((tag, self.getpos()))


def parsed(html: str) -> Balance:
    balance = Balance()
    balance.feed(html)
    balance.close()
    return balance


def words(html: str) -> str:
    """What a reader sees, in one line of plain spaces."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())


@pytest.mark.parametrize("classes", [("healthy", "knee"), ("healthy", "ankle", "knee", "hip")])
def test_every_element_is_closed_and_every_id_is_unique(made_with, classes):
    found = parsed(made_with(classes).page().html)
    assert (found.faults, found.open) == ([], [])
    assert len(found.ids) == len(set(found.ids))


def test_every_link_of_the_contents_leads_to_a_section(made):
    found = parsed(made.page().html)
    targets = [value[1:] for tag, name, value in found.attributes if tag == "a" and name == "href" and value[0] == "#"]
    assert len(targets) > 10
    assert set(targets) <= set(found.ids)


def test_nothing_is_loaded_from_anywhere(made):
    page = made.page()
    html = page.html
    loads = [(t, n, v) for t, n, v in parsed(html).attributes if n in ("src", "srcset", "data", "xlink:href", "action")]
    links = [v for t, n, v in parsed(html).attributes if n == "href"]
    assert loads == []
    beside = {*page.files, *(f"tables/{name}" for name in page.tables), "figures/", "report.pdf", "pdf-note.txt"}
    assert {link for link in links if not link.startswith("#")} <= {*beside, "../index.html"}
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|<link|<iframe", html)
    assert "default-src 'none'" in html


def test_equal_evidence_gives_equal_bytes(made_with):
    first, second = made_with().page(), made_with().page()
    assert first.html == second.html
    assert first.figures == second.figures


def test_text_of_the_user_cannot_become_part_of_the_page(made_with):
    hostile = (f"healthy {HOSTILE}", f"knee {HOSTILE}")
    made = made_with(hostile, (f"affected ML {HOSTILE}", "affected AP", "affected V"), f"A study {HOSTILE}")
    study = made.study.model_copy(update={"question": f"Why {HOSTILE}?"})
    cohort = replace(made.cohort, unit=f"N {HOSTILE}", notes=(HOSTILE,), samples=made.cohort.samples.copy())
    cohort.samples["subject"] = cohort.samples["subject"] + HOSTILE
    subjects = made.evidence.tables["subjects"].assign(subject=lambda t: t["subject"] + HOSTILE)
    claims = made.evidence.claims.assign(method=HOSTILE)
    evidence = Evidence(claims, {**made.evidence.tables, "subjects": subjects})
    record = {**made.provenance["ingest"], "inputs": {f"{HOSTILE}.csv": HOSTILE}, "settings": {HOSTILE: HOSTILE}}
    page = study_page(Given(study, cohort, evidence, made.relevances, {f"ingest {HOSTILE}": record}))
    assert "<script>alert" not in page.html
    assert page.html.count("<script>") == made.page().html.count("<script>") == 2
    assert parsed(page.html).faults == []
    assert "&lt;script&gt;alert" in page.html
    assert all("<script" not in svg for svg in page.figures.values())


def test_numbers_under_the_cursor_are_valid_json_that_cannot_end_its_element(made_with):
    page = made_with(("healthy </script>", "knee"), ("affected V",)).page()
    blocks = re.findall(r'<script type="application/json" class="hover">(.*?)</script>', page.html, flags=re.S)
    hovers = [json.loads(block) for block in blocks]
    assert len(hovers) == 1
    assert hovers[0]["series"][0][0] == "healthy </script>"
    assert all(len(values) == len(hovers[0]["positions"]) == 101 for _, values in hovers[0]["series"])


@pytest.mark.parametrize(
    ("claim", "group", "shown"),
    [
        ("accuracy", "main", "12.3 %"),
        ("accuracy", "zero-rule", "12.3 %"),
        ("accuracy", "logistic", "12.3 %"),
        ("balanced accuracy", "main", "12.3"),
        ("AUROC", "main", "12.3"),
        ("accuracy above zero-rule", "main", "12.3 percentage points"),
        ("subjects", "knee", "12"),
        ("curves differ", "knee - healthy | affected V", "12.34"),
        ("largest effect", "knee - healthy | affected V", "12.34"),
        ("agreement on disjoint people", "lrp", "12.34"),
        ("rank correlation of relevance and SPM", "lrp", "12.34"),
        ("relevance mass over chance", "lrp | all", "12.34 times chance"),
        ("explanations differ", "lrp | knee - healthy | affected V", "12.34"),
        ("covariate and score", "speed_mps", "12.34"),
        ("rater agreement", "relevance | plausible", "12.34"),
        ("conservation error, worst", "lrp", "12 times the score"),
    ],
)
def test_a_changed_claim_changes_what_is_read(made, claim, group, shown):
    value = 12.34 if "12.3 " not in shown and shown != "12.3" else 0.1234
    value = 0.1234 if "percentage" in shown else value
    before = words(made.page().html)
    after = words(made.with_claim(claim, group, value=value).page().html)
    assert after.count(shown) > before.count(shown)


def test_a_changed_curve_changes_its_figure(made):
    curves = made.evidence.tables["curves"].copy()
    rows = (curves["quantity"] == "relevance") & (curves["channel"] == "affected V") & (curves["group"] == "knee")
    curves.loc[rows, "value"] = 0.0
    flat = replace(made, evidence=Evidence(made.evidence.claims, {**made.evidence.tables, "curves": curves}))
    assert flat.page().figures["curves-3-affected-v"] != made.page().figures["curves-3-affected-v"]


def test_the_answer_names_the_stretch_that_spm_found(made):
    clusters = made.evidence.tables["clusters"].assign(start=11.0, end=29.0)
    moved = replace(made, evidence=Evidence(made.evidence.claims, {**made.evidence.tables, "clusters": clusters}))
    assert "most clearly in affected V at 33–47 % of stance" in words(made.page().html)
    assert "most clearly in affected V at 11–29 % of stance" in words(moved.page().html)


def test_a_region_with_its_chance_is_the_answer_where_it_was_computed(made):
    group = "lrp | affected V | 12-31"
    rows = [
        {"claim": "relevance in region", "group": group, "value": 0.34, "low": 0.29, "high": 0.39, "p": 0.0002},
        {"claim": "relevance in region, chance", "group": group, "value": 0.19},
    ]
    claims = pd.concat([made.evidence.claims, claims_table([{**row, "unit": "share"} for row in rows])])
    page = replace(made, evidence=Evidence(claims, made.evidence.tables)).page()
    sentence = (
        "Affected V at 12–31 % of stance (there the classes differ, p < 0.001) carries 34.0 % of the relevance (95 % "
        "interval 29.0–39.0 %; chance 19.0 %)."
    )
    read = words(page.html)
    assert sentence in read
    assert "SPM finds the classes to differ in 1 of 6 channels (2 % of all points), most clearly in affected V" in read


def test_tests_of_the_relevance_maps_are_drawn(made, made_with):
    assert made.page().figures["relevance-test"].count('class="cluster"') == 1
    assert "F of the relevance" in made_with(("healthy", "ankle", "knee")).page().figures["relevance-test"]


def test_the_share_of_each_channel_is_said(made):
    assert "affected ML 50 %, affected AP 10 %" in words(made.page().html)


def test_a_finding_that_is_not_there_is_not_claimed(made):
    weak = made.with_claim("accuracy above zero-rule", "main", value=0.02, low=-0.05, high=0.09)
    weak = weak.with_claim("agreement on disjoint people", "lrp", value=0.05, p=0.41)
    weak = weak.with_claim("relevance mass over chance", "lrp | all", value=1.1, low=0.8, high=1.4)
    weak = weak.with_claim("curves differ", "knee - healthy | affected V", p=0.3, q=0.9)
    strong, read = words(made.page().html), words(weak.page().html)
    for sentence in (
        "no ability to tell them apart was shown",
        "were not shown to agree beyond chance",
        "not shown to differ from chance",
        "SPM finds no stretch of any of the 6 channels",
    ):
        assert sentence in read
        assert sentence not in strong
    for sentence in ("better than guessing", "different people, agree", "): more than chance"):
        assert sentence in strong
        assert sentence not in read


def test_a_confounder_is_named_beside_the_answer(made):
    both = made.with_claim("covariate differs between classes", "speed_mps", p=0.001, q=0.002)
    one_sided, confounded = both.page().html, both.with_claim("covariate and score", "speed_mps", q=0.01).page().html
    assert "Possible confounder" not in one_sided
    assert "Possible confounder: speed (m/s)" in words(confounded)


def test_a_study_without_any_evidence_says_so(made):
    page = study_page(Given(made.study, made.cohort, Evidence(claims_table([]), {}), {}, {}))
    assert "There is no evidence yet" in page.html
    assert parsed(page.html).faults == []
    assert page.figures == {}


@pytest.mark.long
def test_each_table_may_be_absent(made_with):
    made = made_with(channels=("affected V",))
    for name in made.evidence.tables:
        page = made.without_table(name).page()
        assert parsed(page.html).faults == [], name


@pytest.mark.long
def test_each_kind_of_claim_may_be_absent(made_with):
    made = made_with(channels=("affected V",))
    claims = made.evidence.claims
    for name in claims["claim"].unique():
        left = replace(made, evidence=Evidence(claims[claims["claim"] != name], made.evidence.tables))
        assert parsed(left.page().html).faults == [], name


def test_a_domain_without_figures_of_its_own_still_has_a_page(made):
    study = made.study.model_copy(update={"domain": "ecg"})
    page = study_page(Given(study, made.cohort, made.evidence, made.relevances, made.provenance))
    assert "88.1 %" in words(page.html)
    assert not any(name.startswith("curves") for name in page.figures)


def test_chance_stands_beside_the_agreement_and_is_left_out_where_it_was_not_drawn(made):
    claims = made.evidence.claims
    left = claims[claims["claim"] != "agreement on disjoint people, chance"]
    without = replace(made, evidence=Evidence(left, made.evidence.tables))
    assert "(chance, middle 95 %: −0.24 to 0.24; one-sided p = 0.001)" in words(made.page().html)
    assert "rank correlation 0.39 (one-sided p = 0.001)" in words(without.page().html)


def test_the_studys_own_model_stands_first_among_the_variants_whatever_their_order(made):
    turned = made.evidence.tables["variants"].iloc[::-1].assign(training=["weight decay 0.5", ""])
    html = replace(made, evidence=Evidence(made.evidence.claims, {**made.evidence.tables, "variants": turned})).page()
    part = html.html.split('<section id="variants">')[1].split("</section>")[0]
    assert part.index("this study&#39;s model") < part.index("vertical-only")
    assert "weight decay 0.5" in part
    assert "Trained otherwise" in part
    assert "Trained otherwise" not in made.page().html.split('<section id="variants">')[1].split("</section>")[0]


@pytest.mark.parametrize(
    ("change", "expected", "absent"),
    [
        ({"label_level": "trial"}, "dealt at random over all people", "class by class"),
        (
            {"folds": Folds(count=5, given="split")},
            "the first holding the people that the data mark",
            "given by the data",
        ),
        ({"folds": Folds(count=3, given="fold")}, "given by the data (column fold)", "dealt at random"),
        ({"model": Named(name="linear_svm")}, "fitted by a solver", "epochs 200"),
        ({}, "trained with epochs 200", "solver"),
        ({}, "layer-wise relevance propagation [1, 2] (lrp: composite", "integrated"),
        (
            {"methods": {"paths": Method(method=Named(name="integrated_gradients", options={"steps": 64}))}},
            "Decisions were explained by integrated gradients [1] (paths: steps 64, target the true class).",
            "layer-wise",
        ),
        (
            {"methods": {"own": Method(method=Named(name="mine.code:map")), "lrp": Method()}},
            "explained by “mine.code:map” (own: target the true class), and by layer-wise relevance propagation [1, 2]",
            "composite epsilon-plus) [",
        ),
    ],
)
def test_the_method_paragraph_says_what_was_done(made, change, expected, absent):
    samples = made.cohort.samples.assign(split=["test"] * 4 + ["train"] * (len(made.cohort.samples) - 4))
    own = replace(made, study=made.study.model_copy(update=change), cohort=replace(made.cohort, samples=samples))
    part = words(own.page().html.split('<section id="method">')[1].split("</section>")[0])
    assert expected in part
    assert absent not in part


def test_a_page_whose_maps_are_not_of_lrp_does_not_speak_of_lrp(made):
    other = {"lrp": Method(method=Named(name="integrated_gradients"))}
    claims = made.evidence.claims[~made.evidence.claims["claim"].str.startswith("conservation")]
    own = replace(
        made,
        study=made.study.model_copy(update={"methods": other}),
        evidence=Evidence(claims, made.evidence.tables),
    )
    said = words(own.page().html)
    assert "as the model computed it (integrated gradients)" in said
    assert "LRP" not in said
    assert "Does the relevance add up?" not in said
    assert "as the model computed it (LRP)" in words(made.page().html)


def test_accuracy_on_the_official_test_people_is_shown(made):
    row = claims_table([{"claim": "accuracy, official test", "group": "main", "value": 0.777, "unit": "share"}])
    page = replace(made, evidence=Evidence(pd.concat([made.evidence.claims, row]), made.evidence.tables)).page()
    assert "accuracy, official test 77.7 %" in words(page.html)
