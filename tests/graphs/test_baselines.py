"""The controls of a whole table, each against a slow textbook version of itself."""

import numpy as np
import pytest
from sklearn.covariance import graphical_lasso, ledoit_wolf

from biox.core.errors import InputError
from biox.core.find import find
from biox.graphs.baselines import Forest, genie3, lasso, partial, pearson
from biox.graphs.baselines.lasso import best_penalty, sparse_precision
from biox.graphs.baselines.standardised import filled, standardised

NAMES = ("pearson", "partial", "lasso", "genie3")
SMALL = Forest(trees=20)


def _chain(samples=300, proteins=6, seed=0):
    """Each protein depends on the one before it: neighbours are related, all others only through them."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((samples, proteins))
    for k in range(1, proteins):
        x[:, k] = 0.8 * x[:, k - 1] + 0.6 * x[:, k]
    return x * rng.uniform(0.1, 30, proteins) + rng.normal(0, 20, proteins)


def _gaps(x, share=0.2, seed=1):
    return np.where(np.random.default_rng(seed).random(x.shape) < share, np.nan, x)


def _scores(name, x):
    return genie3(x, SMALL) if name == "genie3" else find("biox.graphs.baselines", name)(x)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_scores_are_finite_never_negative_and_without_self_edges(name, gaps):
    scores = _scores(name, _gaps(_chain(80), gaps))
    assert scores.shape == (6, 6)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    assert not np.diag(scores).any()


@pytest.mark.parametrize("name", NAMES)
def test_units_and_origin_of_a_protein_do_not_matter(name):
    x = _chain(80)
    moved = x * np.array([1, 1e3, 1e-3, 5, 7, 1]) + np.array([0, 1e4, -2, 50, 0, 3])
    # Trees decide near ties between splits by the last digit, which a shift changes.
    np.testing.assert_allclose(_scores(name, x), _scores(name, moved), atol=0.02 if name == "genie3" else 1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_protein_that_never_changes_has_no_edges(name):
    x = _chain(80)
    x[:, 2] = 0.1 + 0.2
    scores = _scores(name, x)
    assert np.isfinite(scores).all()
    assert not scores[2].any()
    assert not scores[:, 2].any()


@pytest.mark.parametrize("name", ["partial", "lasso", "genie3"])
def test_neighbours_of_a_chain_stand_above_all_other_pairs(name):
    scores = _scores(name, _chain(1000))
    both = np.maximum(scores, scores.T)
    near = np.abs(np.subtract.outer(range(6), range(6)))
    assert both[near == 1].min() > both[near > 1].max()


def test_pearson_is_the_pairwise_correlation_of_shared_samples():
    x = _gaps(_chain(60), 0.4)
    scores = pearson(x)
    for i in range(6):
        for j in range(6):
            shared = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
            expected = abs(np.corrcoef(x[shared, i], x[shared, j])[0, 1]) if i != j else 0
            assert scores[i, j] == pytest.approx(expected, abs=1e-10)


def test_pearson_of_a_pair_measured_together_twice_is_nothing():
    x = _chain(20)
    x[2:, 0], x[10:, 1] = np.nan, np.nan
    x[:2, 0] = 1.0, 2.0
    assert pearson(x)[0, 1] == 0
    assert pearson(x)[1, 2] > 0


def test_partial_is_the_correlation_of_what_all_others_leave_unexplained():
    # The residuals of two regressions on the other proteins, whose covariance is the shrunken one.
    x = _chain(100)
    covariance, shrinkage = ledoit_wolf(filled(x), assume_centered=True)
    assert 0 < shrinkage < 1
    expected = np.zeros((6, 6))
    for i in range(6):
        for j in set(range(6)) - {i}:
            pair, others = [i, j], [k for k in range(6) if k not in (i, j)]
            within = covariance[np.ix_(others, others)]
            left = covariance[np.ix_(pair, pair)] - covariance[np.ix_(pair, others)] @ np.linalg.solve(
                within, covariance[np.ix_(others, pair)]
            )
            expected[i, j] = abs(left[0, 1]) / np.sqrt(left[0, 0] * left[1, 1])
    np.testing.assert_allclose(partial(x), expected, atol=1e-10)


def test_partial_works_with_more_proteins_than_samples():
    scores = partial(np.random.default_rng(0).standard_normal((10, 30)))
    assert np.isfinite(scores).all()
    assert scores.max() <= 1


def _objective(precision, covariance, penalty):
    off = np.abs(precision).sum() - np.abs(np.diag(precision)).sum()
    return (covariance * precision).sum() - np.linalg.slogdet(precision)[1] + penalty * off


@pytest.mark.parametrize("penalty", [0.4, 0.1, 0.02])
def test_sparse_precision_is_that_of_coordinate_descent_and_optimal(penalty):
    covariance = np.corrcoef(_chain(200).T)
    solution = sparse_precision(covariance, penalty, tolerance=1e-8, most=5000)
    assert solution.settled
    _, expected = graphical_lasso(covariance, penalty, tol=1e-8, enet_tol=1e-12, max_iter=2000)
    # Coordinate descent stops at a looser place: the same matrix to three digits, and never a better one.
    np.testing.assert_allclose(solution.precision, expected, atol=1e-3)
    assert _objective(solution.precision, covariance, penalty) <= _objective(expected, covariance, penalty) + 1e-9
    # At the optimum the gradient is within the penalty, and at it with the entry's sign where the entry is not 0.
    gradient = np.linalg.inv(solution.dense) - covariance
    off, kept = ~np.eye(6, dtype=bool), (solution.precision != 0) & ~np.eye(6, dtype=bool)
    assert np.abs(gradient[off]).max() <= penalty + 1e-5
    np.testing.assert_allclose(gradient[kept], penalty * np.sign(solution.precision[kept]), atol=1e-5)


def test_lasso_keeps_few_edges_of_independent_proteins_and_none_at_the_largest_penalty():
    noise = np.random.default_rng(3).standard_normal((200, 20))
    off = ~np.eye(20, dtype=bool)
    assert (lasso(noise)[off] > 0).mean() < 0.2
    z = filled(noise)
    covariance = z.T @ z / len(z)
    largest = np.abs(covariance[off]).max()
    assert best_penalty(z) <= largest
    assert not sparse_precision(covariance, 1.001 * largest).precision[off].any()


def test_lasso_ends_although_two_proteins_are_copies():
    x = _chain(100)
    x[:, 1] = x[:, 0]
    assert np.isfinite(lasso(x)).all()
    assert lasso(x)[0].argmax() == 1


def test_lasso_refuses_a_table_that_it_cannot_finish():
    with pytest.raises(InputError, match="at most 1000 proteins"):
        lasso(np.random.default_rng(0).standard_normal((5, 1001)))


def _gain(tree, x, y):
    """The fall of variance at each split of one tree, added up by hand over the samples that pass it."""
    gains = np.zeros(x.shape[1])
    where = np.asarray(tree.decision_path(x).todense()).astype(bool)
    for node in np.flatnonzero(tree.tree_.children_left >= 0):
        left, right = tree.tree_.children_left[node], tree.tree_.children_right[node]
        parts = [y[where[:, k]] for k in (node, left, right)]
        whole, *children = [len(part) * part.var() for part in parts]
        gains[tree.tree_.feature[node]] += (whole - sum(children)) / len(y)
    return gains


def test_genie3_adds_up_the_falls_of_variance():
    from sklearn.ensemble import ExtraTreesRegressor

    x = _chain(60, 4)
    forest = Forest(kind="extra trees", trees=5, seed=4)
    scores = genie3(x, forest)
    z = standardised(x)
    for target in range(4):
        others = [k for k in range(4) if k != target]
        seed = int(np.random.default_rng([4, target]).integers(2**31))
        sources = z[:, others].astype(np.float32)
        fitted = ExtraTreesRegressor(5, max_features="sqrt", random_state=seed).fit(sources, z[:, target])
        expected = np.mean([_gain(tree, sources, z[:, target]) for tree in fitted.estimators_], axis=0)
        np.testing.assert_allclose(scores[others, target], expected, atol=1e-6)
        # Grown to the end, trees explain all of the training variance.
        assert scores[:, target].sum() == pytest.approx(1, abs=1e-6)


def test_genie3_is_directed_and_repeats_itself_whatever_the_cores():
    x = _chain(60)
    once, again = genie3(x, SMALL), genie3(x, Forest(trees=20, jobs=2))
    np.testing.assert_allclose(once, again, rtol=1e-12)
    assert not np.allclose(once, once.T)
    assert not np.allclose(once, genie3(x, Forest(trees=20, seed=1)))


def test_genie3_learns_a_target_only_where_it_was_measured():
    x = _chain(200)
    gaps = x.copy()
    gaps[::2, 3] = np.nan
    np.testing.assert_allclose(genie3(gaps, SMALL)[:, 3], genie3(gaps[1::2], SMALL)[:, 3], atol=0.1)
    assert genie3(gaps, SMALL)[:, 3].argmax() in (2, 4)


def test_genie3_draws_no_more_samples_than_asked():
    x = _chain(200)
    few = genie3(x, Forest(trees=20, samples=50))
    assert not np.allclose(few, genie3(x, SMALL))
    np.testing.assert_array_equal(genie3(x, Forest(trees=20, samples=500)), genie3(x, SMALL))


def test_genie3_refuses_an_unknown_forest():
    with pytest.raises(InputError, match="'extra trees'"):
        genie3(_chain(60), Forest(kind="boosted"))  # type: ignore[arg-type]


def test_infinite_values_and_tiny_tables_are_refused():
    x = _chain(20)
    x[4, 2] = np.inf
    with pytest.raises(InputError, match="Sample 4, protein 2"):
        pearson(x)
    with pytest.raises(InputError, match="at least 3 samples"):
        pearson(_chain(2))


def test_standardised_values_have_mean_0_and_variance_1_and_keep_their_gaps():
    x = _gaps(_chain(100))
    z = standardised(x)
    np.testing.assert_array_equal(np.isnan(z), np.isnan(x))
    np.testing.assert_allclose(np.nanmean(z, 0), 0, atol=1e-10)
    np.testing.assert_allclose(np.nanstd(z, 0), 1, atol=1e-10)
    assert (filled(x)[np.isnan(x)] == 0).all()
