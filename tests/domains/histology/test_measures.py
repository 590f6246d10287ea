"""Measures of where relevance lies: known answers for heatmaps whose places are known."""

import numpy as np
import pytest

from biox.domains.histology.measures import (
    area_under_curve,
    average,
    border,
    called,
    centre,
    centre_ratio,
    difference,
    inside,
)

ONCE = np.ones((1, 6))


def shares_in(heat: np.ndarray, area: np.ndarray) -> np.ndarray:
    size = np.abs(heat)
    return size[:, area].sum(1) / size.sum((1, 2))


def test_relevance_on_the_mask_scores_one_beside_it_nothing_and_everywhere_chance():
    mask = np.zeros((1, 16, 16), bool)
    mask[:, :4, :4] = True
    on, off, flat = mask.astype(float), (~mask).astype(float), np.ones((1, 16, 16))
    for name in ("RMA", "RRA", "mu"):
        assert inside(on, mask)[name] == pytest.approx(1)
        assert inside(off, mask)[name] == pytest.approx(0)
        assert inside(flat, mask)[name] == pytest.approx(16 / 256)
    assert inside(flat, mask)["chance"] == pytest.approx(16 / 256)


def test_only_positive_relevance_counts_for_mu():
    mask = np.zeros((1, 8, 8), bool)
    mask[:, :4] = True
    heat = np.where(mask, 1.0, -3.0)
    assert inside(heat, mask)["mu"] == pytest.approx(1)
    assert inside(heat, mask)["RMA"] == pytest.approx(0.25)


def test_the_centre_ratio_is_one_for_even_relevance_and_follows_the_disc():
    disc = centre(40, 40)
    rng = np.random.default_rng(0)
    even = rng.normal(size=(6, 40, 40))
    triple = np.where(disc, 3.0, 1.0) * np.ones((6, 1, 1))
    area = float(disc.mean())
    assert centre_ratio(shares_in(even, disc), area)(ONCE)[0] == pytest.approx(1, abs=0.1)
    assert centre_ratio(shares_in(triple, disc), area)(ONCE)[0] == pytest.approx(3)


def test_disc_and_border_do_not_meet_and_are_symmetric():
    disc, frame = centre(33, 33), border(33, 33)
    assert not (disc & frame).any()
    for mask in (disc, frame):
        np.testing.assert_array_equal(mask, mask[::-1])
        np.testing.assert_array_equal(mask, mask.T)


def test_averages_leave_out_what_is_not_defined():
    value = np.array([1.0, np.nan, 3.0])
    assert average(value)(np.array([[1, 5, 1]]))[0] == pytest.approx(2)
    assert np.isnan(average(value)(np.array([[0, 5, 0]]))[0])


def test_the_false_positive_rate_counts_calls_among_the_chosen_only():
    logits = np.array([[0, 1], [0, 1], [1, 0], [1, 0], [0, 1], [0, 1.0]])
    rows = np.array([True, True, True, True, False, False])
    assert called(logits, 1, rows)(ONCE)[0] == pytest.approx(0.5)


def test_a_difference_draws_both_figures_alike():
    a, b = np.arange(6.0), np.arange(6.0) - 1
    weight = np.random.default_rng(0).integers(0, 4, (50, 6)).astype(float)
    np.testing.assert_allclose(difference(average(a), average(b))(weight), 1)


def test_the_curve_of_some_tiles_ignores_the_others():
    logits = np.array([[1, 0], [0, 1], [0, 1], [1, 0], [5, 0], [0, 5.0]])
    y = np.array([0, 1, 0, 0, 1, 0])
    rows = np.array([True, True, True, True, False, False])
    assert area_under_curve(logits, y, rows)(ONCE)[0] == pytest.approx((1 + 0.5 + 1) / 3)
