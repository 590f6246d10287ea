"""The controls of single samples against their definition, correlation by correlation."""

import numpy as np
import pytest

from biox.core.errors import InputError
from biox.graphs.baselines import lioness, lioness_within, product


def _table(samples, proteins=5, gaps=0.0, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((samples, proteins)) @ rng.standard_normal((proteins, proteins)) * 3 + 25
    return np.where(rng.random(x.shape) < gaps, np.nan, x)


def _r(x, i, j):
    shared = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
    return np.corrcoef(x[shared, i], x[shared, j])[0, 1], shared.sum()


def _by_definition(among, without, own):
    """n r(all) - (n - 1) r(without the sample), pair by pair."""
    proteins = among.shape[1]
    expected = np.zeros((proteins, proteins))
    for i in range(proteins):
        for j in range(proteins):
            (r, n), (r_without, _) = _r(among, i, j), _r(without, i, j)
            unknown = np.isnan(own[i]) or np.isnan(own[j])
            expected[i, j] = np.nan if unknown else abs(n * r - (n - 1) * r_without) * (i != j)
    return expected


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_lioness_of_new_samples_is_its_definition(gaps):
    x, reference = _table(7, gaps=gaps, seed=1), _table(40, gaps=gaps)
    scores = lioness(x, reference)
    assert scores.dtype == np.float32
    for q, own in enumerate(x):
        expected = _by_definition(np.vstack([reference, own]), reference, own)
        np.testing.assert_allclose(scores[q], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_lioness_within_a_table_is_its_definition(gaps):
    x = _table(30, gaps=gaps)
    scores = lioness_within(x)
    for q, own in enumerate(x):
        expected = _by_definition(x, np.delete(x, q, 0), own)
        np.testing.assert_allclose(scores[q], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(lioness_within(x, np.array([4, 9])), scores[[4, 9]])


def test_lioness_does_not_depend_on_units_nor_on_how_many_samples_are_asked_at_once():
    x, reference = _table(600, 60, seed=1), _table(80, 60)
    whole = lioness(x, reference)
    one_by_one = np.concatenate([lioness(x[k : k + 1], reference) for k in range(0, 600, 97)])
    np.testing.assert_allclose(whole[::97], one_by_one, rtol=1e-5, atol=1e-5)
    moved = lioness(1e4 * x + 1e6, 1e4 * reference + 1e6)
    np.testing.assert_allclose(whole[:20], moved[:20], rtol=1e-3, atol=1e-3)


def test_lioness_has_no_edge_to_a_protein_that_never_changes():
    x, reference = _table(4), _table(30)
    x[:, 2] = reference[:, 2] = 7.0
    scores = lioness(x, reference)
    assert np.isfinite(scores).all()
    assert not scores[:, 2].any()


def test_lioness_refuses_a_reference_without_a_protein():
    reference = _table(30)
    reference[2:, 3] = np.nan
    with pytest.raises(InputError, match="protein 3 is measured in 2 of 30"):
        lioness(_table(4), reference)


def test_product_is_large_only_where_both_values_are():
    z = np.array([[2.0, -3.0, 0.0], [1.0, np.nan, -1.0]])
    scores = product(z)
    np.testing.assert_array_equal(scores[0], [[0, 6, 0], [6, 0, 0], [0, 0, 0]])
    assert np.isnan(scores[1][1]).all()
    assert np.isnan(scores[1][:, 1]).all()
    assert scores[1][0, 2] == scores[1][2, 0] == 1
    assert scores[1][0, 0] == scores[1][2, 2] == 0
