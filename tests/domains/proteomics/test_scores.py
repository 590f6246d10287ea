import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from biox.domains.proteomics.scores import auroc, average_precision, counted, precision_of_top, ranked


@pytest.mark.parametrize("levels", [5, 10**6])  # many equal scores, and hardly any
def test_areas_are_those_of_scikit_learn(levels):
    rng = np.random.default_rng(0)
    score = rng.integers(0, levels, 500) / levels
    true = rng.random((4, 500)) < 0.3
    found = counted(ranked(score), true)
    np.testing.assert_allclose(auroc(found), [roc_auc_score(t, score) for t in true])
    np.testing.assert_allclose(average_precision(found), [average_precision_score(t, score) for t in true])


def test_pairs_of_weight_zero_are_as_if_they_were_not_there():
    rng = np.random.default_rng(0)
    score, true, weight = rng.random(300), rng.random((2, 300)) < 0.3, rng.random((2, 300)) < 0.8
    found = counted(ranked(score), true, weight)
    expected = [roc_auc_score(t[w], score[w]) for t, w in zip(true, weight, strict=True)]
    np.testing.assert_allclose(auroc(found), expected)


def test_precision_of_top_counts_the_strongest_and_shares_a_level_that_is_cut():
    score = np.array([5.0, 4, 3, 3, 3, 1])
    true = np.array([[True, False, True, True, False, False]])
    assert precision_of_top(counted(ranked(score), true), 2)[0] == 0.5
    assert precision_of_top(counted(ranked(score), true), 3)[0] == pytest.approx((1 + 2 / 3) / 3)
    assert precision_of_top(counted(ranked(score), true), 99)[0] == 0.5


def test_without_any_true_pair_there_is_no_area():
    found = counted(ranked(np.arange(5.0)), np.zeros((1, 5), bool))
    assert np.isnan(auroc(found)).all()
    assert np.isnan(average_precision(found)).all()
