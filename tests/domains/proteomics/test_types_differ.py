from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from biox.domains.proteomics.found import fold_of, standardised
from biox.domains.proteomics.strengths import strengths, unordered
from biox.domains.proteomics.types_differ import CONTROL, kruskal_wallis, types_differ

from .made_found import Planted, found

EVERY = np.ones(12, bool)


def _evidence(one, predicted=EVERY, fold=None):
    main = strengths(one.influences["main"], one.cohort.samples, unordered(12))
    fold = fold_of(one) if fold is None else fold
    return main, types_differ(main, one.graphs.proteins, predicted, fold, 0.05, standardised(one))


@pytest.mark.parametrize("levels", [4, 10**6])  # many ties, and none
def test_the_statistic_is_that_of_scipy_with_ties_and_gaps(levels):
    rng = np.random.default_rng(0)
    values = rng.integers(0, levels, (60, 8)) / levels
    values[rng.random(values.shape) < 0.2] = np.nan
    group = rng.integers(0, 4, 60)
    h, p = kruskal_wallis(values, group)
    for column in range(8):
        parts = [values[(group == g) & np.isfinite(values[:, column]), column] for g in range(4)]
        expected = stats.kruskal(*parts)
        assert h[column] == pytest.approx(expected.statistic)
        assert p[column] == pytest.approx(expected.pvalue)


def test_equal_values_and_a_single_group_give_no_answer():
    values = np.column_stack([np.ones(10), np.where(np.arange(10) < 5, np.arange(10), np.nan)])
    h, p = kruskal_wallis(values, np.repeat([0, 1], 5))
    assert np.isnan(h).all()
    assert np.isnan(p).all()


def test_an_edge_of_one_type_is_found_with_the_type_and_its_medians():
    one = found(Planted({"b": [(2, 5)]}))
    main, evidence = _evidence(one)
    table, medians = evidence.tables["types"], evidence.tables["type_medians"]
    first = table.iloc[0]
    assert (first["a"], first["b"], first["highest"]) == ("P02", "P05", "b")
    assert first["p_holm"] < 0.001
    at = np.flatnonzero((main.pairs.a == 2) & (main.pairs.b == 5))[0]
    rows = (one.cohort.samples["label"] == "b").to_numpy()
    own = medians[(medians["a"] == "P02") & (medians["b"] == "P05") & (medians["type"] == "b")]
    assert own["median"].item() == pytest.approx(np.median(main.held[rows, at]))
    counts = evidence.claims.set_index("group")["value"]
    assert counts["Holm"] == 1
    assert 1 <= counts["Benjamini-Hochberg"] <= 3


def test_p_is_uniform_where_types_do_not_differ():
    _, evidence = _evidence(found(samples=150))
    p = evidence.tables["types"]["p"]
    assert len(p) == 66
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert evidence.claims.set_index("group").loc["Holm", "value"] == 0


def test_second_samples_do_not_count_as_further_patients():
    one = found(Planted({"b": [(2, 5)]}), samples=90, twice=30)
    _, evidence = _evidence(one)
    assert (evidence.claims["n"] == 60).all()
    values = np.random.default_rng(0).normal(size=(60, 12, 12))
    order = one.influences["main"].samples["sample"].str[1:].astype(int).to_numpy()
    again = one.influences["main"].values.copy()
    again[:] = values[order % 60]  # the second sample of a patient is the same as the first
    copied = type(one)(one.cohort, one.graphs, {"main": _with(one, again)}, one.baselines, one.fits)
    _, evidence = _evidence(copied)
    h = evidence.tables["types"].set_index(["a", "b"])["statistic"]
    size = np.abs(values)
    label = one.cohort.samples["label"].to_numpy()[:60]
    pair = 0.5 * (size[:, 0, 1] + size[:, 1, 0])
    assert h["P00", "P01"] == pytest.approx(stats.kruskal(*(pair[label == t] for t in "abc")).statistic, rel=1e-6)


def test_unpredicted_proteins_small_types_and_single_types_are_not_tested():
    predicted = EVERY.copy()
    predicted[2] = False
    _, evidence = _evidence(found(Planted({"b": [(2, 5)]})), predicted)
    assert not evidence.tables["types"][["a", "b"]].isin(["P02"]).any(axis=None)
    assert not _evidence(found(types=("a",)))[1].tables
    one = found(samples=40)
    one.cohort.samples.loc[one.cohort.samples["label"] == "c", "label"] = "a"
    one.cohort.samples.loc[one.cohort.samples.index[:3], "label"] = "c"
    assert set(_evidence(one)[1].tables["type_medians"]["type"]) == {"a", "b"}


def test_types_that_only_one_network_explains_are_named():
    one = found()
    alone = np.where(one.cohort.samples["label"] == "b", 0, 1 + np.arange(90) % 2)
    assert _evidence(one, fold=alone)[1].claims["method"][:2].str.endswith("from the others: b").all()
    assert not _evidence(one)[1].claims["method"].str.contains("one network").any()


def test_patients_of_two_types_are_told_of():
    one = found(samples=90, twice=9)
    one.cohort.samples.loc[81:, "label"] = "a"
    assert _evidence(one)[1].claims["method"][:2].str.contains("6 patients stand in more than one type").all()


def _with(one, values):
    from dataclasses import replace

    return replace(one.influences["main"], values=values.astype(np.float32))


def test_edges_that_differ_because_the_levels_do_are_told_apart_from_those_that_differ_alone():
    one = found(Planted({"b": [(2, 5), (7, 8)]}), samples=300)
    x = one.cohort.x.copy()
    x[np.ix_((one.cohort.samples["label"] == "b").to_numpy(), [2, 5])] += 4
    _, evidence = _evidence(replace(one, cohort=replace(one.cohort, x=x)))
    claims = evidence.claims.set_index(["claim", "group"])
    assert claims.loc[("edges that differ between types", "Holm"), "value"] == 2
    assert claims.loc[(CONTROL, "control"), "value"] == 1
