import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from biox.core.errors import InputError
from biox.stats import agreement


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


def test_profiles_that_do_not_match_are_refused(rng):
    with pytest.raises(InputError, match=r"shape \(2, 9\) cannot be compared"):
        agreement.rank_correlation(rng.normal(size=(2, 9)), rng.normal(size=(2, 8)))
    with pytest.raises(InputError, match="missing or infinite"):
        agreement.auroc(np.full((2, 9), np.nan), np.zeros((2, 9)))
