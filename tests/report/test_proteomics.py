"""The page of a graph study: every table may be missing, names may be odd, and no answer stands without its control."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from biox.core.choices import Named
from biox.core.graph_settings import Graph
from biox.core.study import Method
from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.types_differ import CONTROL
from biox.report.given import Given
from biox.report.graph_view import MOST, graph_view, person_edges
from biox.report.proteomics_answer import cautions
from biox.report.proteomics_graph import members
from biox.report.proteomics_method import proteomics_method
from biox.report.proteomics_types import sentence as types_sentence
from tests.report.graph_data import ODD, make, with_rows

SECTIONS = ["plain", "answer", "cohort", "accuracy", "graph", "matrix", "types", "patients", "known", "pathways"]
SECTIONS += ["vanishing", "stability", "trust"]
LAST = ["model-card", "data-card", "method", "claims", "provenance"]


@pytest.fixture(scope="module")
def made():
    return make()


@pytest.fixture(scope="module")
def html(made):
    return made.page().html


def sections(html: str) -> list[str]:
    return re.findall(r'<section id="([\w-]+)">', html)


def scripts(html: str) -> list[dict]:
    return [json.loads(text) for text in re.findall(r'class="graph-data">(.*?)</script>', html, re.DOTALL)]


def test_the_sections_stand_in_the_order_in_which_they_are_read(html):
    assert sections(html) == [*SECTIONS, *LAST]


def test_no_name_of_a_protein_becomes_part_of_the_page(html):
    assert "<b>&" not in html
    assert "p53 &lt;b&gt;&amp;" in html
    for data in scripts(html):
        assert tuple(data["names"][: len(ODD)]) == ODD
    assert html.count("<script") == html.count("</script>")


@pytest.mark.parametrize("name", sorted(make().evidence.tables))
def test_a_page_needs_none_of_its_tables(made, name):
    assert "answer" in sections(made.without(name).page().html)
    assert "answer" in sections(made.only(name).page().html)


def test_a_page_needs_no_graphs_and_no_evidence(made):
    bare = replace(made.only(), graphs=None)
    assert sections(bare.page().html) == ["plain", "answer", "cohort", "trust", *LAST]
    empty = replace(bare, evidence=Evidence(claims_table([]), {}))
    assert "There is no evidence yet" in empty.page().html


def test_one_type_without_a_null_says_that_no_edge_is_tested():
    alone = make(types=("all",), nulls=False)
    html = alone.page().html
    assert "types" not in sections(html)
    assert "No null was computed, so no edge is tested" in html
    assert "Only kept edges (the strongest; untested)" in html
    assert any("shuffled tables" in words for words in cautions(alone.given()))


def test_patients_without_edges_and_graphs_without_patients_are_left_out(made):
    graphs = replace(made.graphs, patients=made.graphs.patients.iloc[:0])
    html = replace(made, graphs=graphs).page().html
    assert "patients" not in sections(html)
    assert "file:" not in html.split("</head>")[0].split("script-src")[1].split(";")[0]


def test_only_a_page_with_patients_may_load_scripts_from_beside_it(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert re.search(r"script-src ('sha256-[\w+/=]+' )+'self' file:;", policy[1])
    assert "default-src 'none'" in policy[1]


def test_chance_beside_a_curve_is_that_of_the_graph_without_direction(made):
    def both(found):
        directed = found[found["scope"] == "average"].assign(scope="average directed", base=0.033)
        return pd.concat([found, directed], ignore_index=True)

    drawn = with_rows(made, "benchmark", both).page().figures["precision-reactome-all"]
    assert "chance 0.19" in drawn


def test_many_types_are_named_where_colours_would_not_do():
    found = make(types=tuple(f"T{k:02d}" for k in range(12)), patients=120)
    assert "the strongest and weakest are named" in found.page().html


def test_missing_values_of_every_kind_draw_no_fault(made):
    nodes = made.graphs.nodes.assign(r=np.nan, p=np.nan, q=np.nan)
    edges = made.graphs.edges.assign(sign=np.nan, folds=np.nan, seeds=np.nan, backward=np.nan)
    tables = {n: t.assign(**{c: np.nan for c in t if c in ("p", "q", "low", "high", "value", "median")})
              for n, t in made.evidence.tables.items()}  # fmt: skip
    found = replace(made, graphs=replace(made.graphs, nodes=nodes, edges=edges))
    html = replace(found, evidence=Evidence(made.evidence.claims, tables)).page().html
    assert "NaN" not in "".join(re.findall(r'class="graph-data">(.*?)</script>', html, re.DOTALL))
    assert not re.search(r"\bnan\b", re.sub(r"<script.*?</script>|<style.*?</style>", "", html, flags=re.DOTALL))


def test_the_page_holds_the_strongest_edges_of_each_type_with_their_sign(made):
    view = graph_view(made.graphs, members(made.given()), "")
    assert view is not None
    own, k = view.data["edges"][1], 1
    both = made.graphs.average["main"][k]
    expected = (both + both.T) / 2
    assert np.allclose(own["w"], expected[own["a"], own["b"]], rtol=0.01)
    assert own["w"] == sorted(own["w"], reverse=True)
    first = made.graphs.signed["main"][k]
    assert np.sign(own["sign"][0]) == np.sign(first[own["a"][0], own["b"][0]] + first[own["b"][0], own["a"][0]])
    assert view.data["pathways"] == [["p53 pathway", list(range(6))]]


def test_edges_of_a_patient_come_from_the_strongest_and_by_place(made):
    name = made.graphs.patients["sample"].iloc[0]
    own = made.graphs.patients[made.graphs.patients["sample"] == name].iloc[::-1]
    place = {protein: k for k, protein in enumerate(made.graphs.proteins)}
    edges = person_edges(own, place)
    sizes = [abs(edge[2]) for edge in edges]
    assert sizes == sorted(sizes, reverse=True)
    assert made.graphs.proteins[edges[0][0]] == own["source"].iloc[-1]


@pytest.mark.slow
def test_three_hundred_proteins_of_seven_thousand_patients_make_a_page_below_two_megabytes():
    big = make(proteins=300, patients=7000, types=tuple(f"T{k:02d}" for k in range(30)))
    html = big.page().html
    assert len(html.encode()) < 2_000_000
    assert len(scripts(html)[0]["edges"][0]["a"]) <= MOST


def test_equal_evidence_gives_equal_bytes(made, html):
    assert make().page().html == html


def test_other_studies_need_no_graphs(made):
    given = Given(made.study, made.cohort, made.evidence, {}, {})
    assert given.graphs is None


def test_the_level_of_the_tests_between_types_is_the_studys(made):
    strict = replace(made, study=made.study.model_copy(update={"validate_": {"alpha": 0.001}}))
    assert "at 0.001" in types_sentence(strict.given())
    assert "at 0.05" in types_sentence(made.given())


def test_edges_that_differ_stand_beside_those_that_the_levels_alone_explain(made):
    row = {"claim": CONTROL, "group": "control", "value": 7, "n": 90}
    rows = pd.concat([made.evidence.claims, claims_table([row])], ignore_index=True)
    told = replace(made, evidence=Evidence(rows, made.evidence.tables))
    assert "In 7 of them one of the two proteins differs" in types_sentence(told.given())
    assert "by itself" not in types_sentence(made.given())


def test_the_method_paragraph_says_the_rule_the_rate_and_who_was_seen():
    one = make()
    asked = Graph(alpha=0.1, nulls=2), {"own": Method(composite=Named(name="epsilon"))}
    study = one.study.model_copy(update=dict(zip(("graph", "methods"), asked, strict=True)))
    words, _ = proteomics_method(replace(one, study=study).given())
    assert "rule epsilon" in words
    assert "gamma" not in words
    assert "false-discovery rate of 0.1 " in words
    assert "2 trainings of every fold" in words
    assert "GENIE3 (forest of trees) saw the training and validation patients" in words
    assert "LIONESS on Pearson saw all patients" in words
