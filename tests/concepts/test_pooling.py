"""Pooling keeps the pattern and drops the scale, reads little at a time, and refuses what has no pattern."""

import tracemalloc

import numpy as np
import pytest

from biox.concepts import pooling
from biox.core.errors import InputError


class Lazy:
    """Heatmaps that exist only while they are read; remembers how many at once."""

    def __init__(self, samples: int):
        self.shape = (samples, 64, 64)
        self.most = 0

    def __getitem__(self, rows: slice) -> np.ndarray:
        self.most = max(self.most, rows.stop - rows.start)
        return np.random.default_rng(rows.start).standard_normal((rows.stop - rows.start, 64, 64), np.float32)


def test_each_cell_is_the_mean_of_its_pixels_and_each_row_has_length_1():
    maps = np.random.default_rng(0).standard_normal((5, 12, 8))
    cells = maps.reshape(5, 4, 3, 4, 2).mean((2, 4)).reshape(5, 16)
    np.testing.assert_allclose(
        pooling.pooled(maps, 4), cells / np.linalg.norm(cells, axis=1, keepdims=True), rtol=1e-5, atol=1e-6
    )


def test_the_score_does_not_count_only_the_pattern():
    maps = np.random.default_rng(0).standard_normal((5, 9, 9))
    scales = np.array([1e-6, 0.1, 1, 10, 1e6])[:, None, None]
    np.testing.assert_allclose(pooling.pooled(maps * scales, 4), pooling.pooled(maps, 4), rtol=1e-4, atol=1e-6)


def test_what_counts_of_the_relevance_can_be_chosen():
    maps = np.random.default_rng(0).standard_normal((5, 9, 9))
    np.testing.assert_array_equal(pooling.pooled(maps, 3, part=np.abs), pooling.pooled(np.abs(maps), 3))


def test_lazy_heatmaps_are_read_a_few_at_a_time():
    maps = Lazy(20_000)  # 328 MB
    tracemalloc.start()
    features = pooling.pooled(maps, 8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert features.shape == (20_000, 64)
    assert maps.most <= pooling.NUMBERS_AT_ONCE // 64**2
    assert peak < 120e6


def test_mean_maps_weigh_each_heatmap_alike_and_leave_blank_ones_at_zero():
    maps = np.zeros((4, 2, 2))
    maps[0, 0, 0], maps[1, 1, 1], maps[2, 0, 1] = 1000, 1, -3
    means = pooling.mean_maps(maps, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(means, [[[0.5, 0], [0, 0.5]], [[0, -0.5], [0, 0]]])


def test_missing_values_are_refused_with_their_row():
    maps = np.ones((9, 4, 4))
    maps[6, 1, 2] = np.nan
    with pytest.raises(InputError, match=r"Heatmap 6 \(of 9, counted from 0\) holds missing"):
        pooling.pooled(maps, 2)


def test_heatmaps_without_relevance_are_refused_and_can_be_found():
    maps = np.random.default_rng(0).standard_normal((9, 4, 4))
    maps[[2, 5]] = 0
    assert np.flatnonzero(pooling.blank(maps)).tolist() == [2, 5]
    with pytest.raises(InputError, match=r"2 of 9 heatmaps are zero everywhere once pooled \(rows 2, 5\)"):
        pooling.pooled(maps, 2)


@pytest.mark.parametrize(("shape", "size"), [((5, 4, 4), 5), ((5, 4, 4), 0), ((5, 16), 2), ((0, 4, 4), 2)])
def test_shapes_that_cannot_be_pooled_are_refused(shape, size):
    with pytest.raises(InputError):
        pooling.pooled(np.ones(shape), size)
