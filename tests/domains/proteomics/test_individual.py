from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from biox.domains.proteomics.graph_scores import scored
from biox.domains.proteomics.individual import individual
from biox.domains.proteomics.known import Known
from biox.domains.proteomics.strengths import strengths, unordered
from biox.graphs.baselines import product

from .made_found import Planted, dense, found

EDGES = {"a": [(0, 1), (2, 3)], "b": [(4, 5), (6, 7)], "c": [(8, 9), (0, 1)]}


def _known(one, edges=EDGES):
    names = one.graphs.proteins
    rows = [(names[i], names[j], group) for group, pairs in edges.items() for i, j in pairs]
    return Known("truth", pd.DataFrame(rows, columns=["source", "target", "group"]), True, names)


def _table(one, known):
    return _evidence(one, known).tables["benchmark"].set_index(["method", "scope", "measure"])


def _evidence(one, known):
    main = strengths(one.influences["main"], one.cohort.samples, unordered(12))
    average = scored(one, main, draws=60, seed=0)
    return individual(one, main, known, average, draws=60, seed=0)


def _pooled(one, scores, only_blocks):
    a, b = np.triu_indices(12, 1)
    active = np.zeros((len(scores), len(a)), bool)
    for row, label in enumerate(one.cohort.samples["label"]):
        active[row] = [(i, j) in EDGES[label] for i, j in zip(a, b, strict=True)]
    kept = active.any(0) if only_blocks else np.ones(len(a), bool)
    table = 0.5 * (scores[:, a, b] + scores[:, b, a])
    return active[:, kept].ravel(), table[:, kept].ravel()


@pytest.mark.parametrize(("scope", "only_blocks"), [("individual", False), ("individual within blocks", True)])
def test_pooled_areas_are_those_of_scikit_learn(scope, only_blocks):
    one = found(Planted(EDGES, strength=0.5))
    table = _table(one, _known(one))
    true, score = _pooled(one, np.abs(dense(one)), only_blocks)
    # 90 samples have so few pairs that each lies in a class of its own or nearly so.
    assert table.loc[("lrp", scope, "AUROC"), "value"] == pytest.approx(roc_auc_score(true, score), abs=2e-3)
    assert table.loc[("lrp", scope, "AUPR"), "value"] == pytest.approx(average_precision_score(true, score), abs=5e-3)
    constant = np.tile(one.baselines["pearson"], (90, 1, 1))
    true, score = _pooled(one, constant, only_blocks)
    assert table.loc[("pearson", scope, "AUROC"), "value"] == pytest.approx(roc_auc_score(true, score), abs=1e-6)
    row = table.loc[("lrp", scope, "AUROC")]
    assert row["low"] < row["value"] < row["high"]


def test_the_product_is_of_values_as_the_network_saw_them():
    one = found(Planted(EDGES))
    x = np.asarray(one.cohort.x, float)
    z = np.empty_like(x)
    for fits in one.fits.values():
        rows = (fits["main"].parts["part"] == "test").to_numpy()
        z[rows] = (x[rows] - fits["main"].shift) / fits["main"].scale
    true, score = _pooled(one, product(z), False)
    value = _table(one, _known(one)).loc[("product", "individual", "AUROC"), "value"]
    assert value == pytest.approx(roc_auc_score(true, score), abs=2e-3)


def test_switching_edges_on_and_off_is_seen_only_by_graphs_that_differ_between_samples():
    one = found(Planted(EDGES, strength=3.0))
    union = np.zeros((12, 12))
    for i, j in {edge for edges in EDGES.values() for edge in edges}:
        union[i, j] = union[j, i] = 1
    one = replace(one, baselines={"pearson": union})
    table = _table(one, _known(one))
    assert table.loc[("lrp", "individual within blocks", "AUROC"), "value"] > 0.97
    assert table.loc[("pearson", "individual", "AUROC"), "value"] > 0.9  # it knows which pairs are connected at all
    assert table.loc[("pearson", "individual within blocks", "AUROC"), "value"] == pytest.approx(0.5)


def test_missing_values_are_left_out():
    one = found(Planted(EDGES, strength=0.5))
    values = one.influences["main"].values.copy()
    values[::3, 5, :] = values[::3, :, 5] = np.nan
    one = replace(one, influences={"main": replace(one.influences["main"], values=values)})
    true, score = _pooled(one, np.abs(dense(one)), False)
    known = np.isfinite(score)
    value = _table(one, _known(one)).loc[("lrp", "individual", "AUROC"), "value"]
    assert value == pytest.approx(roc_auc_score(true[known], score[known]), abs=2e-3)


def test_the_lead_over_each_control_is_on_the_same_patients():
    one = found(Planted(EDGES, strength=1.0))
    evidence = _evidence(one, _known(one))
    table = evidence.tables["benchmark"].set_index(["method", "scope", "measure"])
    claims = evidence.claims[evidence.claims["claim"].str.startswith("AUROC, lrp minus")]
    group = claims["group"].str.split(" | ", regex=False)
    assert set(group.str[0]) == {"lioness", "product", "pearson", "partial", "genie3"}
    for row, (method, _, scope, _) in zip(claims.itertuples(), group, strict=True):
        own, other = (table.loc[(name, scope, "AUROC"), "value"] for name in ("lrp", method))
        assert row.value == pytest.approx(own - other)
        assert row.low < row.value < row.high
    # A forest is not grown again for each draw; the other average graphs are made anew.
    assert table.loc[("genie3", "individual", "AUROC"), ["low", "high"]].isna().all()
    assert table.loc[("pearson", "individual", "AUROC"), "low"] < table.loc[("pearson", "individual", "AUROC"), "high"]
