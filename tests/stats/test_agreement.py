import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from biox.core.errors import InputError
from biox.stats import agreement, spm
from biox.stats.multiple import per_channel


def profiles(noise, rng, folds=4, shared=0.0):
    """Relevance and t of several folds that resemble each other; ``shared`` is the part that both have in common."""
    common = noise(rng, 1, 6, 101)
    relevance, t = (noise(rng, 1, 6, 101) + 0.5 * noise(rng, folds, 6, 101) + shared * common for _ in range(2))
    return relevance, t


def test_rank_correlation_is_spearmans_of_the_absolute_values(rng):
    r, t = rng.normal(size=(2, 3, 40))
    expected = stats.spearmanr(np.abs(r).ravel(), np.abs(t).ravel()).statistic
    assert agreement.rank_correlation(r, t).value == pytest.approx(expected)
    assert agreement.rank_correlation(t, -(t**3)).value == pytest.approx(1)


def test_auroc_is_that_of_scikit_learn_with_ties(rng):
    r, mask = rng.integers(-4, 5, (3, 40)), rng.random((3, 40)) < 0.3
    assert agreement.auroc(r, mask).value == pytest.approx(roc_auc_score(mask.ravel(), np.abs(r).ravel()))


@pytest.mark.parametrize(("mask", "reason"), [(np.ones, "every point is significant"), (np.zeros, "no point is")])
def test_auroc_of_an_empty_or_full_mask_is_undefined_with_a_reason(mask, reason, rng):
    found = agreement.auroc(rng.normal(size=(2, 9)), mask((2, 9)))
    assert np.isnan(found.value)
    assert reason in found.reason


def test_flat_relevance_has_no_rank_correlation(rng):
    found = agreement.rank_correlation(np.ones((2, 9)), rng.normal(size=(2, 9)))
    assert np.isnan(found.value)
    assert "relevance is the same" in found.reason


def slow_null(statistic, relevance, other, draws, seed):
    """The twin: shift every channel by hand and compute the agreement anew."""
    folds, channels, points = relevance.shape
    shifts = np.random.default_rng(seed).integers(0, points, (draws, channels))
    return [
        np.mean(
            [
                statistic(np.stack([np.roll(relevance[f, c], s) for c, s in enumerate(draw)]), other[f]).value
                for f in range(folds)
            ]
        )
        for draw in shifts
    ]


@pytest.mark.parametrize(
    ("fast", "slow", "other"),
    [
        (agreement.shift_test_rank, agreement.rank_correlation, lambda t: t),
        (agreement.shift_test_auroc, agreement.auroc, lambda t: np.abs(t) > 1),
    ],
)
def test_shift_test_is_its_slow_twin(fast, slow, other, noise, rng):
    relevance, t = profiles(noise, rng, folds=3, shared=1)
    second = other(t)
    found = fast(relevance, second, draws=300, seed=7)
    null = np.array(slow_null(slow, relevance, second, 300, 7))
    value = np.mean([slow(r, s).value for r, s in zip(relevance, second, strict=True)])
    assert found.value == pytest.approx(value)
    assert found.chance == pytest.approx(null.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(null, [0.025, 0.975])))
    assert found.p == pytest.approx((1 + np.sum(null >= value - 1e-12)) / 301)
    np.testing.assert_allclose(found.folds, [slow(r, s).value for r, s in zip(relevance, second, strict=True)])


@pytest.mark.parametrize("mean_profile", [False, True])
def test_p_is_uniform_where_relevance_and_differences_are_unrelated(noise, mean_profile):
    rng = np.random.default_rng(1)
    p = []
    for seed in range(400):
        relevance, t = profiles(noise, rng)
        scale = 1 + 3 * rng.random((1, 6, 1)) if mean_profile else 1  # channels of unequal strength in both
        p.append(agreement.shift_test_rank(relevance * scale, t * scale, draws=999, seed=seed).p)
    assert stats.kstest(p, "uniform").pvalue > 1e-3
    assert 0.017 <= np.mean(np.array(p) <= 0.05) <= 0.09, "99.9 % of binomial outcomes lie there"


def test_stronger_planted_agreement_is_found_more_often(noise):
    rng = np.random.default_rng(2)
    power = {
        shared: np.mean(
            [agreement.shift_test_rank(*profiles(noise, rng, shared=shared), seed=s).p <= 0.05 for s in range(60)]
        )
        for shared in (0.5, 1.5, 3)
    }
    assert power[0.5] < power[1.5] < power[3]
    assert power[3] >= 0.9


