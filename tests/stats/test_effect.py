import numpy as np
import pytest
from scipy import stats

from biox.stats import effect


def textbook_g(a, b):
    pooled = np.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2))
    return (1 - 3 / (4 * (len(a) + len(b)) - 9)) * (a.mean() - b.mean()) / pooled


def test_hedges_g_is_the_textbook_formula_at_every_point(noise, rng):
    a, b = noise(rng, 15, 2, 40) + 0.7, noise(rng, 22, 2, 40)
    found = effect.hedges_g(a, b, draws=10, seed=0)
    expected = [[textbook_g(a[:, c, p], b[:, c, p]) for p in range(40)] for c in range(2)]
    np.testing.assert_allclose(found.g, expected, rtol=2e-4)  # the formula's correction is an approximation


def test_paired_g_is_the_corrected_mean_change_over_its_deviation(noise, rng):
    a, b = noise(rng, 12, 40) + 0.7, noise(rng, 12, 40)
    expected = (1 - 3 / (4 * 11 - 1)) * (a - b).mean(0) / (a - b).std(0, ddof=1)
    np.testing.assert_allclose(effect.paired_g(a, b, draws=10, seed=0).g, expected, rtol=1e-3)


def test_the_bootstrap_is_its_slow_twin(noise, rng):
    a, b = noise(rng, 8, 30), noise(rng, 9, 30)
    found = effect.hedges_g(a, b, draws=50, seed=3)
    again = np.random.default_rng(3)
    first, second = (again.multinomial(n, np.full(n, 1 / n), size=50) for n in (8, 9))
    drawn = [
        [textbook_g(np.repeat(a[:, p], i), np.repeat(b[:, p], j)) for p in range(30)]
        for i, j in zip(first, second, strict=True)
    ]
    tail = stats.norm.cdf(-2.1314 * np.sqrt(17 / 15))  # the 2.5 % point of Student's t with 15 degrees of freedom
    np.testing.assert_allclose(found.low, np.quantile(drawn, tail, axis=0), rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(found.high, np.quantile(drawn, 1 - tail, axis=0), rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("measure", [effect.hedges_g, effect.paired_g])
def test_swapping_the_groups_turns_the_sign_and_units_do_not_matter(measure, noise, rng):
    a, b = noise(rng, 12, 40), noise(rng, 12, 40)
    g = measure(a, b, draws=10, seed=0).g
    np.testing.assert_allclose(measure(b, a, draws=10, seed=0).g, -g)
    np.testing.assert_allclose(measure(1e3 * a + 5e3, 1e3 * b + 5e3, draws=10, seed=0).g, g, rtol=1e-8)


def test_flat_points_have_no_effect(noise, rng):
    a, b = (np.concatenate([noise(rng, 10, 20), np.full((10, 3), 0.1)], axis=1) for _ in range(2))
    for measure in (effect.hedges_g, effect.paired_g):
        found = measure(a, b, draws=50, seed=0)
        assert (found.g[-3:] == 0).all()
        assert np.isfinite([found.low, found.high, found.band_low, found.band_high]).all()


def test_the_simultaneous_band_is_wider_than_the_pointwise_interval(noise, rng):
    found = effect.hedges_g(noise(rng, 20, 101), noise(rng, 20, 101), draws=500, seed=0)
    assert ((found.band_high - found.band_low) > (found.high - found.low)).all()


def coverage(measure):
    """How often interval and band hold a true effect of 0.7, over 200 samples."""
    rng = np.random.default_rng(1)
    found = [measure(rng, seed) for seed in range(200)]
    point = np.mean([(one.low <= 0.7) & (one.high >= 0.7) for one in found])
    curve = np.mean([((one.band_low <= 0.7) & (one.band_high >= 0.7)).all() for one in found])
    return point, curve


@pytest.mark.long
def test_intervals_of_many_people_hold_the_truth_as_often_as_they_say(noise):
    point, curve = coverage(
        lambda rng, s: effect.hedges_g(noise(rng, 40, 101), noise(rng, 50, 101) - 0.7, draws=400, seed=s)
    )
    assert 0.92 <= point <= 0.98
    assert curve >= 0.90


@pytest.mark.slow
def test_intervals_of_ten_people_hold_the_truth_in_at_least_88_of_100_and_the_band_in_95(noise):
    point, curve = coverage(
        lambda rng, s: effect.paired_g(noise(rng, 10, 101), np.full((10, 101), -0.7), draws=400, seed=s)
    )
    assert point >= 0.88
    assert curve >= 0.95
