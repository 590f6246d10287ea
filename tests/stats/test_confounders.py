import numpy as np
import pandas as pd
import pytest
from scipy import stats

from biox.stats.confounders import association, association_of_groups, association_within


@pytest.fixture
def people(rng):
    label = np.repeat(["healthy", "hip"], 40)
    return label, 40 + 20 * (label == "hip") + 8 * rng.normal(size=80)


def test_numbers_are_spearman(rng):
    x, y = rng.normal(size=(2, 30))
    found = association(x, y)
    assert (found.value, found.p) == pytest.approx(tuple(stats.spearmanr(x, y)))


def test_two_groups_are_mann_whitney_with_the_share_of_pairs_won(rng):
    sex, y = np.array(["f", "m"] * 15), rng.normal(size=30)
    found = association(sex, y)
    wins = np.sign(y[sex == "m"][:, None] - y[sex == "f"]).mean()
    assert found.value == pytest.approx(wins)
    assert found.p == pytest.approx(stats.mannwhitneyu(y[sex == "f"], y[sex == "m"]).pvalue)


def test_more_groups_are_kruskal_wallis_whose_statistic_is_the_explained_share(rng):
    site, y = np.array(list("abc") * 12), rng.normal(size=36)
    expected = stats.kruskal(*(y[site == s] for s in "abc"))
    found = association(site, y)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.value == pytest.approx(expected.statistic / 35)


def test_a_covariate_that_only_differs_between_classes_is_told_from_one_that_drives_the_score(people, rng):
    label, age = people
    from_class = 2.0 * (label == "hip") + rng.normal(size=80)
    from_age = 0.1 * age + rng.normal(size=80)
    for score, stays in ((from_class, False), (from_age, True)):
        assert association(age, score).p < 0.01
        assert (association_within(age, score, label, seed=0).p < 0.01) is stays


def test_within_one_class_the_p_of_spearman_and_of_kruskal_come_back(rng):
    x, y, one = rng.normal(size=40), rng.normal(size=40), np.zeros(40)
    plain, inside = association(x, x + 3 * y), association_within(x, x + 3 * y, one, seed=0)
    assert inside.value == pytest.approx(plain.value)
    assert inside.p == pytest.approx(plain.p, abs=0.02)
    site = np.array(list("abcd") * 10)
    plain, inside = association(site, y), association_within(site, y, one, seed=0)
    assert inside.value == pytest.approx(plain.value)
    assert inside.p == pytest.approx(plain.p, abs=0.04)


def test_false_positives_within_classes_stay_near_alpha_although_the_classes_differ():
    rng = np.random.default_rng(5)
    label = np.repeat([0, 1, 2], [12, 20, 15])
    p = []
    for seed in range(300):
        age, score = 3 * label + rng.normal(size=47), 2 * label + rng.normal(size=47)
        p.append(association_within(age, score, label, draws=199, seed=seed).p)
    assert 0.013 <= np.mean(np.array(p) <= 0.05) <= 0.097, "99.9 % of binomial outcomes lie there"


def test_people_without_the_covariate_are_left_out(rng):
    x, y = rng.normal(size=(2, 30))
    some = x.copy()
    some[:10] = np.nan
    assert association(some, y).value == pytest.approx(association(x[10:], y[10:]).value)
    assert association(some, y).n == 20


def test_what_cannot_be_tested_says_why(rng):
    y = rng.normal(size=30)
    assert "same for all" in association(np.ones(30), y).measure
    assert "known of 3 people only" in association(np.where(np.arange(30) < 3, 1.0, np.nan), y).measure
    label = np.repeat([0, 1], 15)
    assert "does not vary within any class" in association_within(label.astype(float), y, label, seed=0).measure


def test_groups_against_classes_are_cramers_v_with_about_the_p_of_chi_square(rng):
    label = rng.choice(["a", "b", "c"], 120)
    sex = np.where(rng.random(120) < 0.35 + 0.2 * (label == "b"), "f", "m")
    table = pd.crosstab(sex, label).to_numpy()
    found = association_of_groups(sex, label, draws=20_000, seed=0)
    assert found.value == pytest.approx(stats.contingency.association(table, method="cramer"))
    assert found.p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=0.1, abs=0.004)
    assert association_of_groups(label, label, draws=99, seed=0).value == pytest.approx(1)


def test_false_positives_of_rare_groups_stay_at_alpha():
    """3 of 40 people stand in the rare group; 400 draws at 5 %: 99.9 % of binomial outcomes are at most 35."""
    rng = np.random.default_rng(0)
    label = np.repeat(["x", "y"], 20)
    rare = [association_of_groups(rng.permutation(np.arange(40) < 3).astype(str), label, draws=199, seed=s).p
            for s in range(400)]  # fmt: skip
    assert np.sum(np.array(rare) <= 0.05) <= 35


def test_people_of_unknown_group_are_left_out():
    sex = np.array(["f", "m", None] * 10, dtype=object)
    assert association_of_groups(sex, np.repeat(["x", "y"], 15), draws=99, seed=0).n == 20
    assert "is the same for all" in association_of_groups(np.full(9, "f"), np.arange(9).astype(str), seed=0).measure
