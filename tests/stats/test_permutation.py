from itertools import combinations, permutations, product
from math import comb

import numpy as np
import pytest
import spm1d
from scipy import stats

from biox.core.errors import InputError
from biox.stats import maxima, permutation, shuffles, spm

TESTS = {"two_sample_t": (12, 9), "welch_t": (12, 9), "anova": (6, 8, 7), "paired_t": (11, 11), "rm_anova": (8, 8, 8)}


@pytest.fixture
def samples(noise, rng):
    return {name: [noise(rng, n, 101) for n in sizes] for name, sizes in TESTS.items()}


def run(name, samples, **options):
    return getattr(permutation, name)(*samples, **{"seed": 0, **options})


@pytest.mark.parametrize("name", TESTS)
def test_statistics_are_those_of_the_random_field_tests(name, samples):
    expected = getattr(spm, name)(*samples[name]).statistic
    np.testing.assert_allclose(run(name, samples[name], iterations=100).statistic, expected, rtol=1e-8, atol=1e-8)


def largest_by_spm1d(name, samples, iterations):
    """The largest |t| or F of every random dealing, by spm1d.

    Two workarounds for its repeated measures (0.4.55): its permuter deals freely between people, which the design
    does not allow, and its inference calls ``np.percentile(interpolation=)``, which numpy 2.4 no longer has. So only
    its statistic is taken there, on dealings within people.
    """
    nonparam = spm1d.stats.nonparam
    if name == "rm_anova":
        x = np.stack(samples)
        k, n = x.shape[:2]
        condition, person = np.indices((k, n)).reshape(2, -1)
        test = nonparam.anova1rm(x.reshape(k * n, -1), condition, person)
        rng = np.random.default_rng(5)
        orders = (rng.permuted(np.tile(np.arange(k)[:, None], (1, n)), axis=0) for _ in range(iterations))
        dealt = (np.take_along_axis(x, o[:, :, None], 0).reshape(k * n, -1) for o in orders)
        return np.array([test.permuter.calc.get_test_stat(y).max() for y in dealt])
    np.random.seed(0)  # noqa: NPY002 - spm1d draws from the global generator
    if name == "anova":
        test = nonparam.anova1(np.concatenate(samples), np.repeat(np.arange(len(samples)), [len(s) for s in samples]))
    else:
        test = {"two_sample_t": nonparam.ttest2, "paired_t": nonparam.ttest_paired}[name](*samples)
    test.mgr.permute(iterations)
    return np.abs(test.mgr.ZZ).max(1)


@pytest.mark.parametrize("name", ["two_sample_t", "anova", "paired_t", "rm_anova"])
def test_p_and_threshold_are_those_of_spm1d_within_monte_carlo_error(name, samples, bump):
    first, *others = samples[name]
    planted = [first + 0.7 * bump, *others]
    n = 1000
    theirs = largest_by_spm1d(name, planted, n)
    ours = run(name, planted, iterations=20_000)
    assert 0.005 < ours.p < 0.9, "a p near 0 or 1 would compare nothing"
    assert abs(np.mean(theirs >= np.abs(ours.statistic).max()) - ours.p) < 4 * np.sqrt(ours.p * (1 - ours.p) / n)
    assert abs(np.mean(theirs > ours.threshold) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / n)


def test_exact_p_between_two_groups_is_the_share_over_all_ways_to_choose_the_first(rng):
    a, b = rng.normal(size=(5, 3)) + 0.9, rng.normal(size=(4, 3))
    x = np.concatenate([a, b])
    heights = [
        np.abs(stats.ttest_ind(x[list(first)], np.delete(x, first, 0)).statistic).max()
        for first in combinations(range(9), 5)
    ]
    ours = permutation.two_sample_t(a, b, iterations=1000, seed=0)
    assert ours.exact
    assert ours.shufflings == 126
    assert ours.p == pytest.approx(np.mean(np.array(heights) >= heights[0] * (1 - 1e-9)))
    assert ours.threshold == pytest.approx(np.sort(heights)[-1 - int(0.05 * 126)])


def textbook_f(x):
    """Repeated-measures F of x, shape (condition, person, point)."""
    conditions, people = x.shape[:2]
    effect = people * ((x.mean(1) - x.mean((0, 1))) ** 2).sum(0) / (conditions - 1)
    error = ((x - x.mean(0) - x.mean(1, keepdims=True) + x.mean((0, 1))) ** 2).sum((0, 1))
    return effect / (error / ((conditions - 1) * (people - 1)))


def test_exact_p_within_people_is_the_share_over_all_orders_of_each_person(rng):
    x = rng.normal(size=(3, 3, 2)) + np.arange(3)[:, None, None]
    heights = []
    for orders in product(permutations(range(3)), repeat=3):
        dealt = np.stack([x[list(order), person] for person, order in enumerate(orders)], axis=1)
        heights.append(textbook_f(dealt).max())
    ours = permutation.rm_anova(*x, iterations=1000, seed=0)
    assert ours.exact
    assert ours.p == pytest.approx(np.mean(np.array(heights) >= heights[0] * (1 - 1e-9)))


