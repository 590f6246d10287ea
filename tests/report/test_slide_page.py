"""The one-slide report: the answer first, every figure with what to hold it against, and every reason to doubt it."""

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest

from biox.core.find import checked
from biox.core.study import Study
from biox.core.types import Cohort, Relevance
from biox.domains.histology.predicted import SlidePrediction
from biox.domains.histology.resting import resting
from biox.domains.histology.tile_cohort import tile_cohort
from biox.domains.histology.tile_colours import FEATURES, Likeness
from biox.report.slide_page import slide_page

STUDY = checked(
    Study,
    {"name": "tiny", "title": "Tumour", "question": "q", "domain": "histology", "data": {"source": "slides"}},
    "tiny",
)
COUNT, SIDE = 40, 16


def likeness(farther: float) -> Likeness:
    numbers = {"value": 150.0, "mean": 160.0, "low": 140.0, "high": 180.0}
    features = pd.DataFrame([{"feature": name, **numbers} for name in FEATURES])
    return Likeness(4.2, "P7", farther, 20, 0.31, 0.05, features)


def predicted(names: tuple[str, ...] = ("S1",), **changes: object) -> SlidePrediction:
    """Tiles of which each slide's first quarter is surely tumour, with red at their upper left corner."""
    rng = np.random.default_rng(0)
    count = COUNT * len(names)
    x = rng.integers(60, 200, (count, 3, SIDE, SIDE)).astype(np.uint8)
    slide = np.repeat(names, COUNT)
    score = np.tile(np.where(np.arange(COUNT) < COUNT // 4, 0.9, 0.2), len(names))
    table = pd.DataFrame({"sample": [f"t{k}" for k in range(count)], "subject": slide, "slide": slide})
    table = table.assign(
        label="unlabelled", x=64.0 * np.arange(count), y=0.0, size=64.0, flag_pen=np.arange(count) % 8 == 0
    )
    new: Cohort = tile_cohort(x, table, ("unlabelled",), ())
    values = np.full((count, SIDE, SIDE), -0.01, np.float32)
    values[score > 0.5, :4, :4] = 1.0
    samples = pd.DataFrame({"sample": table["sample"], "part": "test", "target": "tumour", "logit": 1.0})
    tiles = table.drop(columns="label").assign(predicted="normal", agree=0.9, score=score)
    rows = {"tiles": COUNT, "score": 0.375, "over": 0.25, "agree": 0.9, "place": 0.5, "flagged": 0.05, "known": False}
    slides = pd.DataFrame([{"slide": name, **rows, **changes} for name in names])
    reference = pd.DataFrame({"slide": ["a", "b"], "labels": ["normal", "normal, tumour"], "positive": [0.0, 0.5]})
    rests = {name: resting(values[slide == name], x[slide == name], tiles[slide == name]) for name in names}
    return SlidePrediction(
        new=new,
        positive="tumour",
        tiles=tiles,
        slides=slides,
        reference=reference.assign(score=[0.1, 0.6], over=[0.05, 0.7]),
        relevance=Relevance("main", 0, "lrp", {}, values, samples.assign(conservation=0.0), new.axes[1:]),
        rests=rests,
        likeness=dict.fromkeys(names, likeness(0.4)),
    )


def read(found: SlidePrediction) -> str:
    """The words of the page, without a formula that was not filled in."""
    html = slide_page(STUDY, found, None, "viewer", {"biox": "1.0"}).html
    words = re.sub(r"<(style|script)[^>]*>.*?</\1>", " ", html, flags=re.DOTALL)
    words = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", words))).replace("\u00a0", " ")
    assert "{" not in words
    return words


def test_the_answer_comes_first_with_its_place_among_the_cohorts_slides():
    words = read(predicted())
    assert "call 25 % of the 40 tiles of S1 “tumour” (probability over 50 %); the mean probability is 38 %" in words
    assert "lower on 1 of the 2 slides of the cohort" in words
    assert "The place is rough: a mean of several models is less extreme" in words
    assert "On average 90 % of the folds' models agree on a tile." in words
    assert words.index("call 25 %") < words.index("Highest probability")


def test_it_says_that_it_is_no_diagnosis():
    assert "not a diagnosis" in read(predicted())


def test_what_the_heatmap_rests_on_has_its_chance():
    words = read(predicted())
    assert "Half of what spoke for “tumour” lies on 12 % of the tiles" in words
    assert re.search(r"\d+ % on bare glass \(by chance \d+ %\)", words)
    assert re.search(r"44 % on the outermost pixels of tiles \(by chance 23 %\)", words)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"known": True}, "A slide of this name is in the cohort"),
        ({"agree": 0.6}, "agree on only 60 %"),
        ({"flagged": 0.3}, "30 % of its tiles are flawed"),
    ],
)
def test_every_reason_to_doubt_is_said_and_none_without_one(changes, sentence):
    assert sentence not in read(predicted())
    assert sentence in read(predicted(**changes))


