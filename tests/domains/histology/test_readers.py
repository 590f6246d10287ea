import re
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from biox.core.errors import InputError
from biox.core.find import bind, find, known
from biox.core.raw_files import paths_in
from biox.core.store import load_cohort, save_cohort
from biox.core.types import Cohort
from biox.domains.histology.image_masks import ImageMasks, image_masks
from biox.domains.histology.masked_tiles import MaskedTiles
from biox.domains.histology.slide_settings import Slides
from biox.domains.histology.slides import slides
from biox.domains.histology.tile_folder import TileFolder, tile_folder

from .made_slides import square, tissue_picture, write_geojson, write_slide

TILES = {"side_px": 32, "mpp": 0.5}
TISSUE = {"mpp": 2.0, "smallest_um2": 1000}  # the test slides are 128 um wide
SHEET = "slide,patient,label,site,age\na,007,tumour,north,61\nb,007,tumour,north,61\nc,012,normal,south,70\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three slides whose left half of the tissue is annotated as tumour, and a sheet."""
    here = tmp_path_factory.mktemp("slides")
    (here / "drawn").mkdir()
    for seed, name in enumerate("abc"):
        write_slide(here / f"{name}.tif", tissue_picture(256, 256, seed))
        write_geojson(here / "drawn" / f"{name}.geojson", [("tumour", [square(0, 0, 128, 256)])])
    (here / "sheet.csv").write_text(SHEET)
    return here


def read(folder, **settings) -> Cohort:
    return slides(Slides.model_validate({"folder": folder, "tiles": TILES, "tissue": TISSUE} | settings))


def test_the_readers_are_found_by_their_names():
    assert {"slides", "tile_folder", "image_masks"} <= set(known("biox.domains.histology"))
    bound = bind(find("biox.domains.histology", "slides"), {"folder": "x", "tiles": {"side_um": 64}}, "study")
    assert bound["settings"].tiles.side == 128
    with pytest.raises(InputError, match=r"unknown key 'tiles\.sides'"):
        bind(find("biox.domains.histology", "slides"), {"folder": "x", "tiles": {"sides": 64}}, "study")


def test_every_example_of_the_page_on_formats_fits_its_reader():
    page = (Path(__file__).parents[3] / "docs" / "data-formats.md").read_text(encoding="utf-8")
    page = page.split("# Histology")[1].split("# Proteomics")[0]
    blocks = re.findall(r"^    data:\n(?:      .*\n)+", page, flags=re.MULTILINE)
    sources = [yaml.safe_load(textwrap.dedent(block))["data"] for block in blocks]
    assert [one.pop("source") for one in sources] == ["slides", "tile_folder", "image_masks"]
    for name, options in zip(("slides", "tile_folder", "image_masks"), sources, strict=True):
        bind(find("biox.domains.histology", name), options, "docs")
    assert Slides.model_validate(sources[0]).tiles.side == 224


def test_annotated_slides_become_labelled_tiles_with_their_place(folder):
    cohort = read(folder, annotations=folder / "drawn")
    table = cohort.samples
    assert cohort.x.shape == (3 * 16, 3, 32, 32)
    assert cohort.classes == ("other", "tumour")
    assert (table["label"] == np.where(table["x"] < 128, "tumour", "other")).all()
    assert table["sample"].is_unique
    first = table.iloc[0]
    picture = tissue_picture(256, 256, 0)[first["y"] : first["y"] + 32, first["x"] : first["x"] + 32]
    assert np.array_equal(cohort.x[0], picture.transpose(2, 0, 1))
    needed = {"subject", "slide", "site", "x", "y", "size", "mpp", "tissue", "flags", "flag_pen", "centre_label"}
    assert needed <= set(table)
    assert cohort.bounds == (0.0, 255.0)
    assert [axis.name for axis in cohort.axes] == ["colour", "y", "x"]


