"""The picture to look at: colours lie on the tissue that they belong to, and the bar has the length it says."""

import io

import numpy as np
import pytest
from PIL import Image

from biox.domains.histology.overlays import FOOT, Legend, length_words, overlay_png, scale_bar


def drawn(values, picture=None, share=0.5, **legend) -> np.ndarray:
    picture = np.full((300, 400, 3), (230, 170, 200), np.uint8) if picture is None else picture
    given = {"title": "S1: relevance for tumour", "limit": 1.0, "um": 2.0, **legend}
    return np.asarray(Image.open(io.BytesIO(overlay_png(picture, values, share, Legend(**given))))).astype(int)


def test_red_lies_where_relevance_is_positive_and_blue_where_negative():
    values = np.zeros((150, 200), np.float32)
    values[20:40, 30:60], values[100:120, 150:180] = 1, -1
    found = drawn(values)
    red = found[..., 0] - found[..., 2]
    assert red[50:70, 70:110].min() > 80
    assert red[210:230, 310:350].max() < -80
    assert np.abs(red[100:180]).max() <= 2  # zero is the slide itself, in grey
    assert found.shape == (300 + FOOT, 400, 3)


def test_heat_finer_or_coarser_than_the_picture_lies_on_the_same_place():
    for share in (0.25, 1.0, 2.0):
        values = np.full((round(300 * share), round(400 * share)), np.nan, np.float32)
        values[round(100 * share) : round(200 * share), round(200 * share) : round(300 * share)] = 1
        red = drawn(values, share=share)[:300, :, 0] - drawn(values, share=share)[:300, :, 2]
        rows, columns = np.nonzero(red > 40)
        assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((100, 199, 200, 299), abs=3)


def test_values_beyond_the_limit_and_no_tiles_are_drawn():
    values = np.full((150, 200), np.nan, np.float32)
    values[:75] = 100
    found = drawn(values, limit=0.01)
    assert np.ptp(found[200:290], axis=-1).max() <= 2
    assert (found[10:140, :, 0] - found[10:140, :, 2]).min() > 80


@pytest.mark.parametrize(
    ("um", "pixels", "length"), [(0.5, 300, 100), (2.0, 100, 200), (4.0, 499, 1000), (0.25, 40, 10)]
)
def test_scale_bar_is_the_longest_round_length_that_fits(um, pixels, length):
    found, long = scale_bar(um, pixels)
    assert found == pytest.approx(length)
    assert long == pytest.approx(length / um)
    assert long <= pixels


def test_bar_in_the_picture_has_the_pixels_it_says():
    found = drawn(np.zeros((150, 200), np.float32))[300 + 40]
    assert (found.max(-1) < 60).sum() == pytest.approx(scale_bar(2.0, 100)[1], abs=2)


def test_lengths_in_words():
    assert [length_words(um) for um in (5.0, 500.0, 2000.0)] == ["5 µm", "500 µm", "2 mm"]


def test_narrow_slide_leaves_room_for_its_legend():
    found = drawn(np.zeros((150, 20), np.float32), picture=np.full((300, 40, 3), 200, np.uint8))
    assert found.shape[1] == 300
