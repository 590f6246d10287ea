"""The small drawings and their words: places, ticks, colours and numbers."""

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biox.report import svg, words
from biox.report.blocks import Table, tidy
from biox.report.colour import STEPS, dark, level, light
from biox.report.marks import relevance_curve, slug

PANEL = svg.Panel(10, 20, 100, 50, (0.0, 10.0), (-1.0, 1.0))


def test_larger_values_stand_higher_and_later_ones_further_right():
    assert svg.at_y(PANEL, 0.9) < svg.at_y(PANEL, -0.9)
    assert svg.at_x(PANEL, 9) > svg.at_x(PANEL, 1)
    assert (svg.at_x(PANEL, 10.0), svg.at_y(PANEL, -1.0)) == (110, 70)


@given(low=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6), count=st.integers(2, 8))
def test_ticks_lie_inside_and_are_evenly_spaced(low, width, count):
    found = svg.ticks(low, low + width, count)
    assert all(low - 1e-6 * width <= t <= low + 1.000001 * width for t in found)
    steps = np.diff(found)
    assert len(found) <= count + 1
    assert np.allclose(steps, steps[:1], rtol=1e-6)


def test_a_missing_value_interrupts_a_line():
    drawn = svg.curve(PANEL, np.arange(4.0), np.array([0, math.nan, 0, 1.0]), "ink")
    assert drawn.count("M") == 2


def test_a_curve_without_relevance_has_no_coloured_part_and_one_with_it_has():
    x, y = np.arange(5.0), np.zeros(5)
    assert 'class="r0"' in relevance_curve(PANEL, x, y, [0] * 5)
    assert 'class="r10"' not in relevance_curve(PANEL, x, y, [0] * 5)
    assert 'class="r10"' in relevance_curve(PANEL, x, y, [0, 10, 10, 10, 0])


@pytest.mark.parametrize(("value", "step"), [(0.0, 0), (1.0, STEPS), (-1.0, -STEPS), (9.0, STEPS), (math.nan, 0)])
def test_relevance_becomes_a_step_of_the_ramp(value, step):
    assert level(value, 1.0) == step


def test_a_scale_of_nothing_colours_nothing():
    assert level(0.3, 0.0) == 0


@pytest.mark.parametrize("theme", [light, dark])
def test_both_ends_of_the_ramp_are_even_steps_away_from_its_middle(theme):
    def lightness(colour: str) -> float:
        rgb = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        return 116 * luminance ** (1 / 3) - 16

    colours = theme()
    ramp = [lightness(colours[f"r{k}"]) for k in range(-STEPS, STEPS + 1)]
    for half in (ramp[: STEPS + 1][::-1], ramp[STEPS:]):
        steps = np.diff(half)
        assert np.all(steps < 0) or np.all(steps > 0)
        assert np.abs(steps).max() < 2 * np.abs(steps).min()
    assert abs(ramp[0] - ramp[-1]) < 10


def test_both_themes_name_the_same_colours():
    assert light().keys() == dark().keys()


def test_a_file_of_its_own_is_valid_and_names_its_colours(made):
    for drawn in made.page().figures.values():
        root = ElementTree.fromstring(drawn)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(" not in drawn
        assert float(root.attrib["width"]) > 100


def test_every_figure_can_be_heard(made):
    for drawn in made.page().figures.values():
        title, description = (ElementTree.fromstring(drawn).find(f"{{*}}{name}") for name in ("title", "desc"))
        assert title is not None
        assert description is not None
        assert title.text
        assert description.text


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (words.number(-0.0001), "0.00"),
        (words.number(-1.5), "−1.50"),
        (words.number(math.nan), "–"),
        (words.percent(0.881, 1), "88.1 %"),
        (words.interval(0.84, 0.92, "share"), "84.0–92.0 %"),
        (words.interval(-0.2, 0.1), "−0.20 to 0.10"),
        (words.interval(math.nan, 0.1), "–"),
        (words.p_value(0.0004), "p < 0.001"),
        (words.p_value(0.03), "p = 0.030"),
        (words.p_value(0.0997), "p = 0.10"),
        (words.p_value(math.nan), ""),
        (words.count(12345), "12\u202f345"),
        (words.joined(["a", "b", "c"]), "a, b and c"),
        (words.amount(0.00012, ""), "1.2e-04"),
    ],
)
def test_numbers_are_written_one_way(shown, expected):
    assert shown == expected


def test_a_table_loses_only_columns_that_say_nothing():
    table = Table(("a", "same", "n", "note"), (("x", "s", "1", ""), ("y", "s", "1", "")), names=2, notes=1)
    assert tidy(table) == Table(("a", "n"), (("x", "1"), ("y", "1")), names=1, notes=0)
    full = Table(("a", "kind", "n", "note"), (("x", "s", "1", ""), ("y", "t", "1", "why")), names=2, notes=1)
    assert tidy(full) == full


@pytest.mark.parametrize("name", ["../../etc", "<script>", "ä ö", ""])
def test_file_names_of_figures_hold_only_letters_digits_and_hyphens(name):
    assert set(slug(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug(name)
