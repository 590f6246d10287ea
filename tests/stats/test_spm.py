import numpy as np
import pandas as pd
import pytest
import spm1d
from scipy import stats
from statsmodels.stats.anova import AnovaRM
from statsmodels.stats.multitest import multipletests

from biox.core.errors import InputError
from biox.stats import spm
from biox.stats.multiple import holm, per_channel
from biox.stats.units import condition_means, subject_means


def test_gait_subject_means_reproduce_the_measured_share_of_significant_points(gait_groups):
    found = per_channel(spm.two_sample_t, gait_groups)
    assert found.mask.sum(1).tolist() == [56, 64, 88, 41, 88, 75]
    assert round(100 * found.mask.mean(), 1) == 68.0
    assert [round(one.threshold, 2) for one in found.alone] == [3.04, 3.05, 3.12, 3.05, 3.06, 3.13]


@pytest.mark.slow
def test_gait_trials_as_units_reproduce_the_measured_share(gait):
    x, label, _ = gait
    assert round(100 * per_channel(spm.two_sample_t, (x[label == 0], x[label > 0])).mask.mean(), 1) == 83.5


def test_a_dead_channel_is_named(rng, noise):
    groups = [noise(rng, 6, 3, 50) for _ in range(2)]
    for group in groups:
        group[:, 1] = 0
    with pytest.raises(InputError, match="Channel 1: Only 0 of 50 points vary"):
        per_channel(spm.welch_t, groups)


def test_two_sample_t_is_the_textbook_statistic_for_equal_variances(rng, noise):
    a, b = noise(rng, 9, 60), noise(rng, 14, 60)
    np.testing.assert_allclose(spm.two_sample_t(a, b).statistic, stats.ttest_ind(a, b).statistic, atol=1e-12)


def test_welch_t_is_the_textbook_statistic(rng, noise):
    a, b = noise(rng, 9, 60), 3 * noise(rng, 14, 60)
    textbook = stats.ttest_ind(a, b, equal_var=False)
    found = spm.welch_t(a, b)
    np.testing.assert_allclose(found.statistic, textbook.statistic, atol=1e-12)
    assert textbook.df.min() < found.df[1] < textbook.df.max()


def test_welch_and_two_sample_t_agree_for_equal_sizes(rng, noise):
    a, b = noise(rng, 20, 101), noise(rng, 20, 101)
    np.testing.assert_allclose(spm.welch_t(a, b).statistic, spm.two_sample_t(a, b).statistic, atol=1e-12)
    assert spm.welch_t(a, b).threshold == pytest.approx(spm.two_sample_t(a, b).threshold, rel=0.03)


def test_anova_is_the_textbook_statistic(rng, noise):
    groups = [noise(rng, n, 50) for n in (6, 9, 7)]
    found = spm.anova(*groups)
    np.testing.assert_allclose(found.statistic, stats.f_oneway(*groups).statistic, rtol=1e-10)
    assert found.df == (2, 19)


def test_paired_t_is_the_textbook_statistic(rng, noise):
    a, b = noise(rng, 10, 50), noise(rng, 10, 50)
    np.testing.assert_allclose(spm.paired_t(a, b).statistic, stats.ttest_rel(a, b).statistic, atol=1e-9)


def test_repeated_measures_anova_is_the_textbook_statistic(rng, noise):
    people = 5 * noise(rng, 7, 30)
    conditions = [people + noise(rng, 7, 30) for _ in range(3)]
    found = spm.rm_anova(*conditions)
    for point in (0, 13, 29):
        y = np.concatenate([c[:, point] for c in conditions])
        table = pd.DataFrame({"y": y, "who": np.tile(np.arange(7), 3), "what": np.repeat(list("abc"), 7)})
        expected = AnovaRM(table, "y", "who", ["what"]).fit().anova_table["F Value"].iloc[0]
        assert found.statistic[point] == pytest.approx(expected, rel=1e-8)
    assert found.df == (2, 12)


def test_threshold_and_p_of_the_maximum_are_twins(rng, noise):
    a, b = noise(rng, 12, 101), noise(rng, 12, 101)
    first = spm.two_sample_t(a, b)
    again = spm.two_sample_t(a, b, alpha=first.p)
    assert again.threshold == pytest.approx(np.abs(first.statistic).max(), rel=1e-4)


def test_clusters_are_those_of_spm1d_with_their_signs(rng, noise, bump):
    a, b = noise(rng, 15, 101) + 2.5 * np.roll(bump, -20) - 2.5 * np.roll(bump, 25), noise(rng, 15, 101)
    found = spm.paired_t(a, b)
    expected = spm1d.stats.ttest_paired(a, b).inference(0.05, two_tailed=True).clusters
    assert [c.sign for c in found.clusters] == [1, -1] == [c.csign for c in expected]
    assert [(c.start, c.end, c.p) for c in found.clusters] == [(*c.endpoints, c.P) for c in expected]


