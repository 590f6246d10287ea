"""The page of a histology study: its words come from the evidence, its pictures from tiles and out-of-fold maps."""

import base64
import io
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from biox.core.types import Evidence, claims_table
from biox.report import entry, study_page
from biox.report.given import Given
from biox.report.histology_gallery import KINDS, chosen, own_scores
from biox.report.histology_slides import squares
from biox.report.pictures import coloured, embedded, overlay, reduced, scale_end
from biox.report.scatter import SHAPES, look, scatter
from tests.report.made_tiles import make_tiles

RED, BLUE = 0, 2


@pytest.fixture(scope="module")
def tiles():
    return make_tiles()


@pytest.fixture(scope="module")
def page(tiles):
    return tiles.page()


def words(html: str) -> str:
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())


def part(html: str, name: str) -> str:
    return words(html.split(f'<section id="{name}">')[1].split("</section>")[0])


def picture(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB"))


def images(figure: str) -> list[str]:
    return re.findall(r'href="(data:image/[^"]+)"', figure)


def changed(tiles, name: str, where: dict, **changes):
    """The study with other values in those rows of a table that ``where`` names."""
    table = tiles.evidence.tables[name].copy()
    rows = np.logical_and.reduce([table[column] == value for column, value in where.items()])
    assert rows.sum() == 1, f"{where} stands {rows.sum()} times in {name}"
    for column, value in changes.items():
        table.loc[rows, column] = value
    return tiles.with_tables(**{name: table})


def test_the_answer_gives_number_interval_and_control(tiles, page):
    said = part(page.html, "answer")
    assert (
        "AUROC of 95.1 % (95 % interval 91.0–98.9 %; guessing 50 %; logistic regression on colour alone 74.1 %)" in said
    )
    assert "71.2 % (95 % interval 68.2–74.2 %) without the artefact" in said
    assert (
        "31.0 % of the relevance lies on the planted artefact (95 % interval 26.0–36.0 %; chance 5.0 %, 6.2 times)"
        in said
    )
    assert "1.31 times the relevance of one elsewhere (95 % interval 1.12–1.52; 1 is even)." in said
    assert "A network that learnt no shortcut need not reach 1" in said
    assert "Groups of heatmaps of tumour go with site (statistic 0.91, by chance 0.51; corrected p = 0.004)" in said


@pytest.mark.parametrize(
    ("table", "where", "changes", "section", "shown"),
    [
        ("views", {"variant": "main", "view": "clean"}, {"auroc": 0.1234}, "views", "12.3 ("),
        ("views", {"variant": "main", "view": "clean"}, {"auroc": 0.1234}, "answer", "12.3 % (95 %"),
        ("areas", {"variant": "main", "area": "border"}, {"share": 0.1234}, "places", "12.3 ("),
        ("localisation", {"region": "artefact", "measure": "RMA"}, {"chance": 0.1234}, "answer", "chance 12.3 %"),
        ("localisation", {"region": "object", "measure": "RRA"}, {"value": 0.1234}, "places", "12.3 ("),
        ("scan", {"variant": "main", "test": "predict"}, {"value": 12.34}, "bias", "12.34"),
        ("subclasses", {"value": "necrosis"}, {"rate": 0.1234}, "views", "12.3 ("),
        ("remedies", {"group": "clean"}, {"after": 0.1234}, "remedies", "12.3 % with “clean”"),
        ("slides", {"slide": "S3"}, {"auroc": 0.123}, "slide-results", "12.3 %"),
    ],
)
def test_a_changed_number_changes_what_is_read(tiles, page, table, where, changes, section, shown):
    assert shown not in part(page.html, section)
    assert shown in part(changed(tiles, table, where, **changes).page().html, section)


SITE = {"variant": "main", "test": "cluster"}


def test_no_bias_is_claimed_where_no_test_stands_out_after_correction(tiles, page):
    quiet = changed(tiles, "scan", SITE, p=0.02, q=0.08, alarm=False).page().html
    assert "No bias was found: the bias scan raises no alarm in 2 tests (smallest corrected p = 0.080)" in part(
        quiet, "answer"
    )
    assert "bias was found" not in (part(quiet, "answer") + part(quiet, "bias")).replace("No bias was found", "")
    tied = changed(tiles, "scan", SITE, label_tie=0.4).page().html
    assert "A bias was found: the bias scan raises 1 alarm in 2 tests." in part(tied, "answer")
    assert "A possible bias: the bias scan raises 1 alarm in 2 tests." in part(page.html, "answer")


def test_the_verdict_is_that_of_the_studys_own_model_and_first_method(tiles):
    others = tiles.evidence.tables["scan"].assign(alarm=True, q=0.001)
    own = tiles.evidence.tables["scan"].query("variant == 'main'").assign(alarm=False, q=0.5)
    both = pd.concat([own, others.query("variant == 'clean'")], ignore_index=True)
    assert "No bias was found" in part(tiles.with_tables(scan=both).page().html, "answer")
    assert "The same scan of “clean” (lrp): 1 alarm in 1 test" in part(tiles.with_tables(scan=both).page().html, "bias")


def test_a_test_that_could_not_be_made_is_no_finding_and_says_why(tiles, page):
    assert "not tested: no ink" in part(page.html, "bias")
    none = tiles.evidence.tables["scan"].assign(p=np.nan, q=np.nan, alarm=False)
    said = part(tiles.with_tables(scan=none).page().html, "answer")
    assert (
        "The bias scan could not have found a bias: 3 tests of 3 could not be made (no reason given; no ink)." in said
    )
    assert "the bias scan could find nothing" in said
    assert "No bias was found" not in said


def test_that_no_bias_was_found_says_how_many_tests_could_not_have_found_one(tiles):
    quiet = changed(tiles, "scan", SITE, q=0.08, alarm=False)
    said = part(quiet.page().html, "answer")
    assert "But it could not have found every bias: 1 test of 3 could not be made (no ink)." in said
    made = quiet.evidence.tables["scan"].query("test != 'ink'")
    assert "could not have found" not in part(tiles.with_tables(scan=made).page().html, "answer")


@pytest.mark.parametrize(
    ("tie", "lead"),
    [(0.5, "A bias was found"), (0.05, "A possible bias")],
)
def test_an_alarm_of_ink_is_a_bias_only_where_the_labels_go_with_the_ink(tiles, tie, lead):
    quiet = changed(tiles, "scan", SITE, q=0.08, alarm=False)
    ink = {"p": 0.001, "q": 0.002, "value": 0.5, "chance": 0.0, "alarm": True, "reason": "", "label_tie": tie}
    said = part(changed(quiet, "scan", {"test": "ink"}, words="Relevance prefers ink.", **ink).page().html, "answer")
    assert f"{lead}: the bias scan raises 1 alarm in 3 tests. Relevance prefers ink (statistic" in said


def test_an_alarm_of_a_place_claims_no_more_than_the_test_can_tell(tiles):
    place = {
        "test": "place",
        "covariate": "",
        "words": "22% lies at one place; a mark, or tissue.",
        "label_tie": np.nan,
    }
    said = part(changed(tiles, "scan", SITE, **place).page().html, "answer")
    assert "A possible bias: the bias scan raises 1 alarm" in said
    assert "22 % lies at one place; a mark, or tissue (statistic" in said


def test_two_tests_with_the_same_words_are_one_sentence_with_both_numbers(tiles):
    words = "The heatmaps go with stain_group, but the labels hardly do."
    both = {"covariate": "stain_group", "words": words, "alarm": True, "q": 0.004}
    found = changed(changed(tiles, "scan", SITE, **both), "scan", {"test": "predict"}, **both)
    said = part(found.page().html, "answer")
    assert said.count("The heatmaps go with stain group, but the labels hardly do (2 tests: statistic ") == 1
    assert said.count("corrected p = 0.004") == 2
    assert "stain_group" not in said


NO_PATIENTS = "Patients are not known: a subject is an image"


def test_where_patients_are_not_known_none_is_spoken_of(tiles, page):
    cohort = replace(tiles.cohort, notes=(NO_PATIENTS,))
    few = changed(tiles, "scan", {"test": "ink"}, reason="found in 2 patients; 6 are needed")
    html = replace(few, cohort=cohort).page().html
    assert "found in 2 images; 6 are needed" in part(html, "bias")
    assert "Patients are not known. Images of one patient may stand in training and in testing" in part(html, "answer")
    assert "On images it had not seen" in part(html, "answer")
    assert "Only 6 images" in part(html, "answer")
    assert "it may have seen the patient" in part(html, "cohort")
    every = r'<section id="([a-z-]+)">'
    for name in set(re.findall(every, html)) - {"answer", "cohort", "model-card", "data-card", "method", "claims"}:
        assert "patient" not in part(html, name).lower(), name
        assert "people" not in part(html, name), name
    assert "Patients are not known" not in words(page.html)
    assert "On patients it had not seen" in part(page.html, "answer")


def test_the_captions_name_the_class_whose_evidence_is_sought(tiles, page):
    asked = tiles.study.model_copy(update={"validate_": {"positive": "normal"}})
    for name, said in (("slide-results", "Mean probability: of “{}”"), ("views", "none of them labelled {}")):
        assert said.format("tumour") in part(page.html, name)
        assert said.format("normal") in part(replace(tiles, study=asked).page().html, name)


def test_without_a_scan_nothing_is_said_of_bias(tiles):
    html = tiles.without_table("scan").page().html
    assert "bias" not in part(html, "answer").replace("a bias scan finds only strong ties", "")
    assert 'id="bias"' not in html


@pytest.mark.parametrize(
    ("low", "verdict"),
    [(0.45, "No ability"), (0.7, "not clearly better than colour"), (0.9, "That is better than guessing.")],
)
def test_the_verdict_follows_the_interval_and_the_baseline(tiles, low, verdict):
    html = tiles.with_claim("AUROC", "main", low=low).page().html
    assert verdict in part(html, "answer")


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.06, 0.4, "more than chance"), (0.0, 0.04, "less than chance"), (0.02, 0.4, "as chance would have it")],
)
def test_a_share_of_relevance_is_judged_by_its_interval(tiles, low, high, verdict):
    found = tiles.evidence.tables["localisation"].query("region == 'artefact'").assign(low=low, high=high)
    html = tiles.with_tables(localisation=found).without_table("areas").page().html
    assert f"lies on the planted artefact (95 % interval {100 * low:.1f}–{100 * high:.1f} %" in part(html, "places")
    assert f"times): {verdict}." in part(html, "places")


