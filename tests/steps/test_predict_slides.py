"""New slides and pictures are judged as the training tiles were, and what cannot be judged is refused in a sentence."""

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
import yaml
from PIL import Image
from scipy.special import softmax

from biox import lrp
from biox.cli import main
from biox.core.errors import InputError
from biox.core.find import checked
from biox.core.store import save_cohort, save_fit
from biox.core.study import Method, Study
from biox.domains.histology.tile_colours import FEATURES, colours_of, likeness
from biox.domains.histology.whole_slide import open_slide
from biox.models import restore
from biox.report.slide_page import slide_page
from biox.steps.fitted import input_of
from biox.steps.ingest import ingest
from biox.steps.predict_files import write_prediction
from biox.steps.predict_slides import predict_slides
from biox.steps.predict_source import new_tiles, wanted
from biox.steps.train import train
from tests.domains.histology.made_slides import tissue_picture, write_slide
from tests.steps.test_bags import slides as bags

GIVEN = {
    "name": "tiny", "title": "Tumour in tiles", "question": "q", "domain": "histology", "label_level": "trial",
    "folds": {"count": 3}, "training": {"epochs": 3}, "model": {"name": "vgg", "widths": [[8], [16]]},
    "data": {"source": "simulated_tiles", "patients": 9, "tiles_each": 24, "tile": 32, "seed": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def study():
    return checked(Study, GIVEN, "tiny")


@pytest.fixture(scope="module")
def cohort(study):
    return ingest(study)


@pytest.fixture(scope="module")
def fits(study, cohort):
    return {fold: train(cohort, study, fold)["main"] for fold in range(3)}


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    """A slide whose inner square is textured tissue; half a micrometre a pixel, so that tiles of 1 um are 64 wide."""
    return write_slide(tmp_path_factory.mktemp("new") / "new one.tif", tissue_picture(640, 640))


@pytest.fixture(scope="module")
def found(study, cohort, fits, slide):
    new, _ = new_tiles(study, cohort, None, slide)
    return predict_slides(study, cohort, fits, "lrp", new)


def test_the_tiles_of_a_new_slide_have_the_size_and_resolution_of_the_training_tiles(found, cohort):
    assert found.new.x.shape[1:] == cohort.x.shape[1:]
    assert set(found.tiles["mpp"]) == {1.0}
    assert set(found.tiles["size"]) == {64}


def test_a_tiles_score_is_the_probability_of_the_mean_logits_over_the_folds(found, fits):
    people = replace(found.new, x=np.asarray(found.new.x[:5]), samples=found.new.samples[:5])
    with torch.no_grad():
        logits = np.mean([restore(fit)(input_of(people, fit)).numpy() for fit in fits.values()], axis=0)
    np.testing.assert_allclose(found.tiles["score"][:5], softmax(logits, axis=1)[:, 1], atol=1e-5)


def test_relevance_is_the_mean_over_the_folds_for_the_positive_class(found, fits):
    people = replace(found.new, x=np.asarray(found.new.x[:4]), samples=found.new.samples[:4])
    target = torch.ones(4, dtype=torch.long)
    each = [
        lrp.relevance(restore(f), input_of(people, f), target, "epsilon-plus").sum(1).numpy() for f in fits.values()
    ]
    np.testing.assert_allclose(found.relevance.values[:4], np.mean(each, axis=0), rtol=1e-3, atol=1e-6)
    assert set(found.relevance.samples["target"]) == {"tumour"}


def test_a_slides_figures_are_means_over_its_tiles(found):
    row = found.slides.iloc[0]
    assert row["tiles"] == len(found.tiles)
    assert row["score"] == pytest.approx(found.tiles["score"].mean())
    assert row["over"] == pytest.approx((found.tiles["score"] > 0.5).mean())
    assert row["place"] == pytest.approx((found.reference["score"] < row["score"]).mean())


def test_the_slides_of_the_cohort_are_judged_by_the_model_that_did_not_see_them(found, cohort, fits):
    own = cohort.samples["slide"] == "patient-004"
    fold = next(fit for fit in fits.values() if (fit.scores["part"][own] == "test").all())
    score = softmax(fold.logits()[own], axis=1)[:, 1]
    row = found.reference[found.reference["slide"] == "patient-004"].iloc[0]
    assert row["score"] == pytest.approx(score.mean())
    assert row["over"] == pytest.approx((score > 0.5).mean())


def test_a_difference_of_classes_is_explained_as_such(study, cohort, fits, slide):
    method = Method(target="tumour - normal")
    new, _ = new_tiles(study, cohort, None, slide)
    new = new.take(np.arange(4))
    found = predict_slides(study.model_copy(update={"methods": {"lrp": method}}), cohort, fits, "lrp", new)
    assert set(found.relevance.samples["target"]) == {"tumour - normal"}
    logits = found.tiles["logit:tumour"] - found.tiles["logit:normal"]
    np.testing.assert_allclose(found.relevance.samples["logit"], logits, atol=1e-4)


def test_a_stain_normalisation_of_the_fits_is_applied_to_new_tiles(study, cohort, slide):
    stained = study.model_copy(update={"prepare": study.prepare.model_copy(update={"name": "reinhard"})})
    fits = {0: train(cohort, stained, 0)["main"]}
    new, _ = new_tiles(study, cohort, None, slide)
    few = new.take(np.arange(3))
    with torch.no_grad():
        eager = replace(few, x=np.asarray(few.x[:]))
        expected = restore(fits[0])(input_of(eager, fits[0])).numpy()
    found = predict_slides(stained, cohort, fits, "lrp", few)
    np.testing.assert_allclose(found.tiles[["logit:normal", "logit:tumour"]], expected, atol=1e-4)


def test_a_slide_of_the_cohorts_own_tissue_lies_within_its_colours_and_a_green_one_outside(cohort):
    known = colours_of(cohort.x, cohort.samples["subject"])
    own = likeness(known[known["who"] == "patient-003"], known[known["who"] != "patient-003"])
    green = np.asarray(cohort.x[:24]).copy()
    green[:, [0, 2]] //= 2
    other = likeness(colours_of(green, cohort.samples["subject"][:24]), known)
    assert not own.outside
    assert other.outside
    assert other.farther == 0
    assert other.unusual > 0.9
    assert own.distance < other.distance
    assert list(other.features["feature"]) == list(FEATURES)


def test_of_two_scanners_the_nearest_patient_is_one_of_the_right_one():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(0, 1, (80, len(FEATURES))), columns=list(FEATURES))
    table["who"] = [f"p{k // 4}" for k in range(80)]
    table.loc[table["who"].isin([f"p{k}" for k in range(10)]), list(FEATURES)] += 50.0
    new = pd.DataFrame(rng.normal(50, 1, (4, len(FEATURES))), columns=list(FEATURES))
    found = likeness(new, table)
    assert int(found.nearest[1:]) < 10
    middle = likeness(new - 25.0, table)
    assert middle.outside  # half-way between two scanners is inside the range of each feature, but like no patient


# --- which files, and what is refused ---


def test_a_picture_is_cut_row_by_row(study, cohort, tmp_path):
    picture = np.random.default_rng(0).integers(0, 255, (70, 100, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "field.png")
    new, files = new_tiles(study, cohort, None, tmp_path / "field.png")
    assert new.x.shape == (6, 3, 32, 32)
    np.testing.assert_array_equal(new.x[4].transpose(1, 2, 0), picture[32:64, 32:64])
    assert files == [tmp_path / "field.png"]
    assert new.samples["sample"].iloc[4] == "field_1_1"


def test_a_folder_of_pictures_and_an_npz_give_the_same_tiles(study, cohort, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (3, 32, 64, 3), dtype=np.uint8)
    for k, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{k}.png")
    np.savez(tmp_path / "all.npz", images=images, image_ids=["0.png", "1.png", "2.png"])
    (tmp_path / "pngs").mkdir()
    for file in tmp_path.glob("*.png"):
        file.rename(tmp_path / "pngs" / file.name)
    a, b = (new_tiles(study, cohort, None, tmp_path / name)[0] for name in ("pngs", "all.npz"))
    np.testing.assert_array_equal(a.x, b.x)
    assert list(a.samples["sample"]) == list(b.samples["sample"])


def test_a_tiff_is_a_slide_where_openslide_says_so_and_else_a_picture(study, cohort, slide, tmp_path):
    tifffile.imwrite(tmp_path / "plain.tif", np.zeros((40, 40, 3), np.uint8))
    assert wanted(study, cohort, None, slide).name == "slides"
    assert wanted(study, cohort, None, tmp_path / "plain.tif").name == "pictures"


def test_new_slides_are_cut_by_the_rules_of_the_training_slides(cohort, tmp_path):
    options = {"folder": "train", "tiles": {"side_px": 32, "mpp": 1.0, "stride": 0.5}, "tissue": {"saturation": 0.1},
               "leave_out": ["pen"], "labels": {"rule": "slide"}, "most": 5, "plant": None}  # fmt: skip
    study = checked(Study, GIVEN | {"data": {"source": "slides", **options}}, "tiny")
    (tmp_path / "one.svs").touch()
    found = wanted(study, cohort, None, tmp_path / "one.svs").options
    kept = {name: options[name] for name in ("tiles", "tissue", "leave_out")}
    assert found == {**kept, "folder": tmp_path / "one.svs"}


def test_a_case_may_say_another_resolution(study, cohort, slide):
    source = {"source": "slides", "folder": slide, "tiles": {"mpp": 0.75}}
    cased = checked(Study, GIVEN | {"predict": {"new": source}}, "tiny")
    new, _ = new_tiles(cased, cohort, "new", None)
    assert set(new.samples["mpp"]) == {0.75}
    assert new.x.shape[2:] == (32, 32)


def test_without_any_resolution_the_way_out_is_named(study, cohort, slide):
    unknown = replace(cohort, samples=cohort.samples.drop(columns="mpp"))
    with pytest.raises(InputError, match=r"Name it as a case: .*tiles: {mpp: 0.5}"):
        new_tiles(study, unknown, None, slide)


def glass(folder: Path) -> Path:
    return write_slide(folder / "glass.tif", np.full((512, 512, 3), 243, np.uint8))


def unmeasured(folder: Path) -> Path:
    return write_slide(folder / "unmeasured.tif", tissue_picture(), mpp=None)


def text(folder: Path) -> Path:
    (folder / "notes.svs").write_text("these are my notes on the slide")
    return folder / "notes.svs"


def cut_off(folder: Path) -> Path:
    file = write_slide(folder / "cut.tif", tissue_picture())
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return file


def small(folder: Path) -> Path:
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(folder / "small.png")
    return folder / "small.png"


def broken(folder: Path) -> Path:
    (folder / "broken.npz").write_bytes(b"PK\x03\x04 not really")
    return folder / "broken.npz"


def empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (glass, "holds no tissue"),
        (unmeasured, "does not say how many micrometres a pixel is wide"),
        (text, "begins with the text 'these are my notes"),
        (cut_off, "cannot be|no slide|no picture|damaged"),
        (small, "20 x 20 pixels, less than a tile of 32 x 32"),
        (broken, "cannot be read; expected a .npz file"),
        (empty, "holds no picture"),
        (lambda folder: folder / "nowhere.svs", "There is no file or folder"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_a_sentence(study, cohort, tmp_path, make, sentence):
    with pytest.raises(InputError, match=sentence):
        new_tiles(study, cohort, None, make(tmp_path))


def test_neither_file_nor_case_or_an_unknown_case_is_refused(study, cohort, slide):
    with pytest.raises(InputError, match="either a file or --case"):
        new_tiles(study, cohort, None, None)
    with pytest.raises(InputError, match="has no case 'x'"):
        new_tiles(study, cohort, "x", None)
    with pytest.raises(InputError, match="either a file or --case"):
        new_tiles(study, cohort, "x", slide)


def test_tiles_of_another_size_are_refused(study, cohort, fits, slide):
    source = {"source": "slides", "folder": slide, "tiles": {"side_px": 48, "mpp": 1.0}}
    cased = checked(Study, GIVEN | {"predict": {"new": source}}, "tiny")
    new, _ = new_tiles(cased, cohort, "new", None)
    with pytest.raises(InputError, match="3 x 48 x 48 values, but the models learnt from 3 x 32 x 32"):
        predict_slides(study, cohort, fits, "lrp", new)


def test_a_slide_that_is_one_bag_gets_one_score_and_a_heatmap_of_its_tiles(slide, tmp_path):
    cohort, _ = bags(30)
    data = {"source": "slides", "folder": "training", "bag": 4, "tiles": {"side_px": 16, "mpp": 1.0}}
    model = {"name": "attention_mil", "hidden": 8, "encoder": "vgg", "arguments": {"widths": [[8], [16]], "hidden": []}}
    study = checked(Study, GIVEN | {"label_level": "subject", "data": data, "model": model}, "tiny")
    fits = {fold: train(cohort, study, fold)["main"] for fold in range(3)}
    new, _ = new_tiles(study, cohort, None, slide)
    assert new.x.shape == (1, 3, 4, 16, 16)
    found = predict_slides(study, cohort, fits, "lrp", new)
    assert found.relevance.values.shape == (1, 4, 16, 16)
    assert found.slides["score"].iloc[0] == pytest.approx(found.tiles["score"].iloc[0])
    listing = write_prediction(found, tmp_path)
    values = tifffile.imread(tmp_path / "heatmaps/new-one-values.ome.tif")
    assert np.isfinite(values).sum() == 4 * 16 * 16
    assert np.nansum(values) == pytest.approx(found.relevance.values.sum(), rel=1e-3)
    page = slide_page(study, found, listing, "viewer", {}).html
    assert "The models give new one a probability of" in unescape(page)


# --- the whole command ---


@pytest.fixture(scope="module")
def done(tmp_path_factory, study, cohort, fits, slide):
    """The command run on a slide and on a folder of pictures, in a folder where the study has been trained."""
    here = tmp_path_factory.mktemp("predict")
    (here / "config").mkdir()
    (here / "config/tiny.yaml").write_text(yaml.safe_dump(GIVEN))
    save_cohort(cohort, here / "results/tiny/cohort")
    for fold, fit in fits.items():
        save_fit(fit, here / f"results/tiny/fold-{fold}/fit/main")
    (here / "pictures").mkdir()
    for k in range(3):
        Image.fromarray(np.asarray(cohort.x[k]).transpose(1, 2, 0)).save(here / f"pictures/{k}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        assert main(["predict", "tiny", str(slide), "--out", "out/slide"]) == 0
        assert main(["predict", "tiny", "pictures", "--out", "out/pictures", "--page", "pages/pictures.html"]) == 0
    return here


def test_the_command_writes_scores_heatmaps_and_a_page_with_its_viewer(done, found):
    out = done / "out/slide"
    scores = pd.read_csv(out / "scores.csv")
    np.testing.assert_allclose(scores["score"], found.tiles["score"], atol=1e-5)
    assert {file.name for file in (out / "heatmaps").iterdir()} == {
        "viewer", "new-one.ome.tif", "new-one-values.ome.tif", "new-one.png", "new-one.geojson"
    }  # fmt: skip
    assert (out / "slides.csv").exists()
    assert json.loads((out / "provenance.json").read_text())["step"] == "predict"
    page = (out / "report.html").read_text()
    listing = json.loads((out / "report-viewer/viewer.json").read_text())
    folder = listing["slides"][0]["picture"]["folder"]
    assert list((out / "report-viewer" / listing["slides"][0]["folder"] / folder).glob("*.jpg"))
    assert '"folder":"report-viewer"' in page
    assert "not a diagnosis" in page


def test_pixels_of_the_heatmap_hold_the_relevance_of_the_tile_at_that_place(done, found, slide):
    values = tifffile.imread(done / "out/slide/heatmaps/new-one-values.ome.tif")
    size = open_slide(slide).size
    assert values.shape == (size[1] // 2, size[0] // 2)  # 1 um a pixel on a slide of 0.5
    tile = found.tiles.iloc[7]
    x, y = int(tile["x"]) // 2, int(tile["y"]) // 2
    np.testing.assert_allclose(values[y : y + 32, x : x + 32], found.relevance.values[7], rtol=1e-4, atol=1e-7)


def test_pictures_get_scores_and_a_gallery_but_no_heatmap_files(done, cohort):
    assert not (done / "out/pictures/heatmaps").exists()
    assert not (done / "pages/pictures-viewer").exists()
    page = (done / "pages/pictures.html").read_text()
    assert len(re.findall(r"data:image/png", page)) >= 6
    assert (done / "pages/pictures-figures").is_dir()
    assert len(pd.read_csv(done / "out/pictures/scores.csv")) == 3


def test_another_variants_models_judge_where_they_are_asked_for(done, cohort, study, slide, monkeypatch, capsys):
    monkeypatch.chdir(done)
    longer = study.model_copy(update={"training": study.training.model_copy(update={"epochs": 4})})
    for fold in range(3):
        save_fit(
            replace(train(cohort, longer, fold)["main"], variant="longer"),
            done / f"results/tiny/fold-{fold}/fit/longer",
        )
    assert main(["predict", "tiny", str(slide), "--variant", "longer", "--out", "out/longer"]) == 0
    first, other = (pd.read_csv(done / f"out/{name}/scores.csv")["score"] for name in ("slide", "longer"))
    assert not np.allclose(first, other)
    assert "variant “longer”" in (done / "out/longer/report.html").read_text()
    assert main(["predict", "tiny", str(slide), "--variant", "short", "--out", "out/short"]) == 2
    assert "has no model 'short'; it has 'longer', 'main'" in capsys.readouterr().err


def test_a_folder_of_others_beside_the_page_is_not_overwritten(done, slide, monkeypatch, capsys):
    monkeypatch.chdir(done)
    (done / "mine-viewer").mkdir()
    (done / "mine-viewer/thesis.txt").write_text("years of work")
    assert main(["predict", "tiny", str(slide), "--out", "out/mine", "--page", "mine.html"]) == 2
    assert "another name" in capsys.readouterr().err
    assert (done / "mine-viewer/thesis.txt").exists()


def test_a_refused_slide_leaves_nothing_behind_and_exit_code_2(done, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(done)
    assert main(["predict", "tiny", str(glass(tmp_path)), "--out", "out/glass"]) == 2
    assert "holds no tissue" in capsys.readouterr().err
    assert not (done / "out/glass").exists()


def test_the_positive_class_of_the_study_is_that_of_its_predictions(study, cohort, fits):
    """With the first class as the positive one, every probability is the other one's complement."""
    first = checked(Study, GIVEN | {"validate": {"positive": cohort.classes[0]}}, "tiny")
    new = cohort.take(np.arange(8))
    one, other = (predict_slides(s, cohort, fits, "lrp", new) for s in (study, first))
    assert (one.positive, other.positive) == (cohort.classes[1], cohort.classes[0])
    np.testing.assert_allclose(one.tiles["score"] + other.tiles["score"], 1, atol=1e-9)
    np.testing.assert_allclose(one.reference["score"] + other.reference["score"], 1, atol=1e-9)
    assert set(one.relevance.samples["target"]) == {cohort.classes[1]}
    assert set(other.relevance.samples["target"]) == {cohort.classes[0]}
