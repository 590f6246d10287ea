import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from biox.domains.histology.quality import FLAGS, coarser, flags, ink_share, sharpness, tissue_share
from biox.domains.histology.whole_slide import open_slide, region, sampling

from .made_slides import GLASS

INKS = {"green": (20, 120, 60), "blue": (35, 60, 160), "red": (200, 25, 35), "black": (30, 30, 35)}


def cut(picture: np.ndarray, side: int) -> np.ndarray:
    """All whole tiles of a picture (height, width, 3), shape (tile, 3, side, side)."""
    height, width = (n // side * side for n in picture.shape[:2])
    tiles = picture[:height, :width].reshape(height // side, side, width // side, side, 3)
    return tiles.transpose(0, 2, 4, 1, 3).reshape(-1, 3, side, side)


@pytest.fixture(scope="module")
def cmu(shared_data) -> np.ndarray:
    """The tiles of the CMU slide that are at least a third tissue, 224 pixels of 0.499 um."""
    slide = open_slide(shared_data / "slides" / "CMU-1-Small-Region.svs")
    tiles = cut(region(slide, (0, 0), slide.size, sampling(slide, 0.5)).transpose(1, 2, 0), 224)
    return tiles[flags(tiles, 0.5)["flags"].to_numpy() == ""]


def pen(shared_data, name: str) -> np.ndarray:
    return np.asarray(Image.open(shared_data / "pen-artefacts" / name).convert("RGB"))


def stroke(tiles: np.ndarray, ink: tuple[int, int, int], opacity: float) -> np.ndarray:
    """The tiles with a bar of ink across them, 30 um of 112 wide."""
    inked = tiles.astype(float)
    inked[:, :, 80:140] = (1 - opacity) * inked[:, :, 80:140] + opacity * np.array(ink)[:, None, None]
    return inked.round().astype(np.uint8)


def test_no_clean_tile_of_the_cmu_slide_is_flagged(shared_data):
    slide = open_slide(shared_data / "slides" / "CMU-1-Small-Region.svs")
    picture = region(slide, (0, 0), slide.size, sampling(slide, 0.5)).transpose(1, 2, 0)
    for side in (128, 224, 448):
        found = flags(cut(picture, side), 0.499)
        assert set(found["flags"]) <= {"", "white"}
        assert (found["flags"] == "").sum() > (found["flags"] == "white").sum() * 0.5


@pytest.mark.parametrize("side", [64, 128, 224])
@pytest.mark.parametrize("name", ["medium-nuclei-score-level1.png", "tissue-level2-4640-4649-8736-8746.png"])
def test_tissue_without_ink_is_not_called_inked(shared_data, name, side):
    found = flags(cut(pen(shared_data, name), side), 1.0)
    assert not found["flag_pen"].any()
    assert not found["flag_fold"].any()
    assert not found["flag_blur"].any()


def test_stained_fields_of_other_laboratories_are_not_called_inked(shared_data):
    with np.load(shared_data / "nuclei-dsb2018" / "dsb2018_stage1_colour107.npz") as found:
        images = found["images"]
    tiles = np.concatenate([cut(image, 64) for image in images])
    assert not flags(tiles, 0.5)["flag_pen"].any()


def test_real_green_and_red_pen_is_found_where_it_is(shared_data):
    green = pen(shared_data, "tcga-green-pen.png")
    found = flags(cut(green, 128), 1.0)["flag_pen"].to_numpy().reshape(4, 5)
    assert found.any(axis=1).all()  # the stroke runs from top to bottom,
    assert not found[:, [0, 4]].any()  # through the middle
    red = flags(cut(pen(shared_data, "no-tissue-red-pen.png"), 128), 1.0)["flag_pen"]
    assert red.sum() >= 12
    heavy = ink_share(cut(pen(shared_data, "medium-nuclei-score-green-pen-level1.png"), 256), 1.0)
    assert heavy[0] > 0.5  # left above: all green
    assert heavy[3] < 0.05  # right below: none


@pytest.mark.parametrize("ink", list(INKS))
def test_ink_drawn_on_tissue_is_found_on_nearly_every_tile(cmu, ink):
    assert flags(stroke(cmu, INKS[ink], 0.9), 0.499)["flag_pen"].mean() > 0.95


@pytest.mark.parametrize("ink", list(INKS))
def test_translucent_ink_is_found_over_stained_tissue(cmu, ink):
    # Ink lets light through in proportion, as it does on a real slide: what is under it stays visible.
    tissue = cmu[tissue_share(cmu) > 0.8]
    through = {"green": (0.1, 0.55, 0.35), "blue": (0.12, 0.22, 0.62), "red": (0.9, 0.1, 0.14), "black": (0.16,) * 3}
    under = tissue.astype(float)
    under[:, :, 80:140] *= np.array(through[ink])[:, None, None]
    found = flags(under.round().astype(np.uint8), 0.499)["flag_pen"]
    assert len(found) >= 15
    assert found.mean() > 0.9


def test_tiles_out_of_focus_are_told_from_sharp_ones(cmu):
    tissue = cmu[tissue_share(cmu) > 0.4]
    blurred = ndimage.gaussian_filter(tissue.astype(float), (0, 0, 3, 3)).round().astype(np.uint8)
    assert len(tissue) > 40
    assert flags(blurred, 0.499)["flag_blur"].all()
    assert not flags(tissue, 0.499)["flag_blur"].any()
    assert (sharpness(blurred, 0.499) < 0.2 * sharpness(tissue, 0.499)).all()


def test_empty_glass_is_white_and_not_blurred():
    glass = np.broadcast_to(np.array(GLASS, np.uint8)[None, :, None, None], (2, 3, 64, 64))
    assert set(flags(glass, 0.5)["flags"]) == {"white"}


def test_black_is_black():
    assert flags(np.full((1, 3, 64, 64), 5, np.uint8), 0.5)["flag_black"].all()


def test_tissue_lying_double_is_dark_and_saturated(cmu):
    dense = cmu[(cmu.mean(axis=(1, 2, 3)) < 140)]
    assert len(dense) >= 10
    double = (dense / 255.0) ** 2 * 255  # light goes through the stain twice
    assert flags(double.round().astype(np.uint8), 0.499)["flag_fold"].mean() > 0.85
    assert not flags(dense, 0.499)["flag_fold"].any()


def test_flags_do_not_depend_on_the_other_tiles_of_a_batch(cmu):
    mixed = np.concatenate([stroke(cmu[:5], INKS["green"], 0.9), cmu[5:10]])
    together = flags(mixed, 0.499)
    alone = [flags(tile[None], 0.499)["flags"].iloc[0] for tile in mixed]
    assert list(together["flags"]) == alone
    assert list(together.columns) == [*(f"flag_{name}" for name in FLAGS), "flags"]


def test_coarser_is_the_mean_of_squares():
    values = np.random.default_rng(0).integers(0, 255, (2, 3, 19, 21)).astype(np.uint8)
    expected = values[:, :, :18, :21].reshape(2, 3, 6, 3, 7, 3).mean((3, 5))
    assert np.allclose(coarser(values, 3.2), expected, atol=1e-3)
