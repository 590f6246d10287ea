import numpy as np
import pytest

from biox.domains.proteomics.medians import medians, weighted_medians
from biox.domains.proteomics.strengths import strengths, unordered

from .made_found import found, influence


def _made(values):
    one = found(proteins=values.shape[1], samples=len(values), types=("a",))
    return strengths(influence(one.cohort, values), one.cohort.samples, unordered(values.shape[1]))


def _random(samples, proteins=6, missing=0.0):
    rng = np.random.default_rng(3)
    values = rng.exponential(size=(samples, proteins, proteins)).astype(np.float32)
    values[rng.random(values.shape) < missing] = np.nan
    return values


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_medians_are_those_of_numpy_whatever_is_missing(missing):
    made = _made(_random(101, missing=missing))
    np.testing.assert_allclose(medians(made), np.nanmedian(made.held, axis=0), rtol=1e-6)
    rows = np.arange(101) % 3 == 0
    np.testing.assert_allclose(medians(made, rows), np.nanmedian(made.held[rows], axis=0), rtol=1e-6)


@pytest.mark.parametrize(("samples", "missing"), [(60, 0.0), (400, 0.0), (400, 0.3)])
def test_resampled_medians_are_those_of_a_resampled_table_to_a_small_share_of_their_spread(samples, missing):
    made = _made(_random(samples, missing=missing))
    counts = np.random.default_rng(0).multinomial(samples, np.full(samples, 1 / samples), size=80)
    fast = weighted_medians(made, counts)
    slow = np.stack([np.nanmedian(np.repeat(made.held, c, axis=0), axis=0) for c in counts])
    # Interpolation smooths, so single medians differ; the draws must agree closely and spread alike.
    assert np.abs((fast - slow).mean(0)).max() < 0.15 * slow.std(0).mean()
    correlation = [np.corrcoef(fast[:, i], slow[:, i])[0, 1] for i in range(slow.shape[1])]
    assert min(correlation) > 0.9
    np.testing.assert_allclose(fast.std(0).mean(), slow.std(0).mean(), rtol=0.1)


def test_a_pair_that_is_nowhere_measured_has_no_median():
    values = _random(50)
    values[:, 0, 1] = values[:, 1, 0] = np.nan
    made = _made(values)
    assert np.isnan(medians(made)[0])
    assert np.isnan(weighted_medians(made, np.ones((3, 50)))[:, 0]).all()
    assert np.isfinite(weighted_medians(made, np.ones((3, 50)))[:, 1:]).all()


def test_a_pair_that_is_zero_in_most_samples_has_the_median_zero():
    values = np.zeros((50, 4, 4), np.float32)
    values[:10] = 1
    assert (weighted_medians(_made(values), np.ones((2, 50))) == 0).all()
