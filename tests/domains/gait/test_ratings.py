"""Rating sheets hide who is shown, and the answers read back say how far raters agree, and where they look."""

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.domains.gait.groups import Groups
from biox.domains.gait.rating_page import _runs, picture
from biox.domains.gait.rating_sheets import drawn_sheets, questions, rating_evidence
from biox.domains.gait.ratings import rated, read_ratings, region

CHANNELS = ("affected <AP>", "affected V")
CLASSES = ("healthy", "knee")
ROOM = slice(20, 40)  # where the relevance of every sheet is high, in channel 1


@pytest.fixture
def sheets():
    rng = np.random.default_rng(0)
    names = tuple(np.array([f"{c}-secret-{i}" for i in range(12)]) for c in CLASSES)
    curves = tuple(rng.standard_normal((12, 2, 101)).cumsum(2) for _ in CLASSES)
    maps = tuple(rng.standard_normal((12, 2, 101)) * 0.1 for _ in CLASSES)
    for values in maps:
        values[:, 1, ROOM] += 1
    return drawn_sheets(Groups(curves, names, CLASSES, False), Groups(maps, names, CLASSES, False), 10, seed=0)


@pytest.fixture
def forms(sheets):
    return rating_evidence(sheets, CHANNELS, "body weight", CLASSES).tables


def answers(sheets, rater, choose, marks="affected V 20-39"):
    rows = []
    for sheet in sheets:
        asked = [q for q in questions(CLASSES) if sheet.form in q.forms]
        rows += [(rater, sheet.code, q.name, choose(sheet, q)) for q in asked]
        rows.append((rater, sheet.code, "region", marks))
    return pd.DataFrame(rows, columns=["rater", "sheet", "question", "answer"])


def save(folder, *tables):
    for number, table in enumerate(tables):
        table.to_csv(folder / f"{number}.csv", index=False)
    return folder


def by_code(sheet, question):
    return question.answers[int(sheet.code, 16) % len(question.answers)]


def value(evidence, claim, group):
    return evidence.claims.query("claim == @claim and group == @group").iloc[0]


def test_forms_say_neither_person_nor_class_of_a_sheet_and_the_key_does(sheets, forms):
    pages = forms["rating_sheets"].set_index("file")["content"]
    for name in ("rating-plain.html", "rating-relevance.html"):
        assert "secret" not in pages[name]
        assert len(re.findall("<section", pages[name])) == 10
    key = forms["rating_key"]
    assert set(key["sheet"]) == {s.code for s in sheets}
    assert key["subject"].str.contains("secret").all()
    plain, coloured = (set(part["subject"]) for _, part in key.groupby("form"))
    assert plain == coloured
    assert key["sheet"].is_unique


def test_both_classes_are_shown_in_mixed_order(sheets):
    labels = [s.label for s in sheets if s.form == "plain"]
    assert sorted(labels) == ["healthy"] * 5 + ["knee"] * 5 or abs(labels.count("knee") - 5) <= 1
    assert labels != sorted(labels)
    assert labels != sorted(labels, reverse=True)


def test_plain_form_shows_no_relevance_and_the_other_does(forms):
    pages = forms["rating_sheets"].set_index("file")["content"]
    colours = {name: set(re.findall(r'stroke="(#\w{6})"', page)) for name, page in pages.items()}
    assert len(colours["rating-plain.html"]) == 1
    assert len(colours["rating-relevance.html"]) > 3


def test_forms_need_no_network_and_escape_what_the_user_named(forms):
    for page in forms["rating_sheets"].query("file != 'rating-answers.csv'")["content"]:
        assert "http:" not in page
        assert "https:" not in page
        assert "<AP>" not in page
        assert "affected &lt;AP&gt;" in page


def test_raters_who_answer_alike_agree_fully_and_look_where_relevance_is(sheets, tmp_path):
    read = read_ratings(save(tmp_path, answers(sheets, "A", by_code), answers(sheets, "B", by_code)))
    found = rated(read, sheets, CHANNELS, CLASSES)
    for group in ("plain | class", "plain | sure", "relevance | plausible"):
        assert value(found, "rater agreement", group)["value"] == pytest.approx(1)
    row = value(found, "marked regions and relevance", "plain | all")
    assert row["low"] > 0.9
    assert row["n"] == 10


