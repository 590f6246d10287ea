"""Nuclei are measured where there are some, and nothing is measured where there are none."""

import numpy as np
import pytest

from biox.domains.histology.image_masks import ImageMasks, image_masks
from biox.domains.histology.nucleus_size import nucleus_diameters, typical_diameter


def discs(diameter: float, side: int = 64, count: int = 30, seed: int = 0) -> np.ndarray:
    """Pink tiles, each with one dark disc wholly inside."""
    rng, place = np.random.default_rng(seed), np.mgrid[:side, :side]
    tiles = np.empty((count, 3, side, side))
    tiles[:] = np.array([225, 150, 190])[:, None, None]
    for tile in tiles:
        y, x = rng.uniform(diameter / 2 + 3, side - diameter / 2 - 3, 2)
        inside = (place[0] - y) ** 2 + (place[1] - x) ** 2 < diameter**2 / 4
        tile[:, inside] = np.array([90, 60, 140])[:, None]
    return np.clip(tiles + rng.normal(0, 6, tiles.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("diameter", [8, 12, 20, 32])
def test_round_nuclei_have_their_diameter(diameter):
    assert typical_diameter(discs(diameter)) == pytest.approx(diameter, rel=0.08)


def test_two_that_touch_are_two():
    tile = np.minimum(*(np.roll(discs(14, count=1, seed=3), shift, axis=3) for shift in (0, 13)))
    found = nucleus_diameters(tile)
    assert len(found) == 2
    np.testing.assert_allclose(found, 14, rtol=0.15)


def test_nuclei_cut_off_by_the_tile_do_not_count():
    tile = discs(20, count=1)
    assert len(nucleus_diameters(tile)) == 1
    shifted = np.roll(tile, -(np.argwhere(tile[0, 0] < 150)[:, 1].min() + 5), axis=3)[..., :40]
    assert len(nucleus_diameters(shifted)) == 0


def test_plain_or_dark_tiles_and_noise_have_none():
    rng = np.random.default_rng(0)
    plain = np.full((2, 3, 64, 64), 200, np.uint8)
    noise = rng.normal(200, 15, (4, 3, 64, 64)).clip(0, 255).astype(np.uint8)
    dark = plain.copy()
    dark[..., :48] = 60
    for tiles in (plain, noise, dark):
        assert np.isnan(typical_diameter(tiles))


def test_real_fields_at_half_their_size_have_smaller_nuclei(shared_data):
    cohort = image_masks(ImageMasks(file=shared_data / "nuclei-dsb2018/dsb2018_stage1_colour107.npz", tile=128))
    whole = np.asarray(cohort.x[::4])
    half = whole.reshape(*whole.shape[:2], 64, 2, 64, 2).mean(axis=(3, 5)).astype(np.uint8)
    assert typical_diameter(half) < 0.75 * typical_diameter(whole)