def test_colours_unlike_the_cohorts_are_a_warning():
    found = predicted()
    assert "within the cohort's range" in read(found)
    assert "Its colours are unlike" not in read(found)
    unlike = read(replace(found, likeness={"S1": likeness(0.0)}))
    assert (
        "they lie 4.2 standard deviations from those of the most similar patient (P7), farther than any of its 20"
        in unlike
    )
    assert "outside of the cohort's range" in unlike
    assert "from its most similar one, which by chance about 5 % of slides like the cohort's would be" in unlike
    assert "farther than 19 of its 20 patients" in read(replace(found, likeness={"S1": likeness(0.05)}))


def test_another_magnification_is_a_warning_and_an_unknown_one_is_not():
    found = predicted()
    assert "another magnification" not in read(found)
    for nucleus, warned in ((10.0, True), (19.0, False), (30.0, True)):
        like = {"S1": replace(likeness(0.4), nucleus=nucleus, usual=20.0)}
        assert ("another magnification" in read(replace(found, likeness=like))) == warned


def test_relevance_on_glass_or_flawed_tiles_is_a_warning_only_well_above_chance():
    found = predicted()
    assert "times what chance would put there" not in read(found)
    table = found.rests["S1"]
    table.loc[table["place"] == "flagged", ["share", "chance"]] = [0.6, 0.1]
    words = read(found)
    assert "60 % of what spoke for the class lies on tiles with a flaw, 6.0 times what chance would put there." in words
    assert "should not need" in words


def test_the_surest_tiles_are_those_with_the_highest_score():
    page = slide_page(STUDY, predicted(), None, "viewer", {})
    most, least = (page.figures[f"tiles-{name}-1-s1"] for name in ("most", "least"))
    assert most.count("probability 0.90") == least.count("probability 0.20") > 0


def test_a_difference_of_classes_is_said_in_words():
    found = predicted()
    asked = found.relevance.samples.assign(target="tumour - normal")
    words = read(replace(found, relevance=replace(found.relevance, samples=asked)))
    assert "spoke for “tumour” rather than “normal” lies on" in words
    assert "“tumour - normal”" not in words.replace("against “tumour - normal”", "")


def test_tiles_shown_already_are_not_shown_as_unsure_once_more():
    found = predicted()
    assert "tiles-unsure-1-s1" in slide_page(STUDY, found, None, "viewer", {}).figures
    score = np.linspace(0.6, 0.9, COUNT)
    sure = replace(found, tiles=found.tiles.assign(score=score))
    assert "tiles-unsure-1-s1" not in slide_page(STUDY, sure, None, "viewer", {}).figures


def test_several_slides_have_a_row_and_a_section_each_and_many_only_rows():
    two = slide_page(STUDY, predicted(("S1", "<b>S2</b>")), None, "viewer", {}).html
    assert re.findall(r'<section id="(slide-\d)"', two) == ["slide-1", "slide-2"]
    assert "<b>S2</b>" not in two
    many = slide_page(STUDY, predicted(tuple(f"S{k}" for k in range(13))), None, "viewer", {}).html
    assert not re.findall(r'<section id="slide-', many)
    assert many.count("<tr>") >= 13


def test_flaws_are_counted_with_what_the_model_says_of_them():
    words = read(predicted())
    assert "pen 5 40 %" in words
    assert "without a flaw 35 23 %" in words


def test_a_page_that_may_be_sent_to_someone_links_to_no_other_file():
    html = slide_page(STUDY, predicted(), None, "viewer", {}).html
    assert all(link.startswith(("#", "data:")) for link in re.findall(r'href="([^"]*)"', html))


SLIDE = {"name": "S1", "title": "S1", "folder": "S1", "width": 9, "height": 9, "mpp": [1, 1]}
LISTING = {"slides": [SLIDE | {"picture": {}, "heatmaps": [], "outlines": []}], "colours": ["#fff"]}


@pytest.mark.parametrize("known", [True, False])
def test_the_viewer_says_which_models_learnt_from_the_slide(known):
    html = unescape(slide_page(STUDY, predicted(known=known), LISTING, "viewer", {}).html)
    assert "The models: the mean of the models of all folds" in html
    assert ("of which most learnt from a slide of this name" in html) == known
    assert "never saw" not in html
