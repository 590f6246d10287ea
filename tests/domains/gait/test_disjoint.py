"""The pooled test claims agreement where it was planted, and keeps its level where labels mean nothing."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.stats import spearmanr

from biox.domains.gait.disjoint import _by_lag, agreement, fold_groups, widening
from biox.domains.gait.groups import groups_of, statistic
from biox.domains.gait.profiles import net_outside

from .made_studies import clinic, dealt, made, walks


def test_every_shift_equals_the_rank_correlation_of_rolled_profiles():
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 20)), rng.random((3, 20))
    table = _by_lag(a, b)
    for shifts in ([0, 0, 0], [1, 5, 19], [7, 0, 3]):
        rolled = np.stack([np.roll(row, s) for row, s in zip(a, shifts, strict=True)])
        assert table[np.arange(3), shifts].sum() == pytest.approx(spearmanr(rolled.ravel(), b.ravel()).statistic)


def test_value_is_the_mean_over_folds_of_relevance_outside_against_statistic_inside():
    study = made(clinic(subjects=12))
    cohort, relevances = study.cohort, study.of_main()
    by_hand = []
    for k, one in relevances.items():
        tested = (one.samples["part"] == "test").to_numpy()
        inside = groups_of(cohort.x[tested], cohort.take(tested))
        outside = groups_of(one.values[~tested], cohort.take(~tested))
        profile = np.abs(np.mean([v.mean(0) for v in outside.values], axis=0))
        by_hand.append(spearmanr(profile, statistic(inside), axis=None).statistic)
        np.testing.assert_allclose(net_outside(one, cohort), np.mean([v.mean(0) for v in outside.values], axis=0))
        assert study.fits[k]["main"].scores["part"].eq("test").to_numpy()[tested].all()
    assert agreement(cohort, relevances, seed=0).value == pytest.approx(np.mean(by_hand))


def test_relevance_of_the_tested_people_plays_no_part():
    study = made(clinic(subjects=12))
    expected = agreement(study.cohort, study.of_main(), seed=0)
    spoilt = {}
    for k, one in study.of_main().items():
        values = one.values.copy()
        values[(one.samples["part"] == "test").to_numpy()] = 1e9
        spoilt[k] = replace(one, values=values)
    assert agreement(study.cohort, spoilt, seed=0).value == expected.value


def test_order_of_samples_in_the_relevance_plays_no_part():
    study = made(clinic(subjects=12))
    order = np.random.default_rng(0).permutation(len(study.cohort.samples))
    turned = {
        k: replace(one, values=one.values[order], samples=one.samples.iloc[order].reset_index(drop=True))
        for k, one in study.of_main().items()
    }
    expected = agreement(study.cohort, study.of_main(), seed=0).value
    assert agreement(study.cohort, turned, seed=0).value == pytest.approx(expected)


def test_relevance_moved_along_the_stance_phase_is_not_claimed_to_agree():
    study = made(clinic(subjects=60, effect=1.2))
    moved = {k: replace(one, values=np.roll(one.values, 45, axis=2)) for k, one in study.of_main().items()}
    true, false = (agreement(study.cohort, r, seed=0) for r in (study.of_main(), moved))
    assert true.p < 0.01
    assert false.p > 0.05
    assert true.value > false.value


def test_planted_effect_is_found_in_most_seeds():
    p = [agreement((s := made(clinic(seed, 60))).cohort, s.of_main(), seed=seed).p for seed in range(12)]
    assert np.mean(np.array(p) <= 0.05) >= 0.75


@pytest.mark.slow
def test_permuted_labels_are_claimed_to_agree_no_more_often_than_alpha():
    """200 cohorts: at 5 % more than 18 claims happen in under 1 % of such trials."""
    p = []
    for seed in range(200):
        study = made(dealt(clinic(seed, 25, effect=0.0), seed))
        p.append(agreement(study.cohort, study.of_main(), draws=2000, seed=seed).p)
    assert np.sum(np.array(p) <= 0.05) <= 18
    assert 0.4 < np.mean(p) < 0.6


def test_conditions_within_people_are_found_and_their_absence_is_not():
    changed, same = (made(walks(shift=shift), folds=3) for shift in (2.0, 0.0))
    assert agreement(changed.cohort, changed.of_main(), seed=0).p < 0.05
    assert agreement(same.cohort, same.of_main(), seed=0).p > 0.05


def test_trials_stand_in_where_a_fold_has_two_people():
    cohort = walks(people=2, shift=3.0)
    groups = fold_groups(cohort)
    assert not groups.paired
    assert len(groups.values[0]) == 8
    assert statistic(groups)[:, 40:60].mean() > 5 * statistic(groups)[:, :35].mean()


@pytest.mark.slow
@pytest.mark.parametrize("folds", [3, 5, 10])
def test_widening_is_how_much_more_the_mean_over_folds_varies_than_its_shifts_show(folds):
    """Noise in place of people: each fold's profile is the mean of the noise that it trained on."""
    rng = np.random.default_rng(folds)
    values, spreads = [], []
    for _ in range(4000):
        noise = gaussian_filter1d(rng.standard_normal((folds, 6, 60)), 2, axis=2, mode="wrap")
        trained = [np.mean([noise[(k + j) % folds] for j in range(2, folds)], axis=0) for k in range(folds)]
        table = np.mean([_by_lag(np.abs(a), np.abs(b)) for a, b in zip(trained, noise, strict=True)], axis=0)
        values.append(table[:, 0].sum() - table.mean(1).sum())
        spreads.append(table.var(axis=1).sum())
    assert np.std(values) / np.sqrt(np.mean(spreads)) == pytest.approx(widening(folds), rel=0.05)
