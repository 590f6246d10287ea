"""How unusual the edges of new patients are: counted against the right samples, and as the cohort's are counted."""

import numpy as np
import pandas as pd
import pytest

from biox.domains.proteomics.predicted import unusual
from biox.graphs.percentiles import strongest
from biox.steps.predict_graph_place import Reference, shares_of_edges, shares_weaker
from biox.steps.predict_graph_unusual import beside_cohort, most_unusual


def test_percentiles_compare_with_the_same_network_leave_out_own_rows_and_do_not_depend_on_blocks():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((10, 4, 4)).astype(np.float32)
    values[3, 1, 2] = np.nan
    new = rng.standard_normal((2, 3, 4, 4)).astype(np.float32)
    new[:, 0, 0] = np.nan
    networks = [np.arange(0, 6), np.arange(6, 10)]
    own = [np.array([], int), np.array([2]), np.array([], int)]
    reference = Reference(values, networks, own)
    shares = shares_weaker(reference, new)
    for k, source, target in np.ndindex(3, 4, 4):
        if np.isnan(new[0, k, source, target]):
            assert np.isnan(shares[k, source, target])
            continue
        pairs = [(r, f) for f, rows in enumerate(networks) for r in rows if r not in own[k]]
        pairs = [(r, f) for r, f in pairs if not np.isnan(values[r, source, target])]
        weaker = [abs(values[r, source, target]) < abs(new[f, k, source, target]) for r, f in pairs]
        assert shares[k, source, target] == pytest.approx(np.mean(weaker))
    np.testing.assert_array_equal(shares, shares_weaker(reference, new, limit_bytes=1))


def test_shares_of_some_edges_are_counted_over_all_rows_but_the_patients_own():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((9, 4, 4)).astype(np.float32)
    values[2:, 3, 0] = np.nan
    edges = pd.DataFrame(
        {"sample": ["0", "1", "1"], "source": ["a", "d", "b"], "target": ["c", "a", "c"], "weight": [-0.9, 0.5, 0.1]}
    )
    reference = Reference(values, [np.arange(4), np.arange(4, 9)], [np.array([8]), np.array([1])])
    found = shares_of_edges(reference, edges, ("a", "b", "c", "d"), limit_bytes=1)
    expected = [(np.abs(values[:8, 0, 2]) < 0.9).mean(), float(abs(values[0, 3, 0]) < 0.5)]
    assert found[:2] == pytest.approx(expected)
    assert found[2] == pytest.approx((np.abs(np.delete(values[:, 1, 2], 1)) < 0.1).mean())


def test_new_patients_drawn_like_the_cohort_stand_in_its_middle_though_their_edges_are_means_of_networks():
    rng = np.random.default_rng(0)
    names = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
    cohort, new = rng.standard_normal((300, 10, 10)), rng.standard_normal((3, 100, 10, 10))
    # Networks of one fold rely more on everything, and patients differ in how much is relied on in them.
    networks = [np.arange(0, 100), np.arange(100, 200), np.arange(200, 300)]
    cohort[networks[1]] *= 1.5
    new[1] *= 1.5
    cohort *= rng.uniform(0.5, 1.5, (300, 1, 1))
    new *= rng.uniform(0.5, 1.5, (100, 1, 1))
    counts = unusual(strongest(cohort, [str(k) for k in range(300)], names, count=40))["unusual"].to_numpy()
    reference = Reference(cohort, networks, [np.array([], int)] * 100)
    found = beside_cohort(reference, new, names, list(names), counts)
    assert found["place"].mean() == pytest.approx(0.5, abs=0.05)
    assert found["unusual"].mean() == pytest.approx(counts.mean(), rel=0.15)
    # Three times as strong stands above nearly all.
    assert (beside_cohort(reference, 3 * new, names, list(names), counts)["place"] > 0.9).mean() > 0.9


def test_of_equally_unusual_edges_the_stronger_comes_first():
    weaker = np.full((1, 3, 3), 0.5, np.float32)
    weaker[0, 0, 1] = weaker[0, 2, 0] = 1
    mean = np.full((1, 3, 3), 0.1, np.float32)
    mean[0, 2, 0] = -0.3
    first = most_unusual(mean, weaker, ["s"], ["a", "b", "c"]).iloc[:2]
    assert list(zip(first["source"], first["target"], strict=True)) == [("c", "a"), ("a", "b")]
