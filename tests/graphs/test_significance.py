import numpy as np
import pytest
from scipy import stats

from biox.graphs.significance import edge_p, false_discovery, standing_out, tail_p
from tests.graphs.made_networks import made


def edges_found(observed, nulls):
    return false_discovery_of_pairs(edge_p(observed, nulls)) <= 0.05


def false_discovery_of_pairs(p):
    q = np.full(p.shape, np.nan)
    pairs = np.triu_indices(len(p), 1)
    q[pairs] = false_discovery(p[pairs])
    return q


@pytest.mark.parametrize("nulls", [1, 3])
@pytest.mark.parametrize("heavy", [False, True])
def test_a_graph_of_nothing_has_edges_in_no_more_than_one_of_ten_runs(nulls, heavy):
    rng = np.random.default_rng(3 + nulls)
    runs = [
        edges_found(made(rng, heavy=heavy), [made(rng, heavy=heavy) for _ in range(nulls)]).any() for _ in range(100)
    ]
    assert np.mean(runs) <= 0.1


def test_p_values_of_nothing_are_small_no_more_often_than_they_say_and_not_much_less_often():
    rng = np.random.default_rng(0)
    p = np.concatenate(
        [edge_p(made(rng, 30), [made(rng, 30) for _ in range(3)])[np.triu_indices(30, 1)] for _ in range(40)]
    )
    for level in (0.5, 0.1, 0.01, 1e-3):
        assert level / 5 < (p <= level).mean() < 1.1 * level


@pytest.mark.parametrize("nulls", [1, 3])
def test_a_single_strong_edge_is_found_though_so_few_null_values_could_never_count_it_out(nulls):
    rng = np.random.default_rng(5)
    hits = [
        edges_found(made(rng, planted=[(2, 9, 4.0 if nulls == 3 else 6.0)]), [made(rng) for _ in range(nulls)])[2, 9]
        for _ in range(50)
    ]
    assert np.mean(hits) >= 0.8


def test_twenty_planted_edges_among_four_hundred_are_found_with_few_false_ones():
    rng = np.random.default_rng(6)
    planted = [(i, i + 1, 4.0) for i in range(0, 20, 2)] + [(i, i + 2, 4.0) for i in range(10)]
    true = np.zeros((30, 30), bool)
    for a, b, _ in planted:
        true[a, b] = True
    power, false = [], []
    for _ in range(40):
        found = edges_found(made(rng, 30, planted=planted), [made(rng, 30) for _ in range(3)])
        power.append(found[true].mean())
        false.append(found[~true].sum() / max(1, found.sum()))
    assert np.mean(power) > 0.8
    assert np.mean(false) < 0.07


def test_proteins_that_leak_more_into_every_other_one_have_no_edges_for_that():
    rng = np.random.default_rng(7)
    runs = []
    for _ in range(40):
        observed = made(rng)
        observed[:5] *= 6  # what a network that learnt these five does to all pairs
        observed[:, :5] *= 6
        runs.append(edges_found(observed, [made(rng) for _ in range(3)]).any())
    assert np.mean(runs) <= 0.1


def test_a_network_with_a_wider_bulk_has_no_edges_for_that():
    rng = np.random.default_rng(8)
    runs = [edges_found(made(rng, spread=0.5), [made(rng) for _ in range(3)]).any() for _ in range(40)]
    assert np.mean(runs) <= 0.1


def test_the_excess_is_what_is_left_of_a_product_of_two_ends():
    weights = made(np.random.default_rng(1), 12, spread=0.0)
    weights[3, 7] = weights[7, 3] = weights[3, 7] * np.e
    excess = standing_out(weights, 1e-12)
    assert excess[3, 7] == pytest.approx(1, abs=1e-3)
    others = ~np.eye(12, dtype=bool)
    others[3, 7] = others[7, 3] = False
    assert np.abs(excess[others]).max() < 1e-3
    assert np.isnan(np.diag(excess)).all()


def test_pairs_that_were_never_measured_have_no_p_and_do_not_disturb_the_others():
    rng = np.random.default_rng(2)
    observed, nulls = made(rng), [made(rng) for _ in range(2)]
    for graph in (observed, *nulls):
        graph[4], graph[:, 4] = np.nan, np.nan
    p = edge_p(observed, nulls)
    assert np.isnan(p[4]).all()
    rest = np.delete(np.arange(20), 4)
    smaller = edge_p(observed[np.ix_(rest, rest)], [null[np.ix_(rest, rest)] for null in nulls])
    np.testing.assert_allclose(p[np.ix_(rest, rest)], smaller)


def test_where_only_the_strongest_were_stored_the_zeros_are_no_edges():
    rng = np.random.default_rng(9)
    graphs = [made(rng, 30, planted=[(1, 2, 30.0)] if k == 0 else ()) for k in range(4)]
    for graph in graphs:
        graph[graph < np.quantile(graph, 0.9)] = 0
    p = edge_p(graphs[0], graphs[1:])
    assert p[1, 2] < 0.01
    assert (p[graphs[0] == 0][~np.isnan(p[graphs[0] == 0])] > 0.2).all()


def test_nulls_that_are_all_zero_leave_counting_only():
    observed = np.zeros((10, 10))
    observed[1, 2] = observed[2, 1] = 1.0
    observed[3, 4] = observed[4, 3] = 2.0
    p = edge_p(observed, [np.zeros((10, 10))])
    assert p[3, 4] == pytest.approx(1 / 46)
    assert p[5, 6] == 1


def test_the_fitted_tail_is_too_heavy_rather_than_too_light():
    rng = np.random.default_rng(4)
    for law in (stats.norm(), stats.expon(), stats.t(5)):
        far = law.isf([0.05, 1e-3, 1e-4])
        found = np.array([tail_p(far, law.rvs(500, random_state=rng)) for _ in range(300)])
        for level, values in zip((0.05, 1e-3, 1e-4), found.T, strict=True):
            assert 0.9 * level < np.median(values) < 20 * level
            assert (values < level / 10).mean() < 0.15


def test_false_discovery_is_that_of_scipy_and_leaves_gaps_out():
    p = np.array([0.01, np.nan, 0.04, 0.2])
    q = false_discovery(p)
    np.testing.assert_allclose(q[[0, 2, 3]], stats.false_discovery_control([0.01, 0.04, 0.2]))
    assert np.isnan(q[1])
    assert np.isnan(false_discovery(np.full(3, np.nan))).all()


def test_without_nulls_nothing_is_tested():
    with pytest.raises(ValueError, match="null"):
        edge_p(np.ones((4, 4)), [])
