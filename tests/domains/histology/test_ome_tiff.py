"""The files hold what was computed, at the place where it belongs, for each program that opens them."""

import re

import numpy as np
import openslide
import pytest
import tifffile

from biox.domains.histology.heat_levels import write_levels
from biox.domains.histology.heatmaps import Canvas, strips
from biox.domains.histology.ome_tiff import write_colours, write_values
from biox.domains.histology.relevance_colours import ZERO, limits, opaque, overlay, steps
from biox.domains.histology.whole_slide import Sampling, open_slide, region
from tests.domains.histology.heat_data import MPP, bumps, grid, levels_of

HOT = (1310, 530)  # level-0 pixels


@pytest.fixture(scope="module")
def levels(tmp_path_factory):
    return levels_of(bumps(1536, 2048, (*HOT, 60)), tmp_path_factory.mktemp("levels"))


@pytest.fixture
def values(levels, tmp_path):
    write_values(tmp_path / "a-values.ome.tif", levels, "a", "relevance for tumour.")
    return tmp_path / "a-values.ome.tif"


@pytest.fixture
def colours(levels, tmp_path):
    write_colours(tmp_path / "a.ome.tif", levels, "a", "relevance for tumour.", (0.9, 0.8, 0.7))
    return tmp_path / "a.ome.tif"


def test_numbers_come_back_exactly_at_every_zoom(values, levels):
    with tifffile.TiffFile(values) as tiff:
        assert tiff.is_ome
        assert len(tiff.series) == 1
        for found, level in zip(tiff.series[0].levels, range(2), strict=True):
            np.testing.assert_array_equal(found.asarray(), levels.whole(level))


def test_a_place_on_the_slide_is_found_by_the_pixel_size_in_openslide_and_tifffile(colours, values):
    with tifffile.TiffFile(values) as tiff:
        numbers = tiff.asarray()
        size = float(re.search(r'PhysicalSizeX="([\d.]+)"', tiff.ome_metadata).group(1))
    assert size == 2 * MPP
    row, column = np.unravel_index(np.argmax(numbers), numbers.shape)
    assert ((column + 0.5) * size / MPP, (row + 0.5) * size / MPP) == pytest.approx(HOT, abs=2)
    slide = openslide.OpenSlide(colours)
    assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(size)
    picture = np.asarray(slide.read_region((0, 0), 0, slide.dimensions))[..., :3].astype(int)
    np.testing.assert_array_equal(picture, tifffile.imread(colours))
    red = picture[..., 0] - picture[..., 2]
    found = np.unravel_index(np.argmax(red), red.shape)
    assert abs(found[0] - row) + abs(found[1] - column) < 60  # the hill's top is above the limit and all one red