def test_a_fall_on_other_versions_of_the_tiles_is_a_caution_and_a_small_one_is_not(tiles, page):
    assert "The AUROC falls from 95.1 % to 20.4 %" in part(page.html, "answer")
    views = tiles.evidence.tables["views"].assign(auroc=0.94, low=0.9, high=0.97)
    assert "The AUROC falls" not in part(tiles.with_tables(views=views).page().html, "answer")


def test_the_external_cohort_stands_in_the_answer_only_where_there_is_one(tiles, page):
    assert "external" not in part(page.html, "answer")
    row = {
        "claim": "AUROC, external",
        "group": "main",
        "value": 0.8123,
        "low": 0.75,
        "high": 0.86,
        "n": 7,
        "unit": "share",
    }
    html = tiles.with_claims(pd.concat([tiles.evidence.claims, claims_table([row])])).page().html
    assert "On the external cohort of 7 patients it reaches 81.2 % (95 % interval 75.0–86.0 %)." in part(html, "answer")


def test_the_index_says_what_the_page_says(tiles, page):
    made = entry(tiles.study, tiles.cohort, tiles.evidence)
    said = part(page.html, "answer")
    assert len(made.answers) >= 4
    assert all(" ".join(answer.split()) in said for answer in made.answers)


@pytest.mark.parametrize("right", [True, False])
def test_the_surest_tiles_have_the_largest_margins_and_no_tile_stands_twice(tiles, right):
    scores = own_scores(Given(tiles.study, tiles.cohort, tiles.evidence, {}, {}))
    assert scores is not None
    kinds = {kind.sure: kind for kind in KINDS if kind.right == right}
    sure, unsure = (chosen(scores, "tumour", kinds[which]) for which in (True, False))
    assert set(sure["sample"]).isdisjoint(unsure["sample"])
    assert ((sure["predicted"] == sure["label"]) == right).all()
    own = scores[(scores["label"] == "tumour") & ((scores["predicted"] == "tumour") == right)]
    assert sure["margin"].iloc[0] == own["margin"].max()
    assert sure["subject"].is_unique or own["subject"].nunique() < len(sure)


