import numpy as np
import pytest
from scipy import stats

from biox.graphs.stability import agreement, share_as_strong, stability_table


def symmetric(rng, proteins=20):
    graph = np.triu(rng.random((proteins, proteins)), 1)
    return graph + graph.T


def test_the_share_counts_graphs_in_which_the_pair_was_measured_and_ranks_high():
    strong = np.array([[0, 3, 2], [3, 0, 1], [2, 1, 0]], float)
    other = np.array([[0, 0.1, 0.2], [0.1, 0, 0.3], [0.2, 0.3, 0]])
    gap = np.array([[0, np.nan, 9], [np.nan, 0, 8], [9, 8, 0]])
    share = share_as_strong([strong, other, gap], 1)
    assert (share[0, 1], share[0, 2], share[1, 2]) == (0.5, pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert share_as_strong([strong], 3)[1, 2] == 1
    np.testing.assert_array_equal(share, share.T)


def test_a_pair_without_influence_is_never_among_the_strongest():
    assert (share_as_strong([np.zeros((3, 3))], 2) == 0).all()


def test_a_graph_agrees_with_itself_and_with_noise_only_by_chance():
    rng = np.random.default_rng(0)
    graph = symmetric(rng, 60)
    assert agreement(graph, graph) == (1, 1)
    rank, common = zip(*(agreement(graph, symmetric(rng, 60)) for _ in range(40)), strict=True)
    assert abs(np.mean(rank)) < 0.02
    assert np.mean(common) == pytest.approx(100 / 1770, abs=0.015)


def test_agreement_is_spearmans_over_pairs_that_both_have():
    rng = np.random.default_rng(1)
    a, b = symmetric(rng), symmetric(rng)
    a[3], a[:, 3] = np.nan, np.nan
    rest = np.delete(np.arange(20), 3)
    pairs = np.triu_indices(19, 1)
    expected = stats.spearmanr(a[np.ix_(rest, rest)][pairs], b[np.ix_(rest, rest)][pairs]).statistic
    assert agreement(a, b, top=5)[0] == pytest.approx(expected)


def test_flat_graphs_have_no_agreement():
    assert np.isnan(agreement(np.ones((5, 5)), np.ones((5, 5)))).all()


def test_the_table_has_a_row_for_each_kind_with_at_least_two_graphs():
    rng = np.random.default_rng(2)
    table = stability_table([symmetric(rng) for _ in range(3)], [symmetric(rng)], top=10)
    assert table["kind"].tolist() == ["folds", "folds"]
    assert table["measure"].tolist() == ["rank correlation", "share of top 10 in common"]
    assert table["n"].tolist() == [3, 3]
    assert (table["least"] <= table["value"]).all()
