"""Stain normalisation of made H&E tiles whose stains are known, of two scanners, and of what has no stain."""

import numpy as np
import pytest
from PIL import Image

from biox.core.errors import InputError
from biox.domains.histology.each_tile import each_tile
from biox.domains.histology.macenko import macenko
from biox.domains.histology.reinhard import reinhard

BOTH = pytest.mark.parametrize("normalise", [macenko, reinhard])
HERE = np.array([[0.65, 0.70, 0.29], [0.22, 0.80, 0.56]])  # optical density of one unit of haematoxylin, of eosin
THERE = np.array([[0.75, 0.55, 0.37], [0.25, 0.90, 0.36]])


def tissue(stains: np.ndarray, strength: float = 1.0, seed: int = 0, count: int = 4) -> np.ndarray:
    """H&E-like tiles (sample, 3, 64, 64): pink ground, blue nuclei, a white gap on the left. The same for one seed."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:64, :64]
    found = []
    for _ in range(count):
        eosin = rng.uniform(0.9, 1.4, (64, 64))
        blue = np.full((64, 64), 0.05)
        for y, x, radius in zip(rng.integers(8, 56, 8), rng.integers(20, 56, 8), rng.integers(4, 7, 8), strict=True):
            inside = (row - y) ** 2 + (column - x) ** 2 < radius**2
            blue[inside] = rng.uniform(1.2, 1.9, inside.sum())
            eosin[inside] *= 0.5
        amounts = np.stack([blue, eosin], axis=-1) * strength
        amounts[:, :12] = 0
        found.append(255 * np.exp(-amounts @ (stains / np.linalg.norm(stains, axis=1, keepdims=True))))
    return np.round(np.stack(found)).clip(0, 255).astype(np.uint8).transpose(0, 3, 1, 2)


def apart(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - two).mean())


@BOTH
def test_two_scanners_of_the_same_tissue_move_together(normalise):
    one, two = tissue(HERE), tissue(THERE, 0.8)
    before, after = apart(one, two), apart(normalise(one), normalise(two))
    assert before > 5
    assert after < 0.4 * before


@BOTH
def test_what_is_normalised_stays_nearly_as_it_is(normalise):
    once = normalise(tissue(HERE))
    assert apart(normalise(once), once) < 3
    assert apart(once, tissue(HERE)) > 5


@BOTH
def test_a_reference_gives_its_own_colours(normalise, tmp_path):
    here, there = tissue(HERE), tissue(THERE, 0.8, seed=1)
    Image.fromarray(there[0].transpose(1, 2, 0)).save(tmp_path / "reference.png")
    found = normalise(here, reference=tmp_path / "reference.png")
    tissue_of = (slice(None), slice(None), slice(None), slice(12, None))
    target = there[tissue_of].mean((0, 2, 3))
    assert np.abs(found[tissue_of].mean((0, 2, 3)) - target).max() < 8
    assert np.abs(here[tissue_of].mean((0, 2, 3)) - target).max() > 12


@BOTH
def test_clear_glass_in_a_tile_stays_white(normalise):
    assert normalise(tissue(HERE))[..., :12].min() >= 253


NO_STAIN = {
    "white": np.full((3, 64, 64), 255),
    "grey glass": np.full((3, 64, 64), 238),
    "black": np.zeros((3, 64, 64)),
    "one colour": np.broadcast_to(np.array([180, 90, 160])[:, None, None], (3, 64, 64)),
    "noise on glass": 250 + np.random.default_rng(0).integers(-5, 6, (3, 64, 64)),
    "one nucleus of five pixels": np.where(np.arange(64 * 64).reshape(64, 64) < 5, 90, 255)[None].repeat(3, 0),
}


@BOTH
@pytest.mark.parametrize("name", NO_STAIN)
def test_tiles_without_stains_come_back_as_they_are(normalise, name):
    tile = NO_STAIN[name][None].astype(np.uint8)
    np.testing.assert_array_equal(normalise(tile), tile)


def test_a_tile_of_one_stain_has_no_second_one_to_be_found():
    rng = np.random.default_rng(0)
    density = rng.uniform(0.3, 1.5, (64, 64, 1)) * HERE[0]
    tile = np.round(255 * np.exp(-density)).astype(np.uint8).transpose(2, 0, 1)[None]
    np.testing.assert_array_equal(macenko(tile), tile)


@BOTH
@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_the_result_is_a_picture_without_wild_pixels(normalise, seed):
    """Tiles of hardly any stain, noise and saturated colours: 8-bit, and no contrast blown up more than doubled."""
    rng = np.random.default_rng(seed)
    level, spread = rng.uniform(60, 230, 3), rng.uniform(0, 12)
    tile = (level[None, :, None, None] + spread * rng.normal(size=(1, 3, 32, 32))).clip(0, 255).astype(np.uint8)
    found = normalise(tile)
    assert found.dtype == np.uint8
    assert found.shape == tile.shape
    # Optical density spreads at most twice as far for each stain; in intensities, with mixing, well under 6 times.
    assert found.std((2, 3)).max() <= 6 * tile.std((2, 3)).max() + 3


@BOTH
def test_a_tile_does_not_depend_on_those_beside_it_nor_on_being_in_a_bag(normalise):
    tiles = tissue(HERE, count=6)
    found = normalise(tiles)
    np.testing.assert_array_equal(normalise(tiles[2:3]), found[2:3])
    bag = tiles.reshape(2, 3, 3, 64, 64).transpose(0, 2, 1, 3, 4)
    np.testing.assert_array_equal(normalise(bag), found.reshape(2, 3, 3, 64, 64).transpose(0, 2, 1, 3, 4))


def test_every_tile_is_seen_colour_last_and_put_back():
    tiles = tissue(HERE)
    seen = []
    same = each_tile(tiles, lambda tile: (seen.append(tile.shape), tile)[1])
    np.testing.assert_array_equal(same, tiles)
    assert seen == [(64, 64, 3)] * len(tiles)


@BOTH
def test_a_reference_that_cannot_be_used_is_refused(normalise, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(InputError, match="cannot be read as an image"):
        normalise(tissue(HERE), reference=tmp_path / "text.png")
    with pytest.raises(InputError, match="cannot be read as an image"):
        normalise(tissue(HERE), reference=tmp_path / "absent.png")
    Image.fromarray(np.full((64, 64, 3), 255, np.uint8)).save(tmp_path / "white.png")
    with pytest.raises(InputError, match=r"The reference .*white\.png|In the reference .*white\.png"):
        normalise(tissue(HERE), reference=tmp_path / "white.png")


@BOTH
def test_on_a_real_slide_a_recoloured_copy_comes_back_to_the_original(normalise, shared_data):
    import openslide

    slide = openslide.OpenSlide(shared_data / "slides" / "CMU-1-Small-Region.svs")
    tiles = np.stack([
        np.asarray(slide.read_region((x, y), 0, (224, 224)).convert("RGB")).transpose(2, 0, 1)
        for x, y in ((896, 448), (896, 1120), (1120, 1344), (896, 2464))
    ])  # fmt: skip
    light = (tiles + 1.0) / 256
    other = (255 * light ** np.array([1.25, 0.85, 1.1])[:, None, None]).astype(np.uint8)
    before, after = apart(tiles, other), apart(normalise(tiles), normalise(other))
    assert (tiles.mean((1, 2, 3)) < 200).all()
    assert after < 0.5 * before