def test_the_gallery_shows_the_tile_itself_and_the_map_of_the_fold_that_had_not_seen_it(tiles, page):
    scores = own_scores(Given(tiles.study, tiles.cohort, tiles.evidence, {}, {}))
    assert scores is not None
    first = chosen(scores, "tumour", KINDS[0]).iloc[0]
    row = int(first["sample"][1:])
    shown = [picture(address) for address in images(page.figures["gallery-tumour-named-right-surely"])]
    tile = np.moveaxis(np.asarray(tiles.cohort.x)[row], 0, -1)
    relevance = tiles.relevances["lrp"][int(first["fold"])]["main"].values[row]
    assert np.array_equal(shown[0], tile)
    assert np.array_equal(shown[1], overlay(tile, relevance, scale_end(relevance)))
    assert shown[1][2, 2, RED] > shown[1][2, 2, BLUE] + 50


def test_maps_of_training_folds_are_never_drawn(tiles):
    trained = {}
    for fold, own in tiles.relevances["lrp"].items():
        trained[fold] = {"main": replace(own["main"], samples=own["main"].samples.assign(part="train"))}
    page = study_page(Given(tiles.study, tiles.cohort, tiles.evidence, {"lrp": trained}, {}))
    assert len(images(page.figures["gallery-tumour-named-right-surely"])) == 4
    assert len(images(tiles.page().figures["gallery-tumour-named-right-surely"])) == 8


