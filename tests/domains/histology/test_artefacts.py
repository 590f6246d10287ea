"""Artefacts change what they say, are the same in any batch, and leave white white."""

import numpy as np
import pytest
from skimage.color import rgb2hed

from biox.domains.histology.artefacts import ARTEFACTS, CORNER_COLOUR, mark


def tissue(count: int = 5, side: int = 40) -> np.ndarray:
    """Pinkish noise with dark blue dots."""
    rng = np.random.default_rng(0)
    x = np.clip(rng.normal([225, 170, 205], 12, (count, side, side, 3)), 0, 255)
    x[rng.uniform(size=x.shape[:3]) < 0.2] = (90, 60, 140)
    return x.transpose(0, 3, 1, 2).round().astype(np.uint8)


@pytest.mark.parametrize("name", list(ARTEFACTS))
def test_the_mask_holds_every_changed_pixel_and_pixels_stay_8_bit(name):
    x = tissue()
    made = mark(name, x, np.arange(5))
    assert made.pixels.dtype == np.uint8
    assert made.pixels.shape == x.shape
    changed = (made.pixels != x).any(1)
    assert changed.any((1, 2)).all()
    assert not (changed & ~made.mask).any()


@pytest.mark.parametrize("name", list(ARTEFACTS))
def test_a_tile_looks_the_same_in_any_batch(name):
    x, seeds = tissue(), np.arange(5) + 7
    together, alone = mark(name, x, seeds), mark(name, x[3:4], seeds[3:4])
    np.testing.assert_array_equal(together.pixels[3], alone.pixels[0])
    np.testing.assert_array_equal(together.mask[3], alone.mask[0])


@pytest.mark.parametrize("name", list(ARTEFACTS))
def test_no_tiles_are_no_tiles(name):
    assert mark(name, tissue()[:0], np.arange(0)).pixels.shape == (0, 3, 40, 40)


@pytest.mark.parametrize("side", [32, 48, 64, 256])
def test_the_corner_is_a_small_square_of_one_colour(side):
    made = mark("corner", tissue(2, side), np.arange(2))
    assert made.mask[:, 0, 0].all()
    assert 0 < made.mask.mean() < 0.011
    assert (made.pixels.transpose(0, 2, 3, 1)[made.mask] == CORNER_COLOUR).all()


def test_strokes_differ_from_tile_to_tile_and_cover_a_small_part():
    made = mark("pen", tissue(200), np.arange(200))
    share = made.mask.mean((1, 2))
    assert share.min() > 0.02
    assert share.max() < 0.35
    assert len(np.unique(made.mask.reshape(200, -1), axis=0)) == 200


def test_tissue_shines_through_ink():
    x = tissue()
    made = mark("pen", x, np.arange(5))
    inside = made.mask[2]
    assert made.pixels[2][:, inside].std(1).min() > 1


def test_the_stain_turns_from_blue_to_pink_and_white_stays_white():
    x = tissue()
    made = mark("stain", x, np.arange(5))
    before, after = (rgb2hed(t.transpose(0, 2, 3, 1)).mean((0, 1, 2)) for t in (x, made.pixels))
    assert after[0] < before[0]
    assert after[1] > before[1]
    white = np.full((1, 3, 8, 8), 255, np.uint8)
    np.testing.assert_array_equal(mark("stain", white, np.arange(1)).pixels, white)
