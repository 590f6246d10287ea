"""Figures as PNG: what the SVG shows, on white, fine enough for a journal, and equal on every machine."""

import io
import re

import numpy as np
from PIL import Image

from biox.report.raster import WRITABLE, png
from biox.report.svg import element, picture, standalone, text


def drawing(words: str, height: float = 30) -> str:
    bar = element("rect", {"x": 10, "y": 20, "width": 80, "height": 5, "class": "bar"})
    return standalone(picture((100.0, height), "A", "A", [bar, text(10, 12, words)]))


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_picture_has_300_dots_an_inch_where_the_drawing_has_96():
    made = opened(png(drawing("a", 60)))
    assert made.size == (313, 188)
    assert [round(dots) for dots in made.info["dpi"]] == [300, 300]


def test_the_paper_is_white_and_the_marks_are_where_the_drawing_has_them():
    pixels = np.asarray(opened(png(drawing("a"))))
    assert pixels.shape[2] == 3
    assert (pixels[2, 2] == 255).all()
    assert (pixels[int(22 * 3.125), int(50 * 3.125)] < 80).all()


def test_words_are_written():
    with_words, without = (np.asarray(opened(png(drawing(words)))) for words in ("knee ≥ 5 −µ", ""))
    assert ((with_words < 128).sum() - (without < 128).sum()) > 500


def test_equal_drawings_give_equal_bytes_and_no_trace_of_time():
    first, again = png(drawing("knee")), png(drawing("knee"))
    assert first == again
    assert not re.search(rb"tIME|date:", first)


def test_only_words_beyond_the_bundled_fonts_ask_for_those_of_the_machine():
    assert WRITABLE.fullmatch(drawing("Größe ≤ 5 µm, α–ω, Ж, −2 ± 1 …"))
    assert not WRITABLE.fullmatch(drawing("膝"))
