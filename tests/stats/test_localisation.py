import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from biox.core.errors import InputError
from biox.stats.localisation import localise

MASK = np.array([True, True, False, False, False])


def test_mass_and_rank_by_hand():
    found = localise(np.array([[3.0, -1, 2, 0, 0], [0, 0, 1, 1, 0]]), MASK)
    np.testing.assert_allclose(found.mass, [4 / 6, 0])
    np.testing.assert_allclose(found.rank, [1 / 2, 0])
    np.testing.assert_allclose(found.chance, [0.4, 0.4])
    np.testing.assert_allclose(found.mass_ratio, [4 / 6 / 0.4, 0])


def test_flat_relevance_is_exactly_chance():
    found = localise(np.full((3, 5), 0.7), MASK)
    np.testing.assert_allclose([found.mass_ratio, found.rank_ratio], 1)


def test_relevance_inside_only_is_perfect():
    found = localise(np.array([[1.0, 2, 0, 0, 0]]), MASK)
    assert (found.mass[0], found.rank[0]) == (1, 1)


def test_random_relevance_is_chance_on_average(rng):
    found = localise(rng.normal(size=(4000, 5)), MASK)
    # standard errors are about 0.004 and 0.005
    assert found.mass_ratio.mean() == pytest.approx(1, abs=0.04)
    assert found.rank_ratio.mean() == pytest.approx(1, abs=0.05)


def test_empty_masks_and_empty_relevance_are_undefined():
    found = localise(np.array([[1.0, 1], [0, 0]]), np.array([[False, False], [True, False]]))
    assert np.isnan([found.mass, found.rank, found.mass_ratio]).all()


@given(
    hnp.arrays(float, (2, 3, 4), elements=st.floats(-5, 5).map(lambda v: round(v, 1))),
    hnp.arrays(bool, (2, 3, 4)),
)
def test_scores_are_shares_and_scale_free(relevance, mask):
    found, scaled = localise(relevance, mask), localise(-2 * relevance, mask)
    known = ~np.isnan(found.mass)
    for share in (found.mass[known], found.rank[known]):
        assert ((share >= 0) & (share <= 1 + 1e-12)).all()
    np.testing.assert_allclose(found.rank, scaled.rank)
    np.testing.assert_allclose(found.mass, scaled.mass)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(InputError, match=r"mask of shape \(4,\)"):
        localise(np.ones((2, 5)), np.ones(4, bool))
