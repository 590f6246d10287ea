"""What a heatmap rests on is counted against chance, and planted relevance is found where it was planted."""

import numpy as np
import pandas as pd
import pytest

from biox.domains.histology.resting import concentration, each_tile_sum, masks_of, resting

N, SIDE = 20, 32


@pytest.fixture
def pixels():
    """Pink tiles with a strip of bluish nuclei on the left and of bare glass on the right."""
    tiles = np.empty((N, 3, SIDE, SIDE), np.uint8)
    tiles[:] = np.array([210, 130, 180])[:, None, None]
    tiles[..., :4] = np.array([80, 60, 140])[:, None, None]
    tiles[..., -8:] = 245
    return tiles


def shares(relevance, pixels, **flags):
    table = resting(relevance, pixels, pd.DataFrame({"sample": range(len(pixels)), **flags})).set_index("place")
    return table["share"], table["chance"]


def test_even_relevance_reaches_chance_everywhere(pixels):
    flagged = np.arange(N) < 5
    share, chance = shares(np.ones((N, SIDE, SIDE)), pixels, flag_pen=flagged)
    np.testing.assert_allclose(share, chance)
    assert chance["flagged"] == 0.25
    assert chance["glass"] == 0.25


@pytest.mark.parametrize(("columns", "place"), [(slice(0, 4), "bluest"), (slice(-8, None), "glass")])
def test_relevance_on_nuclei_or_on_glass_is_found_there(pixels, columns, place):
    relevance = np.full((N, SIDE, SIDE), -1.0)
    relevance[..., columns] = 1.0
    share, _ = shares(relevance, pixels)
    assert share[place] == pytest.approx(1)
    assert share[{"bluest": "glass", "glass": "bluest"}[place]] == 0


def test_relevance_on_flawed_tiles_counts_by_its_sum_and_not_by_tiles(pixels):
    relevance = np.ones((N, SIDE, SIDE))
    relevance[0] *= N - 1
    share, chance = shares(relevance, pixels, flag_pen=np.arange(N) < 1, flag_blur=np.zeros(N, bool))
    assert share["flagged"] == pytest.approx(0.5)
    assert chance["flagged"] == 0.05
    assert share["half"] == 0.05


def test_half_of_even_relevance_needs_half_of_the_tiles_and_of_one_tile_that_one():
    assert concentration(np.ones(10)) == 0.5
    assert concentration(np.array([0.0] * 9 + [3.0])) == 0.1
    assert np.isnan(concentration(np.zeros(3)))


def test_negative_relevance_alone_rests_on_nothing(pixels):
    share, _ = shares(-np.ones((N, SIDE, SIDE)), pixels)
    assert share.isna().all()


def test_bags_are_counted_tile_by_tile(pixels):
    bags = pixels.reshape(5, 4, 3, SIDE, SIDE).swapaxes(1, 2)
    relevance = np.random.default_rng(0).random((N, SIDE, SIDE))
    flat, _ = shares(relevance, pixels)
    bagged, _ = shares(relevance.reshape(5, 4, SIDE, SIDE), bags)
    np.testing.assert_allclose(bagged, flat)
    assert each_tile_sum(relevance.reshape(5, 4, SIDE, SIDE)).shape == (5, 4)


def test_the_bluest_fifth_is_never_more_than_a_fifth(pixels):
    assert (masks_of(pixels)["bluest"].mean(axis=(1, 2)) <= 0.2).all()