def test_flat_points_are_left_out_and_the_rest_is_unchanged(rng, noise, bump):
    a, b = noise(rng, 12, 101) + 2 * bump, noise(rng, 12, 101)
    pad = lambda x: np.concatenate([np.zeros((len(x), 4)), x, np.full((len(x), 3), 0.1)], axis=1)  # noqa: E731
    for test in (spm.two_sample_t, spm.welch_t, spm.anova, spm.paired_t, spm.rm_anova):
        whole, padded = test(a, b), test(pad(a), pad(b))
        assert padded.tested.tolist() == [False] * 4 + [True] * 101 + [False] * 3
        np.testing.assert_array_equal(padded.statistic[4:105], whole.statistic)
        assert padded.threshold == whole.threshold
        assert not padded.mask[~padded.tested].any()
        assert [c.start - 4 for c in padded.clusters] == pytest.approx([c.start for c in whole.clusters])


def test_rescaling_the_signal_changes_nothing(rng, noise):
    a, b = noise(rng, 8, 101), noise(rng, 9, 101)
    np.testing.assert_allclose(spm.welch_t(a, b).statistic, spm.welch_t(1e-3 * a, 1e-3 * b).statistic, rtol=1e-9)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        ((np.zeros((2, 9)), np.zeros((5, 9))), "Group 1 of 2 has 2 people; a test needs at least 3"),
        ((np.zeros((5, 9)), np.zeros((5, 8))), "the same points"),
        ((np.zeros((5, 9)), np.zeros((5, 9))), "Only 0 of 9 points vary"),
        ((np.zeros((5, 9)), np.full((5, 9), np.nan)), "Group 2 of 2, unit 0, position"),
    ],
)
def test_what_cannot_be_tested_is_said_in_a_sentence(samples, sentence):
    with pytest.raises(InputError, match=sentence):
        spm.two_sample_t(*samples)


def test_paired_conditions_of_different_people_are_refused(rng, noise):
    with pytest.raises(InputError, match="same people in the same rows"):
        spm.paired_t(noise(rng, 5, 20), noise(rng, 6, 20))


def test_holm_is_the_textbook_procedure_and_keeps_what_could_not_be_tested():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, np.nan, 0.03])), [0.03, 0.06, np.nan, 0.06])


@pytest.mark.parametrize("tests", [1, 2, 12, 60])
def test_holm_is_that_of_statsmodels_with_ties_and_any_shape(tests, rng):
    p = rng.random(tests).round(2) ** 4
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])
    np.testing.assert_array_equal(holm(p.reshape(1, -1)), holm(p)[None])


def test_subject_means_weigh_people_and_not_trials():
    subjects, means = subject_means(np.array([[1.0], [3.0], [10.0]]), np.array(["b", "b", "a"]))
    assert subjects.tolist() == ["a", "b"]
    assert means.ravel().tolist() == [10, 2]


def test_people_who_miss_a_condition_are_left_out_of_the_paired_means():
    x, who = np.array([[1.0], [3.0], [10.0], [5.0]]), np.array(["b", "b", "a", "b"])
    kept, means = condition_means(x, who, np.array(["slow", "slow", "slow", "fast"]), ("slow", "fast"))
    assert kept.tolist() == ["b"]
    assert means.ravel().tolist() == [2, 5]
    with pytest.raises(InputError, match="No subject went through all"):
        condition_means(x, who, np.array(["slow"] * 4), ("slow", "fast"))


def false_positive_rate(test, draw, runs=300):
    return np.mean([test(*draw()).p <= 0.05 for _ in range(runs)])


@pytest.mark.long
@pytest.mark.parametrize(
    ("test", "sizes"),
    [(spm.two_sample_t, (12, 20)), (spm.welch_t, (12, 20)), (spm.anova, (8, 12, 10)), (spm.paired_t, (12, 12))],
)
def test_false_positives_on_smooth_noise_stay_near_alpha(test, sizes, noise):
    rng = np.random.default_rng(1)
    # 300 runs at 0.05: 99.9 % of binomial outcomes lie in 0.013 .. 0.097
    assert 0.013 <= false_positive_rate(test, lambda: [noise(rng, n, 101) for n in sizes]) <= 0.097


@pytest.mark.long
def test_false_positives_of_repeated_measures_stay_near_alpha(noise):
    rng = np.random.default_rng(2)

    def draw():
        people = 3 * noise(rng, 10, 101)
        return [people + noise(rng, 10, 101) for _ in range(3)]

    assert 0.013 <= false_positive_rate(spm.rm_anova, draw) <= 0.097


@pytest.mark.long
def test_welch_keeps_alpha_where_a_small_group_varies_more_and_the_pooled_t_does_not(noise):
    rng = np.random.default_rng(3)
    draw = lambda: (3 * noise(rng, 10, 101), noise(rng, 40, 101))  # noqa: E731
    assert 0.013 <= false_positive_rate(spm.welch_t, draw) <= 0.097
    assert false_positive_rate(spm.two_sample_t, draw, 100) > 0.25