def test_relevance_that_avoids_the_differences_is_no_agreement(noise, rng):
    relevance, t = profiles(noise, rng, shared=3)
    assert agreement.shift_test_rank(relevance, t, seed=0).p < 0.05
    avoiding = agreement.shift_test_rank(1 / (1e-3 + np.abs(relevance)), t, seed=0)
    assert avoiding.value < 0
    assert avoiding.p > 0.9


def test_partial_agreement_is_the_textbook_partial_correlation_of_ranks(noise, rng):
    relevance, t = profiles(noise, rng, folds=2, shared=1)
    amplitude = np.abs(relevance) + np.abs(noise(rng, 2, 6, 101))
    found = agreement.shift_test_partial(relevance, t, amplitude, draws=100, seed=0)
    for fold in range(2):
        r, s, a = (np.abs(x[fold]).ravel() for x in (relevance, t, amplitude))
        rs, ra, sa = (stats.spearmanr(*pair).statistic for pair in ((r, s), (r, a), (s, a)))
        assert found.folds[fold] == pytest.approx((rs - ra * sa) / np.sqrt((1 - ra**2) * (1 - sa**2)))
    assert found.value == pytest.approx(found.folds.mean())


def test_random_weights_on_raw_forces_agree_with_the_differences_unless_the_signals_size_is_held_constant(
    gait_groups, noise
):
    healthy, disorder = gait_groups
    t = per_channel(spm.two_sample_t, gait_groups).statistic[None]
    people = np.concatenate([healthy, disorder])
    amplitude = np.abs(people).mean(0)[None]
    rng = np.random.default_rng(0)
    relevance = [amplitude * np.abs(noise(rng, 1, 6, 101, width=2)) for _ in range(200)]
    plain = [agreement.shift_test_rank(r, t, draws=999, seed=i).p for i, r in enumerate(relevance)]
    partial = [agreement.shift_test_partial(r, t, amplitude, draws=999, seed=i).p for i, r in enumerate(relevance)]
    assert np.mean(np.array(plain) <= 0.05) > 0.5
    assert np.mean(np.array(partial) <= 0.05) <= 0.1


def test_agreement_beyond_the_signals_size_is_still_found(noise):
    rng = np.random.default_rng(3)
    hits = []
    for seed in range(40):
        amplitude = np.abs(noise(rng, 1, 6, 101)) + 0.2
        relevance, t = (np.repeat(amplitude, 4, axis=0) * x for x in profiles(noise, rng, shared=3))
        hits.append(agreement.shift_test_partial(relevance, t, np.repeat(amplitude, 4, axis=0), seed=seed).p <= 0.05)
    assert np.mean(hits) >= 0.8


def test_relevance_that_is_the_signals_size_has_nothing_left_to_agree(noise, rng):
    relevance, t = profiles(noise, rng, folds=2)
    found = agreement.shift_test_partial(relevance, t, relevance, draws=100, seed=0)
    assert np.isnan([found.value, found.p]).all()
    assert "follow the signal's size entirely" in found.reason


def test_folds_with_an_undefined_mask_are_left_out_and_named(noise, rng):
    relevance, t = profiles(noise, rng, folds=3)
    mask = np.abs(t) > 1
    mask[1] = False
    found = agreement.shift_test_auroc(relevance, mask, draws=100, seed=0)
    alone = agreement.shift_test_auroc(relevance[[0, 2]], mask[[0, 2]], draws=100, seed=0)
    assert np.isnan(found.folds).tolist() == [False, True, False]
    assert found.reason == "no point is significant"
    assert (found.value, found.p) == (pytest.approx(alone.value), alone.p)


def test_a_study_without_any_usable_fold_has_no_p(noise, rng):
    relevance, _ = profiles(noise, rng, folds=2)
    found = agreement.shift_test_auroc(relevance, np.zeros((2, 6, 101)), draws=100, seed=0)
    assert np.isnan([found.value, found.p]).all()
    assert found.reason == "no point is significant"


def test_profiles_that_do_not_match_are_refused(rng):
    with pytest.raises(InputError, match=r"shape \(2, 9\) cannot be compared"):
        agreement.rank_correlation(rng.normal(size=(2, 9)), rng.normal(size=(2, 8)))
    with pytest.raises(InputError, match="missing or infinite"):
        agreement.auroc(np.full((2, 9), np.nan), np.zeros((2, 9)))
