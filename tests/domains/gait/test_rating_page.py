"""The form that raters fill in: nothing is cut off, nothing gives the answer away, and what it saves can be read."""

import re

import numpy as np
import pytest

from biox.domains.gait.groups import Groups
from biox.domains.gait.rating_page import RIGHT, WIDTH, picture
from biox.domains.gait.rating_sheets import drawn_sheets, rating_evidence
from biox.domains.gait.ratings import rated, read_ratings

CHANNELS = ("affected AP", "affected V")
CLASSES = ("healthy", "knee")
FORMS = ("plain", "relevance")
CHARACTER = 11  # the labels' height in px: no digit of any font is wider


@pytest.fixture
def sheets():
    rng = np.random.default_rng(0)
    names = tuple(np.array([f"{c}-{i}" for i in range(3)]) for c in CLASSES)
    curves, maps = (tuple(rng.standard_normal((3, 2, 101)).cumsum(2) for _ in CLASSES) for _ in range(2))
    return drawn_sheets(Groups(curves, names, CLASSES, False), Groups(maps, names, CLASSES, False), 3, seed=0)


@pytest.fixture
def pages(sheets):
    table = rating_evidence(sheets, CHANNELS, "body weight", CLASSES).tables["rating_sheets"]
    return table.set_index("file")["content"]


def test_labels_of_the_stance_axis_fit_into_the_picture():
    drawn = picture("V", np.linspace(-0.25, 1.25, 101), None, (-0.25, 1.25))
    labels = [(float(x), text) for x, text in re.findall(r'<text x="(\d+)"[^>]*middle">(\d+)<', drawn)]
    assert [text for _, text in labels] == ["0", "20", "40", "60", "80", "100"]
    assert all(x + len(text) * CHARACTER / 2 <= WIDTH for x, text in labels)
    assert labels[-1][0] == WIDTH - RIGHT


def test_form_says_what_the_colours_speak_for_without_naming_a_group_on_any_sheet(pages):
    coloured, plain = pages["rating-relevance.html"], pages["rating-plain.html"]
    assert "Red: speaks for the group that the model was asked about" in " ".join(coloured.split())
    assert "asked about" not in plain
    start, *sections = coloured.split("<section")
    assert not any(name in start for name in CLASSES)
    # Each sheet names each group once, as an answer that can be chosen: its value and its label.
    assert [[part.count(name) for name in CLASSES] for part in sections] == [[2, 2]] * 3


@pytest.fixture(params=FORMS)
def form(request, browser, pages, tmp_path):
    """A form open in a browser, with the questions it asked before saving."""
    file = tmp_path / f"{request.param}.html"
    file.write_text(pages[f"rating-{request.param}.html"], encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    yield page, request.param
    page.close()


def mark(page, number, channel, start, end):
    row = page.locator(".region").nth(number)
    row.locator("select").select_option(channel)
    for place, value in enumerate((start, end)):
        row.locator("input").nth(place).fill(value)


def save(page, folder):
    page.once("dialog", lambda dialog: dialog.accept())
    with page.expect_download() as found:
        page.click("#save")
    found.value.save_as(folder / found.value.suggested_filename)
    return found.value.suggested_filename


@pytest.mark.slow
def test_answers_are_saved_in_order_and_can_be_read_back(form, sheets, tmp_path):
    page, name = form
    page.fill("#rater", "Jörg M., Wien")
    mark(page, 0, "affected V", "31", "12")
    mark(page, 1, "affected AP", "007", "7")
    page.locator("section").nth(0).locator("[value=knee]").check()
    folder = tmp_path / "saved"
    folder.mkdir()
    assert save(page, folder) == f"ratings-{name}-Jörg_M_Wien.csv"
    found = rated(read_ratings(folder), sheets, CHANNELS, CLASSES).tables["ratings"]
    assert list(found["answer"]) == ["knee", "affected V 12-31", "affected AP 7-7"]
    assert set(found["rater"]) == {"Jörg M., Wien"}
    assert set(found["form"]) == {name}


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong", [("affected V", "5", ""), ("", "5", "9"), ("affected V", "50", "120"), ("affected V", "1.5", "7")]
)
def test_half_filled_and_impossible_places_are_named_and_nothing_is_saved(form, wrong):
    page, _ = form
    saved, asked = [], []
    page.on("download", lambda download: saved.append(download))
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    page.fill("#rater", "A")
    mark(page, 1, *wrong)
    page.click("#save")
    assert "Nothing is saved yet.\nSheet 1, place 2: choose a curve" in page.inner_text("#message")
    assert (saved, asked) == ([], [])


@pytest.mark.slow
def test_sheets_with_open_questions_are_counted_before_saving(form):
    page, _ = form
    saved, asked = [], []
    page.on("download", lambda download: saved.append(download))
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.fill("#rater", "A")
    for question in page.locator("section").nth(1).locator("fieldset:has([type=radio])").all():
        question.locator("input").first.check()
    page.locator("section").nth(2).locator("[type=radio]").first.check()
    assert page.inner_text("#open") == "2 of 3 sheets have questions without an answer."
    page.click("#save")
    assert asked == ["2 of 3 sheets have questions without an answer. Save nevertheless?"]
    assert saved == []
