import numpy as np
import pytest
from scipy import stats

from biox.graphs.predicted import correlations, joined, p_above_zero, variance_of


def test_correlations_are_those_of_scipy_over_the_samples_that_have_both():
    rng = np.random.default_rng(0)
    values, predictions = rng.standard_normal((2, 30, 4))
    values[3:9, 1], predictions[0, 1], predictions[:, 2], values[2:, 3] = np.nan, np.nan, 0.1, np.nan
    r = correlations(predictions, values)
    both = ~np.isnan(values[:, 1]) & ~np.isnan(predictions[:, 1])
    assert r[0] == pytest.approx(stats.pearsonr(predictions[:, 0], values[:, 0]).statistic)
    assert r[1] == pytest.approx(stats.pearsonr(predictions[both, 1], values[both, 1]).statistic)
    assert np.isnan(r[2:]).all()


def test_joined_folds_have_a_standard_normal_z_where_they_are_independent():
    rng = np.random.default_rng(2)
    predictions, values = rng.standard_normal((2, 3, 30, 3000))
    predictions[1] *= 10  # a bolder network does not weigh more
    r = np.array([correlations(a, b) for a, b in zip(predictions, values, strict=True)])
    _, z = joined(r, np.full((3, 3000), 30))
    assert z.std() == pytest.approx(1, abs=0.04)
    assert (p_above_zero(z, 1.0) < 0.05).mean() == pytest.approx(0.05, abs=0.01)


def test_folds_that_say_the_same_say_it_together_and_fewer_people_say_it_more_weakly():
    r, z = joined(np.full((4, 1), 0.3), np.full((4, 1), 25))
    assert r[0] == pytest.approx(0.3)
    assert z[0] == pytest.approx(np.arctanh(0.3) * np.sqrt(88))
    assert joined(np.full((4, 1), 0.3), np.full((4, 1), 9))[1][0] < z[0]


def test_a_fold_without_a_correlation_does_not_count():
    r, z = joined(np.array([[0.5, np.nan], [np.nan, np.nan], [0.9, 0.2]]), np.array([[20, 20], [20, 20], [3, 3]]))
    assert r[0] == pytest.approx(0.5)
    assert np.isnan([r[1], z[1]]).all()


def test_what_cannot_be_tested_is_not_taken_for_predicted():
    assert p_above_zero(np.array([np.nan, 40.0, 0.0]), 1.0).tolist() == [1, 0, 0.5]


def test_the_nulls_say_how_widely_chance_spreads_but_never_less_than_independent_folds():
    assert variance_of(np.array([2.0, -2.0, np.nan])) == 4
    assert variance_of(np.array([0.1, -0.1])) == 1
    assert variance_of(np.empty(0)) == 2
    z = np.array([2.5])
    assert p_above_zero(z, 2.0)[0] == pytest.approx(stats.norm.sf(2.5 / np.sqrt(2)))


def test_a_linear_prediction_learnt_crosswise_doubles_the_variance_at_most():
    rng = np.random.default_rng(3)
    found = []
    for _ in range(1500):
        x = rng.standard_normal((2, 40, 6))
        r = []
        for test, train in ((0, 1), (1, 0)):
            slope = x[train, :, 1:].T @ x[train, :, 0]
            r.append(correlations((x[test, :, 1:] @ slope)[:, None], x[test, :, :1]))
        found.append(joined(np.array(r), np.full((2, 1), 40))[1][0])
    assert 1.5 < np.var(found) < 2.2
