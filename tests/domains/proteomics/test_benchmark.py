from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from biox.domains.proteomics import graph_scores, truth_null
from biox.domains.proteomics.benchmark import Plan, benchmark
from biox.domains.proteomics.graph_scores import around, scored
from biox.domains.proteomics.known import Known
from biox.domains.proteomics.scores import auroc, counted, ranked
from biox.domains.proteomics.strengths import ordered, strengths, unordered
from biox.domains.proteomics.truth_null import asked, chance, shuffled

from .made_found import Planted, dense, found

PLAN = Plan(top=20, permutations=200, seed=0)
EDGES = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (6, 7), (8, 9), (2, 10)]
NONE = np.zeros((12, 12), bool)


def _known(one, edges, directed=False):
    names = np.array(one.graphs.proteins)
    source, target = np.transpose(edges)
    table = pd.DataFrame({"source": names[source], "target": names[target], "group": ""})
    return Known("truth", table, directed, tuple(names))


def _scored(one, pairs=None, draws=60):
    main = strengths(one.influences["main"], one.cohort.samples, pairs or unordered(len(one.graphs.proteins)))
    return scored(one, main, draws=draws, seed=0)


def _value(table, method, measure="AUROC", pairs="all"):
    rows = table[(table["method"] == method) & (table["measure"] == measure) & (table["pairs"] == pairs)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_planted_edges_are_found_and_a_random_graph_is_not():
    one = found(Planted({"": EDGES}))
    table = benchmark(_scored(one), _known(one, EDGES), one.graphs.proteins, NONE, PLAN).tables["benchmark"]
    lrp, chance_level = _value(table, "lrp"), _value(table, "pearson")
    assert lrp["value"] == 1
    assert lrp["p"] == pytest.approx(1 / 201)
    assert 0.2 < chance_level["value"] < 0.8
    assert chance_level["p"] > 0.05
    assert lrp["n"] == 90
    density = len(EDGES) / 66
    assert _value(table, "lrp", "AUPR")["base"] == pytest.approx(density)
    assert _value(table, "lrp", "precision of top 20")["value"] == pytest.approx(len(EDGES) / 20)


def test_the_value_is_that_of_the_median_graph_over_samples():
    one = found(Planted({"": EDGES}, strength=0.1))
    size = np.abs(dense(one))
    average = np.median(0.5 * (size + size.transpose(0, 2, 1)), axis=0)
    a, b = np.triu_indices(12, 1)
    true = [(i, j) in EDGES for i, j in zip(a, b, strict=True)]
    table = benchmark(_scored(one), _known(one, EDGES), one.graphs.proteins, NONE, PLAN).tables["benchmark"]
    assert _value(table, "lrp")["value"] == pytest.approx(roc_auc_score(true, average[a, b]))


def test_methods_that_are_not_redone_have_no_interval_and_the_others_hold_their_value():
    one = found(Planted({"": EDGES}, strength=0.2))
    table = benchmark(_scored(one), _known(one, EDGES), one.graphs.proteins, NONE, PLAN).tables["benchmark"]
    assert table.loc[table["method"] == "genie3", ["low", "high"]].isna().all(axis=None)
    others = table[table["method"] != "genie3"]
    assert (others["low"] <= others["value"]).all()
    assert (others["high"] >= others["value"]).all()
    assert (others["low"] < others["high"]).any()


def test_the_lead_over_each_baseline_has_an_interval_and_the_best_is_named():
    one = found(Planted({"": EDGES}))
    evidence = benchmark(_scored(one), _known(one, EDGES), one.graphs.proteins, NONE, PLAN)
    claims = evidence.claims[evidence.claims["claim"].str.startswith("AUROC, lrp minus")]
    assert (claims["value"] > 0).all()
    assert (claims["low"] > 0).all()
    assert claims["claim"].str.contains("best").sum() == 1
    best = claims[claims["claim"].str.contains("best")].iloc[0]["group"].split(" | ")[0]
    table = evidence.tables["benchmark"]
    values = {m: _value(table, m)["value"] for m in ("pearson", "partial", "genie3")}
    assert best == max(values, key=values.get)


def test_pairs_of_one_protein_are_counted_and_left_out():
    one = found(Planted({"": EDGES}))
    same = NONE.copy()
    same[0, 1] = same[1, 0] = same[3, 4] = same[4, 3] = True
    evidence = benchmark(_scored(one), _known(one, EDGES), one.graphs.proteins, same, PLAN)
    table = evidence.tables["benchmark"]
    assert set(table["pairs"]) == {"all", "without same protein"}
    without = _value(table, "lrp", "precision of top 20", "without same protein")
    assert without["value"] == pytest.approx((len(EDGES) - 2) / 20)
    assert without["base"] == pytest.approx((len(EDGES) - 2) / 64)


def test_the_hypergeometric_test_is_the_textbooks():
    one = found(Planted({"": EDGES}))
    claims = benchmark(_scored(one), _known(one, EDGES), one.graphs.proteins, NONE, PLAN).claims
    row = claims[(claims["claim"] == "known edges among the strongest 20") & claims["group"].str.startswith("lrp")]
    assert row["value"].item() == len(EDGES)
    assert row["p"].item() == pytest.approx(stats.hypergeom.pmf(len(EDGES), 66, len(EDGES), 20))


def test_direction_counts_where_the_known_graph_has_one():
    one = found(Planted({"": EDGES}))
    backwards = [(j, i) for i, j in EDGES]
    directed = _scored(one, ordered(12))
    right = benchmark(directed, _known(one, EDGES, True), one.graphs.proteins, NONE, PLAN).tables
    wrong = benchmark(directed, _known(one, backwards, True), one.graphs.proteins, NONE, PLAN).tables["benchmark"]
    assert _value(right["benchmark"], "lrp")["value"] == 1
    assert _value(wrong, "lrp")["value"] < 0.8
    assert set(wrong["scope"]) == {"average directed"}
    assert "precision_curve" not in right


def test_p_of_a_graph_that_has_nothing_to_do_with_the_known_one_is_uniform():
    rng = np.random.default_rng(0)
    pairs = unordered(14)
    block = np.arange(14) // 5
    known = (block[:, None] == block[None]) & ~np.eye(14, dtype=bool)
    same = np.zeros((14, 14), bool)
    same[0, 1] = same[1, 0] = same[5, 6] = same[6, 5] = True
    question = asked(pairs, np.ones(91, bool), known, np.arange(14), same)
    found_p = []
    for seed in range(300):
        hubs = rng.exponential(size=14)  # strengths that share their ends, as real graphs do
        score = ranked((hubs[pairs.a] * hubs[pairs.b] * rng.random(91))[question.counting])
        null = np.concatenate([auroc(c) for c in shuffled(question, score, draws=200, seed=seed)])
        found_p.append(chance(auroc(counted(score, question.true[None]))[0], null))
    assert stats.kstest(found_p, "uniform").pvalue > 0.01
    assert 0.01 < np.mean(np.array(found_p) <= 0.05) < 0.09


@pytest.mark.slow
def test_intervals_cover_what_cohorts_of_this_size_show_on_average():
    # Influences of all patients are drawn around one true strength for each pair. What a study of 60 patients estimates
    # is the mean over such studies: noise in the average graph lowers the agreement of all of them alike.
    rng = np.random.default_rng(0)
    a, b = np.triu_indices(12, 1)
    strength = rng.random((12, 12)) * 0.3
    edges = [(i, j) for i, j in zip(a, b, strict=True) if strength[i, j] + rng.normal() * 0.1 > 0.18]
    rows = []
    for seed in range(100):
        values = np.random.default_rng(seed + 5).exponential(size=(60, 12, 12)) * (0.05 + strength)
        one = found(samples=60, types=("a",), seed=seed)
        influence = replace(one.influences["main"], values=values, samples=one.cohort.samples[["sample"]])
        one = replace(one, influences={"main": influence}, baselines={})
        known, made = _known(one, edges), _scored(one, draws=100)
        table = benchmark(made, known, one.graphs.proteins, NONE, Plan(10, 200, 0)).tables["benchmark"]
        rows.append(_value(table, "lrp"))
    mean = np.mean([row["value"] for row in rows])
    inside = sum(row["low"] <= mean <= row["high"] for row in rows)
    assert inside >= stats.binom.ppf(0.01, 100, 0.95)


def test_an_interval_is_put_around_the_figure_itself():
    draws = np.random.default_rng(0).normal(0.4, 0.05, 4000)  # resamples are worse than the cohort
    low, high = around(0.6, draws, 10**6)
    assert (low + high) / 2 == pytest.approx(0.6, abs=0.01)
    assert high - low == pytest.approx(2 * 1.96 * 0.05, rel=0.1)
    assert around(0.99, draws, 10**6)[1] == 1


def test_graphs_too_large_to_be_resampled_or_shuffled_often_are_so_less_often_and_that_is_said(monkeypatch):
    one = found(Planted({"": EDGES}))
    monkeypatch.setattr(graph_scores, "DRAWN_BYTES", 4 * 66 * 55)
    monkeypatch.setattr(truth_null, "MOST_VALUES", 66 * 40)
    claims = benchmark(_scored(one, draws=90), _known(one, EDGES), one.graphs.proteins, NONE, PLAN).claims
    assert "drawn again 55 times" in claims.loc[0, "method"]
    assert "shuffled 40 times" in claims.loc[0, "method"]
    assert claims.loc[0, "p"] == pytest.approx(1 / 41)
    monkeypatch.setattr(graph_scores, "DRAWN_BYTES", 4 * 66 * 10)
    evidence = benchmark(_scored(one, draws=90), _known(one, EDGES), one.graphs.proteins, NONE, PLAN)
    assert evidence.tables["benchmark"][["low", "high"]].isna().all(axis=None)
    assert "no interval" in evidence.claims.loc[0, "method"]