def test_marks_elsewhere_find_no_relevance(sheets, tmp_path):
    read = read_ratings(save(tmp_path, answers(sheets, "A", by_code, "affected V 60-79")))
    found = rated(read, sheets, CHANNELS, CLASSES)
    assert value(found, "marked regions and relevance", "plain | A")["high"] < 0.6
    assert not (found.claims["claim"] == "rater agreement").any()


def test_raters_who_guess_agree_no_more_than_chance():
    rng = np.random.default_rng(1)
    names = (np.array([f"p{i}" for i in range(150)]), np.array([f"q{i}" for i in range(150)]))
    values = (np.zeros((150, 1, 101)), np.zeros((150, 1, 101)))
    groups = Groups(values, names, CLASSES, False)
    sheets = drawn_sheets(groups, groups, 300, seed=0)
    tables = [answers(sheets, r, lambda s, q: str(rng.choice(q.answers)), "V 1-2") for r in "ABC"]
    ratings = pd.concat(tables).assign(place="row").query("question != 'region'")
    found = rated(ratings, sheets, ("V",), CLASSES)
    for group in ("plain | class", "relevance | plausible"):
        row = value(found, "rater agreement", group)
        assert row["low"] < 0 < row["high"]
        assert "Fleiss" in row["method"]


def test_unanswered_rows_of_the_blank_form_are_left_out(sheets, forms, tmp_path):
    blank = forms["rating_sheets"].set_index("file").loc["rating-answers.csv", "content"]
    (tmp_path / "blank.csv").write_text(blank)
    assert len(read_ratings(tmp_path)) == 0
    assert len(rated(read_ratings(tmp_path), sheets, CHANNELS, CLASSES).claims) == 0


@pytest.mark.parametrize(
    ("column", "wrong", "message"),
    [
        ("sheet", "ffff", r"0.csv, row 3: there is no sheet 'ffff'"),
        ("question", "colour", r"0.csv, row 3: unknown question 'colour'; known are 'class'"),
        ("answer", "perhaps", r"0.csv, row 3: the answer 'perhaps' is none of 'not at all'"),
        ("rater", "", r"0.csv, row 3: the rater is missing"),
    ],
)
def test_wrong_answers_are_refused_with_file_and_row(sheets, tmp_path, column, wrong, message):
    table = answers(sheets, "A", by_code)
    table.loc[1, column] = wrong
    with pytest.raises(InputError, match=message):
        rated(read_ratings(save(tmp_path, table)), sheets, CHANNELS, CLASSES)


def test_two_answers_to_one_question_are_refused(sheets, tmp_path):
    table = answers(sheets, "A", by_code)
    with pytest.raises(InputError, match=r"1.csv, row 2: 'A' answered 'class'"):
        read_ratings(save(tmp_path, table, table))


@pytest.mark.parametrize("content", [b"", "rater,sheet,question,answer\nJos\xe9,a,class,knee\n".encode("latin-1")])
def test_empty_file_and_other_encodings_are_refused_by_name(tmp_path, content):
    (tmp_path / "answers.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"answers\.csv.*expected a CSV table of ratings"):
        read_ratings(tmp_path)


def test_missing_column_and_empty_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no CSV file"):
        read_ratings(tmp_path)
    (tmp_path / "a.csv").write_text("rater,sheet,answer\n")
    with pytest.raises(InputError, match=r"a.csv: column 'question' is missing"):
        read_ratings(tmp_path)


@pytest.mark.parametrize("answer", ["affected V", "affected V 31-12", "affected V 90-120", "knee 1-2"])
def test_regions_that_make_no_sense_are_refused(answer):
    with pytest.raises(InputError, match="expected a channel and percents"):
        region(answer, CHANNELS, "file, row 2")


def test_region_covers_both_of_its_ends():
    assert region("affected <AP> 0-100", CHANNELS, "") == (0, slice(0, 101))
    assert region(" affected V 12 - 31", CHANNELS, "") == (1, slice(12, 32))


def test_coloured_curve_has_no_gap():
    levels = np.array([0, 0, 2, 2, -1, 3])
    runs = _runs(levels)
    assert [levels[r[0]] for r in runs] == [0, 2, -1, 3]
    assert all(a[-1] == b[0] for a, b in pairwise(runs))
    assert picture("V", np.arange(101.0), np.zeros(101), (0.0, 100.0)).count("<polyline") == 1
