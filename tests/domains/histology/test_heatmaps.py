"""Tiles become one heatmap: nothing moves or is lost, overlaps leave no seam, each slide is judged out of fold."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import zarr

from biox.domains.histology.heat_levels import halved, write_levels
from biox.domains.histology.heatmaps import Canvas, difference, strips, window
from biox.domains.histology.slide_relevance import by_slide
from tests.domains.histology.heat_data import MPP, SIDE, bumps, cohort_of, cut, grid, levels_of, relevance_of


def whole(values, tiles, canvas, rows=512) -> np.ndarray:
    return np.concatenate(list(strips(lambda chosen: values[chosen], tiles, canvas, rows)))


@pytest.fixture(scope="module")
def truth():
    return bumps(640, 768, (200, 150, 60), (500, 420, 90), (700, 600, 30))


@pytest.mark.parametrize("stride", [128, 64, 32])
@pytest.mark.parametrize("rows", [512, 37])
def test_tiles_of_a_known_map_give_that_map_back_however_they_overlap_and_are_read(truth, stride, rows):
    tiles = grid(640, 768, 128, stride)
    found = whole(cut(truth, tiles, SIDE), tiles, Canvas(768, 640, (MPP, MPP), 2.0), rows)
    np.testing.assert_allclose(found, truth.reshape(320, 2, 384, 2).mean((1, 3)), atol=1e-5)


def test_the_order_of_tiles_does_not_matter(truth):
    tiles = grid(640, 768, 128, 64)
    values = cut(truth, tiles, SIDE) + np.random.default_rng(0).normal(size=(len(tiles), 1, 1)).astype(np.float32)
    order = np.random.default_rng(1).permutation(len(tiles))
    canvas = Canvas(768, 640, (MPP, MPP), 2.0)
    shuffled = whole(values[order], tiles.iloc[order].reset_index(drop=True), canvas)
    np.testing.assert_allclose(shuffled, whole(values, tiles, canvas), atol=1e-5)


@pytest.mark.parametrize("down", [1.0, 2.0, 3.0, 5.3])
@pytest.mark.parametrize("corner", [(0, 0), (7, 3), (100.5, 33.25)])
def test_a_lone_tile_keeps_its_place_and_what_does_not_lie_on_it_stays_empty(down, corner):
    tiles = pd.DataFrame({"x": [corner[0]], "y": [corner[1]], "size": [128]})
    found = whole(np.ones((1, SIDE, SIDE), np.float32), tiles, Canvas(400, 300, (MPP, MPP), down))
    rows, columns = np.nonzero(np.isfinite(found))
    np.testing.assert_allclose(found[rows, columns], 1, rtol=1e-5)
    for places, start in ((columns, corner[0]), (rows, corner[1])):
        assert places.min() == int(start / down)
        assert places.max() == int(np.ceil((start + 128) / down - 1e-9)) - 1


def test_the_centre_of_mass_stays_to_a_tenth_of_a_pixel_where_the_grid_does_not_fit():
    tile = bumps(SIDE, SIDE, (40, 20, 5)) + 0.05
    tiles = pd.DataFrame({"x": [101], "y": [57], "size": [160]})  # 2.5 level-0 pixels a tile pixel
    canvas = Canvas(400, 400, (MPP, MPP), 1.7)
    found = np.nan_to_num(whole(tile[None], tiles, canvas))
    y, x = (np.mgrid[: found.shape[0], : found.shape[1]] + 0.5) * canvas.down
    assert (found * x).sum() / found.sum() == pytest.approx(101 + 2.5 * 40, abs=0.17)
    assert (found * y).sum() / found.sum() == pytest.approx(57 + 2.5 * 20, abs=0.17)


def test_pixels_that_are_not_square_are_stretched_to_their_place():
    tiles = pd.DataFrame({"x": [10], "y": [20], "size": [64.0], "size_y": [128.0]})
    found = whole(np.ones((1, 32, 32), np.float32), tiles, Canvas(200, 200, (0.5, 0.25), 2.0))
    assert np.isfinite(found).sum() == 32 * 64


def test_overlap_leaves_no_edge_where_tiles_disagree():
    tiles = grid(128, 192, 128, 64)
    values = np.stack([np.zeros((SIDE, SIDE)), np.ones((SIDE, SIDE))]).astype(np.float32)
    row = whole(values, tiles, Canvas(192, 128, (MPP, MPP), 2.0))[30]
    assert (np.diff(row) >= -1e-6).all()
    assert np.diff(row).max() < 0.06
    assert (row[:32].max(), row[-32:].min()) == pytest.approx((0, 1))


def test_window_of_tiles_that_share_half_adds_up_to_one():
    both = window(64)[32:] + window(64)[:32]
    np.testing.assert_allclose(both, 1, atol=1e-6)


def test_difference_is_of_one_place(truth):
    tiles = grid(640, 768, 128, 128)
    canvas = Canvas(768, 640, (MPP, MPP), 2.0)
    values = cut(truth, tiles, SIDE)
    maps = [strips(lambda rows, k=k: k * values[rows], tiles, canvas) for k in (3, 1)]
    np.testing.assert_allclose(np.concatenate(list(difference(*maps))), 2 * whole(values, tiles, canvas), atol=1e-5)


def test_every_tile_is_read_once_and_memory_does_not_grow_with_the_height():
    def peak(height: int) -> tuple[int, int]:
        tiles, read = grid(height, 2048, 128, 64), []

        def values(rows):
            read.extend(rows)
            return np.ones((len(rows), SIDE, SIDE), np.float32)

        tracemalloc.start()
        for strip in strips(values, tiles, Canvas(2048, height, (MPP, MPP), 2.0), rows=128):
            assert np.isfinite(strip).all()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sorted(read) == list(range(len(tiles)))
        return used, len(tiles)

    (small, few), (large, many) = peak(1024), peak(8192)
    assert many > 8 * few
    # What grows is the table of places, some 100 bytes a tile; a map of the slide would be 16 MB larger.
    assert large - small < 4e6


def test_each_zoom_is_the_mean_of_what_is_covered(truth, tmp_path):
    levels = levels_of(bumps(2304, 2304, (800, 800, 300)), tmp_path)
    assert [array.shape for array in levels.arrays] == [(1152, 1152), (576, 576), (288, 288)]
    fine, coarse = levels.whole(0), levels.whole(2)
    np.testing.assert_allclose(coarse, fine.reshape(288, 4, 288, 4).mean((1, 3)), atol=1e-5)
    assert levels.nearest(4.0) == 1
    assert levels.nearest(1000.0) == 2


def test_halving_ignores_what_is_not_covered():
    values = np.array([[1, np.nan, np.nan], [3, np.nan, np.nan], [5, 7, 9]], np.float32)
    np.testing.assert_array_equal(halved(values), np.array([[2, np.nan], [6, 9]], np.float32))


def test_a_canvas_that_is_no_multiple_of_the_tiles_ends_with_the_slide(tmp_path):
    canvas = Canvas(1001, 777, (MPP, MPP), 2.0)
    assert canvas.shape == (389, 501)
    tiles = grid(777, 1001, 128, 128)
    levels = write_levels(strips(lambda rows: np.ones((len(rows), 64, 64)), tiles, canvas), canvas, tmp_path)
    assert np.isfinite(levels.whole(0)).sum() == len(tiles) * 64 * 64


@pytest.fixture
def two_slides(tmp_path):
    tiles = grid(256, 256, 128, 128)
    cohort = cohort_of({"A": tmp_path / "a.tif", "B": tmp_path / "b.tif"}, tiles)
    return cohort, (cohort.samples["slide"] == "A").to_numpy()


def test_each_slide_is_shown_by_the_model_that_never_saw_its_patient(two_slides):
    cohort, of_a = two_slides
    ones = np.ones((8, SIDE, SIDE), np.float32)
    found = by_slide(cohort, {0: relevance_of(cohort, ones, 0, of_a), 1: relevance_of(cohort, 2 * ones, 1, ~of_a)})
    assert list(found) == ["A", "B"]
    assert {name: float(own.read(np.arange(4)).mean()) for name, own in found.items()} == {"A": 1, "B": 2}


def test_relevance_in_another_order_and_on_disk_finds_its_tiles(two_slides, tmp_path):
    cohort, _ = two_slides
    order = np.random.default_rng(0).permutation(8)
    values = np.arange(8, dtype=np.float32)[:, None, None] * np.ones((8, SIDE, SIDE), np.float32)
    saved = zarr.create_array(tmp_path / "v.zarr", shape=values.shape, dtype="float32", chunks=(3, SIDE, SIDE))
    saved[:] = values[order]
    relevance = relevance_of(cohort, values, 0, np.ones(8, bool))
    shuffled = relevance.samples.iloc[order].reset_index(drop=True)
    own = by_slide(cohort, {0: relevance.__class__("main", 0, "lrp", {}, saved, shuffled, relevance.axes)})["B"]
    assert list(own.tiles["sample"]) == ["t4", "t5", "t6", "t7"]
    np.testing.assert_array_equal(own.read(np.array([3, 0, 1]))[:, 0, 0], [7, 4, 5])


def test_tiles_of_a_bag_are_placed_and_one_that_fills_it_twice_counts_twice(two_slides):
    cohort, _ = two_slides
    tiles = cohort.samples

    class Bags:
        bags = np.array([[0, 2, 3, 0], [7, 6, 5, 4]])
        shape = (2, 3, 4, SIDE, SIDE)

    Bags.tiles = tiles
    samples = pd.DataFrame({"sample": ["A", "B"], "subject": ["A", "B"], "slide": ["A", "B"], "label": "tumour"})
    values = np.arange(1.0, 9.0, dtype=np.float32).reshape(2, 4)[..., None, None] * np.ones((2, 4, SIDE, SIDE))
    axes = (cohort.axes[0], cohort.axes[1].__class__("tile", tuple("0123")), *cohort.axes[1:])
    bag = cohort.__class__(Bags(), samples, axes, "8-bit intensity", cohort.classes, "trial")
    about = samples[["sample"]].assign(part="test", target="tumour")
    relevance = relevance_of(cohort, values, 0, np.ones(8, bool))
    found = by_slide(bag, {0: relevance.__class__("main", 0, "lrp", {}, values, about, axes[1:])})
    np.testing.assert_array_equal(found["A"].tiles[["x", "y"]], [[0, 0], [0, 128], [128, 128]])
    np.testing.assert_array_equal(found["A"].read(np.arange(3))[:, 0, 0], [1 + 4, 2, 3])
    np.testing.assert_array_equal(found["B"].read(np.arange(4))[:, 0, 0], [8, 7, 6, 5])


def test_tiles_without_a_slide_have_no_heatmap(two_slides):
    cohort, of_a = two_slides
    bare = cohort.__class__(
        cohort.x, cohort.samples.drop(columns=["x", "y"]), cohort.axes, cohort.unit, cohort.classes, "trial"
    )
    relevance = relevance_of(cohort, np.ones((8, SIDE, SIDE), np.float32), 0, of_a)
    assert by_slide(bare, {0: relevance}) == {}