def test_the_centre_rule_and_the_share_rule_differ_where_the_outline_cuts_a_tile(folder, tmp_path):
    for name in "abc":
        write_geojson(tmp_path / f"{name}.geojson", [("tumour", [square(0, 0, 140, 256)])])
    share = read(folder, annotations=tmp_path, labels={"rule": "share", "at_least": 0.3})
    centre = read(folder, annotations=tmp_path, labels={"rule": "centre"})
    cut = share.samples["x"] == 128  # 12 of its 32 pixels are drawn on
    assert set(share.samples["label"][cut]) == {"tumour"}
    assert set(centre.samples["label"][cut]) == {"other"}
    assert share.samples["centre_label"].equals(centre.samples["label"].rename("centre_label"))
    assert share.samples["share:tumour"][cut].tolist() == pytest.approx([12 / 32] * 12)
    left = read(folder, annotations=tmp_path, labels={"rule": "share", "at_least": 0.5, "between": "leave out"})
    assert not (left.samples["x"] == 128).any()


def test_the_sheet_gives_patients_labels_and_covariates(folder):
    table = read(folder, sheet=folder / "sheet.csv").samples
    assert set(table["subject"]) == {"007", "012"}
    assert set(table.loc[table["slide"] == "c", "label"]) == {"normal"}
    assert set(table["site"]) == {"north", "south"}
    assert set(table["age"]) == {61, 70}


def test_the_files_of_a_study_are_those_its_sheet_names_and_not_what_else_lies_there(folder):
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results" / "own-output.tif").write_text("written by the study itself")
    named = [folder / name for name in ("sheet.csv", "a.tif", "b.tif", "c.tif")]
    assert paths_in(Slides(sheet=folder / "sheet.csv")) == named
    drawn = [folder / "drawn" / f"{name}.geojson" for name in "abc"]
    assert paths_in(Slides(sheet=folder / "sheet.csv", annotations=folder / "drawn")) == named + drawn
    assert paths_in(Slides(folder=folder)) == named[1:]


def test_a_slide_in_several_files_counts_with_all_of_them(tmp_path):
    for name in ("m.mrxs", "v.vms", "v(0,0).jpg", "other.jpg"):
        (tmp_path / name).write_text("")
    (tmp_path / "m").mkdir()
    expected = [tmp_path / name for name in ("m.mrxs", "m", "v.vms", "v(0,0).jpg")]
    assert paths_in(Slides(folder=tmp_path)) == expected


def test_files_that_are_not_there_yet_are_named_by_their_folder(tmp_path, folder):
    assert paths_in(Slides(sheet=tmp_path / "later.csv")) == [tmp_path / "later.csv", tmp_path]
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("slide,patient,file\na,1,a.tif\nb,2,gone.tif\n")
    assert paths_in(Slides(sheet=sheet, folder=folder))[-1] == folder / "gone.tif"  # so that `check` can miss it
    assert paths_in(Slides(sheet=sheet, folder=folder, skip_unreadable=True)) == [sheet, folder / "a.tif"]


def test_slides_whose_patients_nobody_knows_say_so(folder):
    assert read(folder).notes == ("Patients are not known: a subject is a slide",)
    assert read(folder, sheet=folder / "sheet.csv").notes == ()


def test_a_class_that_a_slide_lacks_covers_none_of_it(folder, tmp_path):
    for name, drawn in (("a", "tumour"), ("b", "necrosis"), ("c", "tumour")):
        write_geojson(tmp_path / f"{name}.geojson", [(drawn, [square(0, 0, 256, 256)])])
    table = read(folder, annotations=tmp_path).samples
    assert table.groupby("slide")["share:necrosis"].mean().tolist() == [0.0, 1.0, 0.0]


def test_without_a_sheet_or_annotations_tiles_are_unlabelled(folder):
    cohort = read(folder)
    assert cohort.classes == ("unlabelled",)
    assert set(cohort.samples["subject"]) == {"a", "b", "c"}