def test_all_sign_flips_are_gone_through_where_they_are_few(rng):
    difference = np.abs(rng.normal(size=(6, 4))) + 0.1
    ours = permutation.paired_t(difference, np.zeros((6, 4)), iterations=100, seed=0)
    assert ours.exact
    assert ours.p == pytest.approx(2 / 64), "only all plus and all minus reach the observed height"


@pytest.mark.parametrize("deals", [shuffles.between(3, 2, 2), shuffles.signs(6), shuffles.within(3, 3)])
def test_every_dealing_comes_once_and_no_other_comes_by_chance(deals):
    everything = {one.tobytes() for one in np.concatenate(list(deals.chunks(deals.total, 50, 0)))}
    assert len(everything) == deals.total
    random = deals.random(np.random.default_rng(0), 20_000)
    counts = np.unique(random.reshape(len(random), -1), axis=0, return_counts=True)[1]
    assert {one.astype(deals.observed.dtype).tobytes() for one in random} == everything
    assert stats.chisquare(counts).pvalue > 1e-4


def test_group_sizes_never_change():
    labels = shuffles.between(4, 7, 2).random(np.random.default_rng(0), 50)
    assert all(np.bincount(row).tolist() == [4, 7, 2] for row in labels)
    assert shuffles.between(4, 7).total == comb(11, 4)


@pytest.mark.parametrize("name", TESTS)
def test_same_seed_same_result_and_chunks_do_not_matter(name, samples, monkeypatch):
    first = run(name, samples[name], iterations=500)
    monkeypatch.setattr(maxima, "CHUNK_VALUES", 101 * 7)
    again = run(name, samples[name], iterations=500)
    np.testing.assert_array_equal(first.mask, again.mask)
    assert (first.p, first.threshold) == (pytest.approx(again.p), pytest.approx(again.threshold))
    assert run(name, samples[name], iterations=500, seed=9).threshold != first.threshold


@pytest.mark.parametrize("name", TESTS)
def test_mask_threshold_and_p_say_the_same(name, samples, bump):
    first, *others = samples[name]
    found = run(name, [first + 5 * bump, *others], iterations=2000)
    assert 0 < found.mask.sum() < 101
    np.testing.assert_array_equal(found.mask, np.abs(found.statistic) > found.threshold * (1 + 1e-9))
    assert found.p == found.p_points.min()


@pytest.mark.parametrize("name", TESTS)
def test_channels_together_are_judged_more_strictly_than_each_alone(name, samples):
    channels = [np.stack([s, s[:, ::-1], np.roll(s, 40, 1)], axis=1) for s in samples[name]]
    found = run(name, channels, iterations=2000)
    assert found.statistic.shape == (3, 101)
    assert (found.channel_threshold <= found.threshold).all()
    assert found.p >= found.channel_p.min()
    alone = run(name, samples[name], iterations=2000)
    assert found.channel_threshold[0] == pytest.approx(alone.threshold)
    assert found.channel_p[0] == pytest.approx(alone.p)


@pytest.mark.parametrize("name", TESTS)
def test_flat_points_have_no_statistic_and_change_nothing(name, samples):
    padded = [np.concatenate([np.full((len(s), 5), 0.1), s], axis=1) for s in samples[name]]
    found, whole = run(name, padded, iterations=500), run(name, samples[name], iterations=500)
    np.testing.assert_array_equal(found.statistic[:5], 0)
    assert found.threshold == pytest.approx(whole.threshold)


def test_differences_between_people_do_not_matter_within_people(samples, noise, rng):
    people = 10 * noise(rng, 8, 101)
    plain = run("rm_anova", samples["rm_anova"], iterations=500)
    shifted = run("rm_anova", [s + people for s in samples["rm_anova"]], iterations=500)
    assert shifted.p == pytest.approx(plain.p)
    np.testing.assert_allclose(shifted.statistic, plain.statistic, rtol=1e-6, atol=1e-9)


def test_too_few_iterations_for_alpha_are_refused(samples):
    with pytest.raises(InputError, match="at least 100 are needed"):
        run("paired_t", samples["paired_t"], iterations=50, alpha=0.01)


@pytest.mark.long
@pytest.mark.parametrize("name", TESTS)
def test_false_positives_on_smooth_noise_stay_near_alpha(name, noise):
    rng = np.random.default_rng(1)
    runs = 400
    hits = [
        run(name, [noise(rng, n, 2, 101) for n in TESTS[name]], iterations=199, seed=i).p <= 0.05 for i in range(runs)
    ]
    assert 0.017 <= np.mean(hits) <= 0.09, "99.9 % of binomial outcomes lie there"


@pytest.mark.long
def test_welch_repairs_most_of_what_unequal_variances_do_to_shuffling(noise):
    rng = np.random.default_rng(2)
    runs = [(3 * noise(rng, 12, 101), noise(rng, 40, 101)) for _ in range(300)]
    welch, pooled = (np.mean([run(n, r, iterations=199).p <= 0.05 for r in runs]) for n in ("welch_t", "two_sample_t"))
    assert pooled > 0.25
    assert welch < pooled / 3