def test_on_a_real_slide_the_heatmap_lies_on_the_tissue_it_was_made_of(shared_data, tmp_path):
    slide = open_slide(shared_data / "slides/CMU-1-Small-Region.svs")
    size, side = 256, 128
    tiles = grid(*reversed(slide.size), size, size // 2)
    how = Sampling(0, (2.0, 2.0), 2 * slide.mpp[0])

    def darkness(rows):
        places = tiles.loc[rows, ["x", "y"]].to_numpy(float)
        return np.stack([1 - region(slide, (x, y), (side, side), how).mean(0) / 255 for x, y in places])

    canvas = Canvas(*slide.size, slide.mpp, 2.0)
    levels = write_levels(strips(darkness, tiles, canvas), canvas, tmp_path / "levels")
    write_values(tmp_path / "v.ome.tif", levels, "CMU-1", "darkness.")
    write_colours(tmp_path / "c.ome.tif", levels, "CMU-1", "darkness.", (1.0,) * 9)
    numbers, colours = tifffile.imread(tmp_path / "v.ome.tif"), openslide.OpenSlide(tmp_path / "c.ome.tif")
    ratio = float(colours.properties["openslide.mpp-x"]) / slide.mpp[0]
    assert ratio == pytest.approx(2, rel=1e-6)
    x, y, wide = 1000, 1200, 400  # the same place, each at its own resolution
    there = np.asarray(slide.handle.read_region((x, y), 0, (wide, wide)).convert("RGB")).mean(-1)
    dark = 1 - there.reshape(wide // 2, 2, wide // 2, 2).mean((1, 3)) / 255
    found = numbers[int(y / ratio) :, int(x / ratio) :][: wide // 2, : wide // 2]
    error = np.abs(found - dark).mean()  # tiles are resampled by a triangle and not by a box
    assert error < 0.03
    picture = np.asarray(
        colours.read_region((int(x / ratio), int(y / ratio)), 0, (wide // 2, wide // 2)).convert("RGB")
    )
    green = -picture[..., 1].astype(float)  # falls as red deepens
    assert np.corrcoef(green.ravel(), dark.ravel())[0, 1] > 0.98
    for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1)):  # one pixel off would be seen
        shifted = numbers[int(y / ratio) + down :, int(x / ratio) + right :][: wide // 2, : wide // 2]
        assert np.abs(shifted - dark).mean() > 1.5 * error


def test_colours_are_those_of_the_numbers_at_every_zoom(colours, levels):
    with tifffile.TiffFile(colours) as tiff:
        for level, limit in enumerate((0.9, 0.8)):
            wanted = opaque()[steps(levels.whole(level), limit)]
            np.testing.assert_array_equal(tiff.series[0].levels[level].asarray(), wanted)


def test_the_description_says_what_the_colours_and_numbers_mean(colours, values):
    for file in (colours, values):
        with tifffile.TiffFile(file) as tiff:
            words = re.search(r"<Description>(.*?)</Description>", tiff.ome_metadata).group(1)
        assert "relevance for tumour." in words
        assert "is at x / 2 here" in words
    with tifffile.TiffFile(colours) as tiff:
        assert "level 0 0.9, level 1 0.8." in tiff.ome_metadata
        assert 'PositionX="0.0" PositionXUnit="µm"' in tiff.ome_metadata


def test_no_reader_needs_the_floating_point_predictor(values):
    with tifffile.TiffFile(values) as tiff:
        pages = [tiff.pages[0], *tiff.pages[0].pages]
        assert {page.predictor for page in pages} == {1}
        assert all(page.is_tiled for page in pages)


def test_equal_heatmaps_give_equal_files(levels, values, tmp_path):
    write_values(tmp_path / "b.ome.tif", levels, "a", "relevance for tumour.")
    assert (tmp_path / "b.ome.tif").read_bytes() == values.read_bytes()


def test_what_no_tile_covers_is_nan_and_white(tmp_path):
    levels = levels_of(bumps(600, 700, (100, 100, 40)), tmp_path / "levels")  # tiles end at 512, 640
    write_values(tmp_path / "v.tif", levels, "a", "b")
    write_colours(tmp_path / "c.tif", levels, "a", "b", (1.0,))
    covered = np.zeros((300, 350), bool)
    covered[:256, :320] = True
    np.testing.assert_array_equal(np.isfinite(tifffile.imread(tmp_path / "v.tif")), covered)
    assert (tifffile.imread(tmp_path / "c.tif")[~covered] == 255).all()


def test_steps_are_symmetric_and_keep_the_sign():
    values = np.array([-9, -1, -0.5, 0, 0.5, 1, 9, np.nan], np.float32)
    assert list(steps(values, 1.0)) == [1, 1, 64, ZERO, 192, 255, 255, 0]


def test_red_speaks_for_and_blue_against_and_the_deeper_the_stronger():
    red, green, blue = opaque().astype(int).T
    assert (red[ZERO + 40 :] > blue[ZERO + 40 :]).all()
    assert (blue[1 : ZERO - 40] > red[1 : ZERO - 40]).all()
    assert (np.diff(green[ZERO:]) <= 0).all()
    assert (np.diff(green[1:ZERO]) >= 0).all()
    alpha = overlay()[:, 3].astype(int)
    assert (alpha[0], alpha[ZERO]) == (0, 0)
    assert (np.diff(alpha[ZERO:]) >= 0).all()
    np.testing.assert_array_equal(alpha[1:ZERO], alpha[:ZERO:-1])


def test_the_limit_of_each_zoom_is_exceeded_by_one_in_two_hundred():
    tiles = np.random.default_rng(0).normal(size=(50, 64, 64)).astype(np.float32)
    found = limits(lambda rows: tiles[rows], len(tiles), 8)
    assert (np.abs(tiles) > found[0]).mean() == pytest.approx(0.005, rel=0.01)
    pooled = tiles.reshape(50, 16, 4, 16, 4).mean((2, 4))
    assert (np.abs(pooled) > found[2]).mean() == pytest.approx(0.005, rel=0.05)
    assert found[6] == found[7]


def test_a_study_without_any_relevance_still_has_a_scale():
    assert limits(lambda rows: np.zeros((len(rows), 8, 8)), 3, 2) == (1.0, 1.0)