def test_one_slide_can_be_named_instead_of_a_folder(folder):
    assert set(read(folder / "b.tif").samples["slide"]) == {"b"}


@pytest.mark.slow
def test_several_processes_give_the_same_cohort_and_the_same_reasons(folder, tmp_path):
    one, two = (read(folder, annotations=folder / "drawn", workers=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one.samples, two.samples)
    for name in ("a.tif", "b.svs"):
        (tmp_path / name).write_text("no slide")
    with pytest.raises(
        InputError, match=r"2 of 2 slides cannot be used:\n.*a\.tif is no slide.*\n.*b\.svs is no slide"
    ):
        read(tmp_path, workers=2)


def test_bags_hold_a_fixed_number_of_tiles_of_each_slide(folder):
    cohort = read(folder, sheet=folder / "sheet.csv", bag=20)
    assert cohort.x.shape == (3, 3, 20, 32, 32)
    assert [axis.name for axis in cohort.axes] == ["colour", "tile", "y", "x"]
    assert cohort.samples["slide"].tolist() == ["a", "b", "c"]
    own = cohort.x.tiles["slide"].to_numpy()[cohort.x.bags]
    assert (own == np.array([["a"], ["b"], ["c"]])).all()
    assert all(len(set(bag)) == 16 for bag in cohort.x.bags)  # each of the 16 tiles, four of them twice


def test_a_bag_has_the_label_of_its_slide_and_not_that_of_its_first_tile(folder):
    with pytest.raises(InputError, match=r"label is that of its slide, not by 'share'.* `labels: \{rule: slide\}`"):
        read(folder, sheet=folder / "sheet.csv", annotations=folder / "drawn", bag=4, labels={"classes": ["tumour"]})
    labels = {"rule": "slide", "other": "normal"}
    cohort = read(folder, sheet=folder / "sheet.csv", annotations=folder / "drawn", bag=4, labels=labels)
    assert cohort.samples.set_index("slide")["label"].to_dict() == {"a": "tumour", "b": "tumour", "c": "normal"}


def test_kept_bags_still_know_where_their_tiles_lie(folder, tmp_path):
    lazy, kept = (read(folder, sheet=folder / "sheet.csv", bag=4, cache=cache) for cache in (False, True))
    save_cohort(kept, tmp_path / "kept")
    again = load_cohort(tmp_path / "kept").x
    assert np.array_equal(again[:], lazy.x[:])
    assert not (tmp_path / "kept" / "pixels.json").exists()  # nothing points to the slides any more
    some = again.subset(np.array([2, 0]))
    assert np.array_equal(some[np.array([1])], lazy.x[np.array([0])])
    place = ["slide", "x", "y"]
    pd.testing.assert_frame_equal(
        some.tiles[place].iloc[some.bags[0]], lazy.x.tiles[place].iloc[lazy.x.bags[2]], check_index_type=False
    )


def test_a_kept_copy_and_the_slides_themselves_give_the_same_cohort(folder, tmp_path):
    lazy, kept = (read(folder, annotations=folder / "drawn", cache=cache) for cache in (False, True))
    for name, cohort in (("lazy", lazy), ("kept", kept)):
        save_cohort(cohort, tmp_path / name)
    assert not (tmp_path / "lazy" / "x.zarr").exists()
    assert (tmp_path / "kept" / "x.zarr").exists()
    first, second = (load_cohort(tmp_path / name) for name in ("lazy", "kept"))
    assert np.array_equal(first.x[:], second.x[:])
    pd.testing.assert_frame_equal(first.samples, second.samples)


def test_at_most_so_many_tiles_are_drawn_the_same_for_the_same_seed(folder):
    few, again, other = (read(folder, most=5, seed=seed).samples for seed in (0, 0, 1))
    assert few["slide"].value_counts().tolist() == [5, 5, 5]
    assert few["sample"].tolist() == again["sample"].tolist()
    assert few["sample"].tolist() != other["sample"].tolist()


def test_tiles_with_a_flag_can_be_left_out(tmp_path):
    picture = tissue_picture(256, 256)
    picture[96:120, 64:192] = (20, 120, 60)  # three quarters of a row of tiles
    write_slide(tmp_path / "a.tif", picture)
    every = read(tmp_path, tiles=TILES | {"tissue": 0.0}).samples
    clean = read(tmp_path, tiles=TILES | {"tissue": 0.0}, leave_out=["pen"]).samples
    assert every["flag_pen"].any()
    assert not clean["flag_pen"].any()
    assert len(clean) == (~every["flag_pen"]).sum()
    notes = read(tmp_path, tiles=TILES | {"tissue": 0.0}, leave_out=["pen"]).notes
    assert notes[0] == f"a: {len(every) - len(clean)} of {len(every)} tiles left out by flags"
    with pytest.raises(ValueError, match="the flags are blur, pen"):
        Slides(folder=tmp_path, leave_out=("dust",))


def test_an_artefact_can_be_planted_on_slides_of_which_a_copy_is_kept(folder, tmp_path):
    plant = {"artefact": "corner", "label": "tumour"}
    cohort = read(folder, annotations=folder / "drawn", plant=plant, cache=True)
    save_cohort(cohort, tmp_path / "kept")
    again = load_cohort(tmp_path / "kept")
    assert np.array_equal(again.x[:], cohort.x[:])
    assert np.array_equal(again.x.view("clean")[:], cohort.x.view("clean")[:])


def test_an_artefact_can_be_planted_on_slides(folder):
    cohort = read(folder, annotations=folder / "drawn", plant={"artefact": "corner", "label": "tumour"})
    assert cohort.samples["planted"].equals((cohort.samples["label"] == "tumour").rename("planted"))
    clean = cohort.x.view("clean")[:]
    changed = (cohort.x[:] != clean).any(axis=(1, 2, 3))
    assert np.array_equal(changed, cohort.samples["planted"].to_numpy())


# ---- folders of tiles


@pytest.fixture
def pictures(tmp_path):
    for label, shade in (("benign", 200), ("tumour", 90)):
        (tmp_path / label).mkdir()
        for number in range(3):
            Image.fromarray(np.full((16, 24, 3), shade + number, np.uint8)).save(tmp_path / label / f"p{number}_x.png")
    return tmp_path


def test_one_folder_is_one_class(pictures):
    cohort = tile_folder(TileFolder(folder=pictures, patient=r"(p\d)_"))
    assert cohort.x.shape == (6, 3, 16, 24)
    assert cohort.classes == ("benign", "tumour")
    assert cohort.samples["subject"].tolist() == ["p0", "p1", "p2"] * 2
    assert cohort.x[:][:, 0, 0, 0].tolist() == [200, 201, 202, 90, 91, 92]


def test_a_manifest_says_label_patient_and_site(pictures):
    manifest = pictures / "tiles.csv"
    manifest.write_text("file;label;patient;site;age\ntumour/p1_x.png;T;007;A;50\nbenign/p0_x.png;B;008;B;60\n")
    cohort = tile_folder(TileFolder(folder=pictures, manifest=manifest, mpp=1.0))
    assert cohort.samples[["label", "subject", "site"]].to_numpy().tolist() == [["T", "007", "A"], ["B", "008", "B"]]
    assert cohort.x[:][:, 0, 0, 0].tolist() == [91, 200]
    assert "flag_blur" in cohort.samples
    assert cohort.notes == ()


def test_tiles_without_patients_say_so(pictures):
    cohort = tile_folder(TileFolder(folder=pictures))
    assert cohort.samples["subject"].is_unique
    assert cohort.notes == ("Patients are not known: a subject is a tile",)
    (pictures / "tiles.csv").write_text("file,label\ntumour/p1_x.png,T\nbenign/p0_x.png,B\n")
    assert tile_folder(TileFolder(folder=pictures, manifest=pictures / "tiles.csv")).notes == cohort.notes


def test_the_files_of_tiles_are_the_pictures_or_those_of_the_manifest(pictures):
    (pictures / "results").mkdir()
    (pictures / "results" / "page.html").write_text("written by the study itself")
    every = [pictures / label / f"p{number}_x.png" for label in ("benign", "tumour") for number in range(3)]
    assert paths_in(TileFolder(folder=pictures)) == every
    manifest = pictures / "tiles.csv"
    manifest.write_text("file,label\ntumour/p1_x.png,T\nbenign/p0_x.png,B\n")
    assert paths_in(TileFolder(folder=pictures, manifest=manifest)) == [manifest, every[4], every[0]]


@pytest.mark.parametrize("plant", [None, {"artefact": "corner", "label": "tumour", "share": 0.5}])
def test_kept_tiles_give_the_same_cohort_again_with_and_without_a_planted_bias(pictures, tmp_path, plant):
    made = tile_folder(TileFolder.model_validate({"folder": pictures, "cache": True, "plant": plant}))
    save_cohort(made, tmp_path / "out")
    expected = made.x[:]
    for file in pictures.glob("*/*.png"):
        file.unlink()
    assert np.array_equal(load_cohort(tmp_path / "out").x[:], expected)


# ---- fields with masks


@pytest.fixture
def fields(tmp_path):
    rng = np.random.default_rng(0)
    masks = np.zeros((2, 40, 48), np.int32)
    masks[0, 2:10, 2:10] = 1  # a whole nucleus in the first tile
    masks[0, 0:1, 16:19] = 2  # no more than the edge of one in the second
    file = tmp_path / "fields.npz"
    images = rng.integers(0, 255, (2, 40, 48, 3)).astype(np.uint8)
    np.savez(file, images=images, instance_masks=masks, image_ids=["i1", "i2"], stain_group=["pink", "blue"])
    return file


def test_fields_become_tiles_labelled_by_their_masks(fields):
    cohort = image_masks(ImageMasks(file=fields, tile=16))
    table = cohort.samples
    assert isinstance(cohort.x, MaskedTiles)
    assert cohort.x.shape == (2 * 6 - 1, 3, 16, 16)  # the tile with 1 % of a nucleus is left out
    assert table["label"].tolist() == ["nucleus"] + ["none"] * 10
    assert cohort.x.masks[0, 2:10, 2:10].all()
    assert cohort.x.masks.sum() == 64
    assert set(table["subject"]) == {"i1", "i2"}
    assert table["stain_group"].tolist() == ["pink"] * 5 + ["blue"] * 6
    with np.load(fields) as arrays:
        assert np.array_equal(cohort.x[1], arrays["images"][0, :16, 32:48].transpose(2, 0, 1))
    assert cohort.notes == (
        "1 of 12 tiles with no more than the cut edge of an object were left out",
        "8 rows and 0 columns of pixels of each image fill no tile",
        "Patients are not known: a subject is an image",
    )


def test_covariates_come_from_the_index(fields, tmp_path):
    index = tmp_path / "index.csv"
    index.write_text("image_id,stain,nuclei\ni2,blue,3\ni1,pink,7\n")
    table = image_masks(ImageMasks(file=fields, index=index, tile=16)).samples
    assert table.groupby("subject")["nuclei"].first().to_dict() == {"i1": 7, "i2": 3}
    assert "stain" not in table  # it only repeats stain_group


def test_the_real_fields_give_the_tiles_that_were_counted(shared_data):
    folder = shared_data / "nuclei-dsb2018"
    settings = ImageMasks(file=folder / "dsb2018_stage1_colour107.npz", index=folder / "index.csv")
    cohort = image_masks(settings)
    assert cohort.samples["label"].value_counts().to_dict() == {"nucleus": 1692, "none": 356}
    assert cohort.samples["subject"].nunique() == 107
    assert np.allclose(cohort.x.masks.mean(axis=(1, 2)), cohort.samples["covered"])