def test_relevance_for_is_red_against_is_blue_and_none_is_grey():
    relevance = np.array([[1.0, -1.0, 0.0]])
    for drawn in (coloured(relevance, 1.0), overlay(np.full((1, 3, 3), 128, np.uint8), relevance, 1.0)):
        red, blue, none = drawn.astype(int)[0]
        assert red[RED] > red[BLUE] + 50
        assert blue[BLUE] > blue[RED] + 50
        assert np.ptp(none) <= 3


def test_a_map_of_nothing_has_no_colour():
    nothing = np.zeros((4, 4))
    assert scale_end(nothing) == 0
    assert np.ptp(overlay(np.full((4, 4, 3), 90, np.uint8), nothing, 0.0)) == 0


def test_reducing_keeps_the_mean_of_relevance_and_the_size_small():
    relevance = np.random.default_rng(0).normal(size=(512, 512)).astype(np.float32)
    small = reduced(relevance, 128)
    assert small.shape == (128, 128)
    assert small.mean() == pytest.approx(relevance.mean(), abs=1e-6)
    assert reduced(np.full((300, 200, 3), 7, np.uint8), 100).dtype == np.uint8


def test_small_pictures_keep_every_pixel():
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    assert np.array_equal(picture(embedded(pixels)), pixels)


def test_every_tile_is_a_box_and_of_very_many_tiles_neighbours_are_one():
    few = pd.DataFrame({"x": [0, 10, 20, 40], "y": [0, 0, 0, 0], "size": [10] * 4})
    assert squares(few, (1.0, 0.0, 0.0), 0).count("M") == 4
    many = pd.DataFrame({"x": np.tile(np.arange(100) * 10.0, 20), "y": np.repeat(np.arange(20) * 10.0, 100)})
    many = many[many["x"] != 500].assign(size=10.0)
    drawn = squares(many, (0.5, 2.0, 3.0), 0)
    assert drawn.count("M") == 2 * 20
    assert drawn.count("M2.0 3.0H252.0V8.0H2.0Z") == 1
    assert drawn.count("M257.0 3.0H502.0V8.0H257.0Z") == 1


