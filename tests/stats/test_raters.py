import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from statsmodels.stats import inter_rater

from biox.core.errors import InputError
from biox.stats import raters

GRADES = ("none", "some", "much")


@pytest.fixture
def ratings(rng):
    """Three raters who mostly see the same, grades as text, shape (item, rater)."""
    truth = rng.integers(0, 3, (60, 1))
    seen = np.where(rng.random((60, 3)) < 0.7, truth, rng.integers(0, 3, (60, 3)))
    return np.array(GRADES, dtype=object)[seen]


def codes(ratings):
    return np.array([[GRADES.index(v) for v in row] for row in ratings])


@pytest.mark.parametrize(("ordered", "weights"), [(False, None), (True, "linear")])
def test_cohens_kappa_is_that_of_scikit_learn_in_every_draw(ratings, ordered, weights):
    pair = codes(ratings[:, :2])
    found = raters.cohen_kappa(ratings[:, :2], GRADES, ordered=ordered, draws=20, seed=4)
    assert found.value == pytest.approx(cohen_kappa_score(*pair.T, weights=weights))
    counts = np.random.default_rng(4).multinomial(60, np.full(60, 1 / 60), size=20)
    expected = [cohen_kappa_score(*np.repeat(pair, count, axis=0).T, weights=weights) for count in counts]
    np.testing.assert_allclose(found.values, expected)
    assert found.low < found.value < found.high


def test_fleiss_kappa_is_that_of_his_formula(ratings):
    counts = np.stack([(codes(ratings) == k).sum(1) for k in range(3)], axis=1)
    observed, share = ((counts**2).sum(1) - 3).mean() / 6, counts.mean(0) / 3
    found = raters.fleiss_kappa(ratings, GRADES, seed=0)
    assert found.value == pytest.approx((observed - (share**2).sum()) / (1 - (share**2).sum()))
    assert found.n == 60


def test_every_draw_is_the_kappa_of_the_repeated_items(ratings):
    draws = raters.fleiss_kappa(ratings, GRADES, draws=20, seed=4).values
    rng = np.random.default_rng(4)
    for value, count in zip(draws, rng.multinomial(60, np.full(60, 1 / 60), size=20), strict=True):
        counts, _ = inter_rater.aggregate_raters(np.repeat(codes(ratings), count, axis=0), n_cat=3)
        assert value == pytest.approx(inter_rater.fleiss_kappa(counts))


def test_perfect_agreement_is_one_and_blind_rating_is_about_zero(ratings, rng):
    same = np.repeat(ratings[:, :1], 3, axis=1)
    assert raters.fleiss_kappa(same, GRADES, seed=0).value == pytest.approx(1)
    blind = np.array(GRADES, dtype=object)[rng.integers(0, 3, (2000, 3))]
    found = raters.fleiss_kappa(blind, GRADES, draws=200, seed=0)
    assert found.low < 0 < found.high


def test_raters_who_use_one_grade_only_have_no_kappa():
    for kappa, several in ((raters.fleiss_kappa, 3), (raters.cohen_kappa, 2)):
        found = kappa(np.full((5, several), "some", dtype=object), GRADES, draws=20, seed=0)
        assert np.isnan([found.value, found.low, found.high]).all()


def test_an_unknown_grade_is_named_with_its_place(ratings):
    ratings[7, 2] = "plenty"
    with pytest.raises(InputError, match="Item 7, rater 2: the rating 'plenty' is none of 'none', 'some', 'much'"):
        raters.fleiss_kappa(ratings, GRADES, seed=0)
    with pytest.raises(InputError, match="two raters, found 3"):
        raters.cohen_kappa(ratings[:, [0, 1, 1]], GRADES, seed=0)


def test_marked_regions_score_high_where_relevance_is_high_and_half_where_it_is_blind(rng):
    relevance = rng.normal(size=(12, 2, 50))
    seen = np.stack([np.abs(relevance) > 1.2, np.abs(relevance) > 0.9])
    blind = rng.random((2, 12, 2, 50)) < 0.2
    assert raters.marked_regions(seen, relevance, seed=0).low > 0.95
    found = raters.marked_regions(blind, relevance, seed=0)
    assert found.low < 0.5 < found.high
    expected = np.mean([
        roc_auc_score(blind[r, i].ravel(), np.abs(relevance[i]).ravel()) for r in range(2) for i in range(12)
    ])  # fmt: skip
    assert found.value == pytest.approx(expected)


def test_items_that_nobody_marked_are_left_out(rng):
    relevance = rng.normal(size=(4, 50))
    marks = np.abs(relevance)[None] > 1
    marks[:, 2] = False
    assert raters.marked_regions(marks, relevance, draws=50, seed=0).n == 3
    with pytest.raises(InputError, match="No item has a marked region"):
        raters.marked_regions(np.zeros_like(marks), relevance, seed=0)
