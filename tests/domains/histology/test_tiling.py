import numpy as np
import pytest
from pydantic import ValidationError

from biox.domains.histology.tiling import STRIP, Tiling, tile_index
from biox.domains.histology.tissue import TissueMask
from biox.domains.histology.whole_slide import WholeSlide, open_slide

from .made_slides import tissue_picture, write_slide


def everywhere(size: tuple[int, int]) -> TissueMask:
    return TissueMask(np.ones((size[1] // 4, size[0] // 4), bool), (4.0, 4.0))


@pytest.fixture
def slide(tmp_path) -> WholeSlide:
    return open_slide(write_slide(tmp_path / "slide.tif", tissue_picture(512, 640)))


def index(slide: WholeSlide, **settings):
    return tile_index(slide, everywhere(slide.size), Tiling(**settings))


def test_the_side_in_micrometres_and_in_pixels_mean_the_same(slide):
    assert index(slide, side_um=32, mpp=0.5).equals(index(slide, side_px=64, mpp=0.5))
    assert Tiling().side == 224


def test_a_side_in_both_units_is_refused():
    with pytest.raises(ValidationError, match="not both"):
        Tiling(side_um=100, side_px=200)
    with pytest.raises(ValidationError, match="fewer than 8 pixels"):
        Tiling(side_um=3, mpp=0.5)


def test_tiles_lie_on_a_grid_within_the_slide(slide):
    found = index(slide, side_px=100)
    assert len(found) == 6 * 5
    assert sorted(found["x"].unique()) == [0, 100, 200, 300, 400, 500]
    assert (found["x"] + found["size"] <= 640).all()
    assert (found["y"] + found["size_y"] <= 512).all()


def test_padded_tiles_cover_the_whole_slide(slide):
    found = index(slide, side_px=100, edge="pad", tissue=0)
    assert len(found) == 7 * 6
    assert found["tissue"].min() == pytest.approx(0.4 * 0.12)  # the corner: white counts as no tissue
    assert (found["x"] + found["size"]).max() >= 640


def test_a_tile_that_fits_exactly_is_kept(slide):
    assert len(index(slide, side_px=128)) == 5 * 4


def test_half_a_stride_overlaps_by_half(slide):
    found = index(slide, side_px=128, stride=0.5)
    assert set(np.diff(np.unique(found["x"]))) == {64}
    assert len(found) == 9 * 7


def test_at_a_coarser_resolution_tiles_are_larger_in_level_0_pixels(slide):
    found = index(slide, side_px=64, mpp=2.0)
    assert set(found["size"]) == {256.0}
    assert set(found["mpp"]) == {2.0}
    odd = index(slide, side_px=64, mpp=0.7)
    assert odd["size"].unique() == pytest.approx([89.6])
    # Rounding to whole level-0 pixels must not add up along the row.
    assert np.abs(np.unique(odd["x"]) - 89.6 * np.arange(7)).max() <= 0.5


def test_tiles_with_too_little_tissue_are_left_out(slide):
    mask = np.zeros((128, 160), bool)
    mask[:, :40] = True  # the left 160 level-0 pixels
    tissue = TissueMask(mask, (4.0, 4.0))
    half = tile_index(slide, tissue, Tiling(side_px=128, tissue=0.5))
    some = tile_index(slide, tissue, Tiling(side_px=128, tissue=0.2))
    assert set(half["x"]) == {0}
    assert set(some["x"]) == {0, 128}
    assert some.loc[some["x"] == 128, "tissue"].tolist() == pytest.approx([0.25] * 4)


def test_even_without_a_minimum_tiles_without_tissue_are_left_out(slide):
    tissue = TissueMask(np.zeros((128, 160), bool), (4.0, 4.0))
    assert tile_index(slide, tissue, Tiling(side_px=128, tissue=0)).empty


def test_wide_slides_are_read_strip_by_strip(slide):
    wide = WholeSlide(slide.file, slide.handle, (0.5, 0.5), (3 * STRIP, 1024), (1.0,))
    found = index(wide, side_px=256, mpp=0.5)
    strip = found["x"] // STRIP
    assert strip.is_monotonic_increasing
    for _, own in found.groupby(strip):
        assert own["y"].is_monotonic_increasing
    assert len(found) == 3 * STRIP // 256 * 4