def test_groups_differ_in_shape_as_well_as_in_colour():
    assert len(set(SHAPES)) == len(SHAPES) == len({look(k) for k in range(len(SHAPES))})
    drawn = scatter(np.random.default_rng(0).normal(size=(50, 2)), np.arange(50) % 3, "Map")
    shapes = [path.count("L") // path.count("M") for path in re.findall(r' d="([^"]+)"', drawn)]
    assert len(set(shapes)) == 3
    assert all(f">{k}</text>" in drawn for k in (1, 2, 3))


def test_only_properties_that_stand_out_are_listed_before_the_fold(tiles, page):
    section = page.html.split('<section id="spray">')[1].split("</section>")[0]
    first = words(section.split("<details")[0])
    assert "2 site south 91 % 50 % 0.001 0.012" in first
    assert "scanner" not in first
    quiet = tiles.with_tables(spray_purity=tiles.evidence.tables["spray_purity"].assign(q=0.5)).page().html
    assert "No group of tumour is tied to a property." in part(quiet, "spray")


def test_the_remedies_are_told_from_before_to_after(tiles, page):
    said = part(page.html, "remedies")
    assert (
        "71.2 % before; 90.3 % with “clean”, which helped (change 19.1 percentage points, 95 % interval 12.1 to 26.3)"
        in said
    )
    assert said.count("which helped") == 2
    figure = page.figures["remedy-auroc"]
    assert figure.count('class="hollow"') == figure.count('class="dot"') == 1
    unsure = changed(tiles, "remedies", {"group": "clean"}, low=-0.02).page().html
    assert "which was not shown to help" in part(unsure, "remedies")
    worse = tiles.with_tables(remedies=tiles.evidence.tables["remedies"].assign(better="lower")).page().html
    assert "which made it worse" in part(worse, "remedies")


def test_of_several_remedies_each_has_its_row_and_all_are_told_in_the_order_of_the_study(tiles):
    first = tiles.evidence.tables["remedies"]
    second = first.assign(
        variant="balanced", after=[0.95, 0.2], gain=[0.238, -0.11], low=[0.01, -0.2], high=[0.2, -0.01]
    )
    more = first.iloc[:1].assign(group="swapped", before=0.2, after=0.89, gain=0.69, low=0.5, high=0.8)
    both = tiles.study.model_copy(
        update={"variants": {**tiles.study.variants, "balanced": tiles.study.variants["clean"]}}
    )
    page = replace(tiles, study=both).with_tables(remedies=pd.concat([second, first, more], ignore_index=True)).page()
    assert page.figures["remedy-auroc"].count('class="dot"') == 3
    assert page.figures["remedy-auroc"].count(">with the artefact on the other class<") == 1
    assert [page.figures["remedy-auroc"].count(f">{name}<") for name in ("clean", "balanced")] == [2, 1]
    said = part(page.html, "remedies")
    told = re.search(
        r"AUROC without the artefact: 71.2 % before; 90.3 % with “clean”,.*?; 95.0 % with “balanced”", said
    )
    assert told is not None
    assert told[0] in part(page.html, "answer")
    assert "AUROC with the artefact on the other class: 20.0 % before; 89.0 % with “clean”" in said


def test_a_long_name_of_a_remedy_stands_in_two_lines_and_is_not_cut(tiles):
    name = "balanced over sites and scanners with twice the epochs"
    figure = tiles.with_tables(remedies=tiles.evidence.tables["remedies"].assign(variant=name)).page().figures
    drawn = re.findall(r">([^<>]+)</text>", figure["remedy-relevance-in-the-artefact"])
    assert "balanced over sites and" in drawn
    assert "scanners with twice the epochs" in drawn
    assert not any("…" in words for words in drawn)


def test_the_interval_of_a_share_is_drawn_from_0_to_100_percent_at_most(tiles):
    found = tiles.evidence.tables["remedies"].query("measure == 'AUROC'")
    wide = tiles.with_tables(remedies=found.assign(low=-0.9, high=0.9)).page().figures["remedy-auroc"]
    marks = [int(mark) for mark in re.findall(r">(-?\d+) %<", wide.replace("−", "-").replace("\u00a0", " "))]
    assert marks
    assert min(marks) >= 0
    assert max(marks) <= 100


def test_where_one_tissue_gets_worse_that_is_told(tiles):
    rates = [
        ("false positive rate", "gland", "clean", 0.2, 0.1, -0.1, -0.15, -0.05, "share", "lower"),
        ("false positive rate", "stroma", "clean", 0.2, 0.5, 0.3, 0.2, 0.4, "share", "lower"),
    ]
    found = pd.DataFrame(rates, columns=list(tiles.evidence.tables["remedies"]))
    said = part(tiles.with_tables(remedies=found).page().html, "remedies")
    assert "False positive rate (stroma), of 2 the one that changed most: 20.0 % before; 50.0 % with “clean”" in said
    assert "which made it worse" in said


@pytest.mark.long
def test_each_table_and_each_kind_of_claim_may_be_absent(tiles):
    for name in tiles.evidence.tables:
        assert "Question and answer" in tiles.without_table(name).page().html, name
    claims = tiles.evidence.claims
    for name in claims["claim"].unique():
        assert "Question and answer" in tiles.with_claims(claims[claims["claim"] != name]).page().html, name


def test_a_study_without_slides_shows_a_sheet_of_tiles_of_every_class(tiles):
    figures = tiles.without_table("thumbnails").page().figures
    assert len(images(figures["tiles-tumour"])) == len(images(figures["tiles-normal"])) == 12


def test_several_classes_and_no_evidence_at_all_still_give_a_page():
    three = make_tiles(("normal", "benign", "tumour"))
    assert "“normal”, “benign” and “tumour”" in words(three.page().html)
    empty = replace(three, evidence=Evidence(claims_table([]), {}), relevances={})
    assert "There is no evidence yet" in words(empty.page().html)


def test_slides_as_samples_show_the_tile_with_most_relevance(tiles, page):
    x = np.stack([np.asarray(tiles.cohort.x), 255 - np.asarray(tiles.cohort.x)], axis=2)
    axes = (tiles.cohort.axes[0], type(tiles.cohort.axes[0])("tile", ("0", "1")), *tiles.cohort.axes[1:])
    bags = {}
    for fold, own in tiles.relevances["lrp"].items():
        values = np.stack([own["main"].values * 0.1, own["main"].values], axis=1)
        bags[fold] = {"main": replace(own["main"], values=values, axes=axes[1:])}
    made = replace(tiles, cohort=replace(tiles.cohort, x=x, axes=axes), relevances={"lrp": bags})
    shown = picture(images(made.page().figures["gallery-tumour-named-right-surely"])[0])
    before = picture(images(page.figures["gallery-tumour-named-right-surely"])[0])
    assert np.array_equal(shown, 255 - before)
    assert "slides with 2 tiles each" in part(made.page().html, "method")


def test_text_of_the_user_cannot_become_part_of_the_page(tiles):
    hostile = "<script>alert('x')</script>&\"'</svg>"
    samples = tiles.cohort.samples.assign(subject=tiles.cohort.samples["subject"] + hostile, site=hostile)
    tables = {
        name: table.assign(
            **{column: hostile for column in ("measure", "words", "level", "variant", "region") if column in table}
        )
        for name, table in tiles.evidence.tables.items()
    }
    evidence = Evidence(tiles.evidence.claims.assign(method=hostile), tables)
    page = replace(tiles, cohort=replace(tiles.cohort, samples=samples), evidence=evidence).page()
    assert "<script>alert" not in page.html
    assert all("<script" not in figure for figure in page.figures.values())


def test_nothing_is_loaded_from_anywhere_and_equal_evidence_gives_equal_bytes(tiles):
    first, second = tiles.page(), make_tiles().page()
    assert first.html == second.html
    assert not re.search(r"https?://|@import|url\(|fetch\(|<link|<iframe", first.html)
    links = re.findall(r'href="([^"]*)"', first.html)
    inside = ("#", "data:image/png;base64,", "data:image/jpeg;base64,", "../index.html")
    files = ("report.pdf", "pdf-note.txt", "model_card.md", "data_card.md", "figures/", "tables/")
    assert all(link.startswith((*inside, *files)) for link in links)


def test_the_centre_is_held_against_the_models_trained_otherwise(tiles, page):
    row = {"claim": "centre ratio", "group": "clean | lrp", "value": 1.0512}
    html = tiles.with_claims(pd.concat([tiles.evidence.claims, claims_table([row])])).page().html
    assert "Models trained otherwise: 1.05 with “clean”." in part(html, "answer")
    assert "Models trained otherwise" not in part(page.html, "answer")


def test_a_class_whose_heatmaps_could_not_be_grouped_is_named_with_the_reason(tiles):
    refused = pd.DataFrame({"class": ["normal"], "reason": ["all heatmaps are alike"]})
    for made in (tiles, tiles.without_table("spray_points")):
        said = part(made.with_tables(spray_refused=refused).page().html, "spray")
        assert "No groups of “normal” were sought: all heatmaps are alike." in said
