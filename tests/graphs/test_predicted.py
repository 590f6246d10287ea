import numpy as np
import pytest
from scipy import stats

from biox.graphs.predicted import correlations, p_above_zero


def test_correlations_are_those_of_scipy_over_the_samples_that_have_both():
    rng = np.random.default_rng(0)
    values, predictions = rng.standard_normal((2, 30, 4))
    values[3:9, 1], predictions[0, 1], predictions[:, 2], values[2:, 3] = np.nan, np.nan, 0.1, np.nan
    r = correlations(predictions, values)
    both = ~np.isnan(values[:, 1]) & ~np.isnan(predictions[:, 1])
    assert r[0] == pytest.approx(stats.pearsonr(predictions[:, 0], values[:, 0]).statistic)
    assert r[1] == pytest.approx(stats.pearsonr(predictions[both, 1], values[both, 1]).statistic)
    assert np.isnan(r[2:]).all()


def test_p_is_that_of_scipy_one_sided_and_fewer_persons_make_it_weaker():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 25))
    b += 0.5 * a
    scipys = stats.pearsonr(a, b, alternative="greater")
    r = np.array([scipys.statistic])
    assert p_above_zero(r, np.array([25]))[0] == pytest.approx(scipys.pvalue)
    assert p_above_zero(r, np.array([9]))[0] > p_above_zero(r, np.array([25]))[0]
    assert p_above_zero(-r, np.array([25]))[0] == pytest.approx(1 - scipys.pvalue)


def test_what_cannot_be_tested_is_not_taken_for_predicted():
    found = p_above_zero(np.array([np.nan, 0.99, 1.0]), np.array([50, 2, 50]))
    assert found.tolist() == [1, 1, 0]


def test_noise_is_called_predicted_at_the_level_of_the_test():
    rng = np.random.default_rng(2)
    predictions, values = rng.standard_normal((2, 40, 4000))
    share = (p_above_zero(correlations(predictions, values), np.full(4000, 40)) < 0.05).mean()
    assert 0.04 < share < 0.06
