"""What a laboratory may hand over by mistake: each ends in a sentence that names the file, and none in a traceback."""

import numpy as np
import pytest
from PIL import Image

from biox.core.errors import InputError
from biox.domains.histology.image_masks import ImageMasks, image_masks
from biox.domains.histology.slide_settings import Slides
from biox.domains.histology.slides import slides
from biox.domains.histology.tile_folder import TileFolder, tile_folder
from biox.domains.histology.whole_slide import open_slide

from .made_slides import GLASS, square, tissue_picture, write_geojson, write_slide

TILES = {"side_px": 32, "mpp": 0.5}
TISSUE = {"mpp": 2.0, "smallest_um2": 1000}  # the test slides are 128 um wide


def read(folder, **settings):
    return slides(Slides.model_validate({"folder": folder, "tiles": TILES, "tissue": TISSUE} | settings))


@pytest.fixture
def good(tmp_path):
    """A folder with one good slide."""
    write_slide(tmp_path / "good.tif", tissue_picture(256, 256))
    return tmp_path


def blanked(file, part: float) -> None:
    """Overwrite a file's bytes with zeros from the given part on to the middle, as a broken copy does."""
    content = bytearray(file.read_bytes())
    content[int(part * len(content)) : len(content) // 2] = bytes(len(content) // 2 - int(part * len(content)))
    file.write_bytes(content)


def refusal(folder, **settings) -> str:
    with pytest.raises(InputError) as error:
        read(folder, **settings)
    return str(error.value)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_svs_is_refused(shared_data, tmp_path, share):
    whole = (shared_data / "slides" / "CMU-1-Small-Region.svs").read_bytes()
    (tmp_path / "cut.svs").write_bytes(whole[: int(share * len(whole))])
    message = refusal(tmp_path)
    assert "1 of 1 slides cannot be used" in message
    assert "cut.svs is no slide that OpenSlide can open" in message
    assert "skip_unreadable" in message


def test_a_slide_that_opens_but_is_damaged_inside_is_found_before_training(good):
    write_slide(good / "hurt.tif", tissue_picture(256, 256, seed=1), levels=1)
    blanked(good / "hurt.tif", 0.1)
    assert open_slide(good / "hurt.tif").size == (256, 256)  # OpenSlide notices nothing yet
    message = refusal(good)
    assert "hurt.tif cannot be read at x" in message
    assert "copy it again" in message


def test_a_slide_whose_fine_level_alone_is_damaged_is_found_too(good):
    # The thumbnail comes from the small level, which is whole; the tiles do not.
    file = write_slide(good / "hurt.tif", tissue_picture(512, 512, seed=1), levels=3, down=4)
    content = bytearray(file.read_bytes())
    content[2000:60_000] = bytes(58_000)
    file.write_bytes(content)
    message = refusal(good, tissue={"mpp": 8.0})
    assert "hurt.tif cannot be read at x" in message
    assert "(level 0)" in message


def test_a_text_file_called_svs_is_refused_and_quoted(tmp_path):
    (tmp_path / "notes.svs").write_text("Dear colleague, please find the slide attached.")
    assert "it begins with the text 'Dear colleague, please find the slide at'" in refusal(tmp_path)


def test_every_unreadable_slide_is_listed_with_its_reason(good):
    (good / "text.svs").write_text("not a slide")
    write_slide(good / "empty.tif", np.full((256, 256, 3), GLASS, np.uint8))
    write_slide(good / "unscaled.tif", tissue_picture(256, 256), mpp=None)
    message = refusal(good)
    assert "3 of 4 slides cannot be used" in message
    assert "empty.tif holds no tissue" in message
    assert "text.svs is no slide" in message
    assert "unscaled.tif does not say how many micrometres a pixel is wide" in message


def test_unreadable_slides_are_left_out_with_a_note_if_the_study_says_so(good):
    (good / "text.svs").write_text("not a slide")
    cohort = read(good, skip_unreadable=True)
    assert set(cohort.samples["slide"]) == {"good"}
    assert cohort.notes[0].startswith("left out a slide: ")
    assert "text.svs" in cohort.notes[0]


def test_no_slide_left_is_refused_even_then(tmp_path):
    (tmp_path / "text.svs").write_text("not a slide")
    assert "None of the 1 slides gives a tile" in refusal(tmp_path, skip_unreadable=True)


def test_a_slide_without_resolution_is_read_with_that_of_the_settings_or_the_sheet(tmp_path):
    write_slide(tmp_path / "a.tif", tissue_picture(256, 256), mpp=None)
    assert "set `data.mpp`" in refusal(tmp_path)
    assert set(read(tmp_path, mpp=0.5).samples["mpp"]) == {0.5}
    (tmp_path / "sheet.csv").write_text("slide,patient,mpp\na,1,0.5\n")
    assert set(read(tmp_path, sheet=tmp_path / "sheet.csv").samples["mpp"]) == {0.5}


def test_a_resolution_of_a_screen_is_refused(tmp_path):
    write_slide(tmp_path / "a.tif", tissue_picture(256, 256), mpp=1e4 / 28.35)  # 72 dots per inch
    message = refusal(tmp_path)
    assert "says that a pixel is 352.7" in message
    assert "slides have 0.05 to 20" in message
    assert set(read(tmp_path, mpp=0.5).samples["mpp"]) == {0.5}


def test_an_annotation_outside_its_slide_stops_the_run_even_if_slides_may_be_skipped(good):
    (good / "drawn").mkdir()
    write_geojson(good / "drawn" / "good.geojson", [("tumour", [square(5000, 5000, 6000, 6000)])])
    message = refusal(good, annotations=good / "drawn", skip_unreadable=True)
    assert "annotation 1 ('tumour') lies wholly outside" in message


def test_a_self_crossing_annotation_is_repaired_and_noted(good):
    (good / "drawn").mkdir()
    bow_tie = [[0, 0], [256, 256], [256, 0], [0, 256], [0, 0]]
    write_geojson(good / "drawn" / "good.geojson", [("tumour", [bow_tie])])
    cohort = read(good, annotations=good / "drawn")
    assert "annotation 1 ('tumour') was repaired" in cohort.notes[0]
    assert set(cohort.samples["label"]) == {"tumour", "other"}


def test_slides_without_annotations_are_refused_or_hold_nothing_but_other(good):
    (good / "drawn").mkdir()
    write_slide(good / "bare.tif", tissue_picture(256, 256, seed=2))
    write_geojson(good / "drawn" / "good.geojson", [("tumour", [square(0, 0, 256, 256)])])
    assert "1 slides have no annotations: bare" in refusal(good, annotations=good / "drawn")
    cohort = read(good, annotations=good / "drawn", labels={"unannotated": "other"})
    assert set(cohort.samples.loc[cohort.samples["slide"] == "bare", "label"]) == {"other"}


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("slide,label\ngood,a\n", "missing column 'patient'"),
        ("slide,patient\n", "no rows"),
        ("slide,patient\ngood,1\ngood,2\n", "row 3: 'good' stands in column 'slide' twice"),
        ("slide,patient\nother,1\n", "slide 'other' has 0 files"),
        ("slide,patient\ngood,\n", "row 2: column 'patient' is empty"),
        ("slide,patient,label\ngood,1,\n", "row 2: the label is empty"),
        ("slide,patient,mpp\ngood,1,half\n", "row 2: column 'mpp' holds 'half'"),
        ("slide,patient,file\ngood,1,gone.svs\n", "There is no file"),
        ("", "is empty; expected a CSV table"),
    ],
)
def test_a_faulty_sheet_is_refused_with_its_row(good, sheet, message):
    (good / "sheet.csv").write_text(sheet)
    assert message in refusal(good, sheet=good / "sheet.csv")


def test_an_empty_folder_and_no_folder_are_refused(tmp_path):
    assert "holds no slide" in refusal(tmp_path)
    assert "There is no folder" in refusal(tmp_path / "none")
    with pytest.raises(InputError, match="Name a folder of slides"):
        slides(Slides())


def test_tiles_that_are_too_large_or_too_fine_for_the_slides_are_refused(good):
    assert "gives no tile" in refusal(good, tiles={"side_px": 512, "mpp": 0.5})
    assert "cannot be read at 0.1" in refusal(good, tiles={"side_px": 32, "mpp": 0.1})


def test_labels_by_slide_need_a_sheet_that_has_them(good):
    assert "need a sheet with a column 'label'" in refusal(good, labels={"rule": "slide"})


# ---- tiles and fields


def test_tiles_of_two_sizes_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    for name, side in (("1.png", 16), ("2.png", 17)):
        Image.fromarray(np.zeros((side, 16, 3), np.uint8)).save(tmp_path / "a" / name)
    with pytest.raises(InputError, match=r"2\.png has 16 x 17 pixels, but .*1\.png has 16 x 16"):
        tile_folder(TileFolder(folder=tmp_path))


def test_a_cut_off_tile_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    file = tmp_path / "a" / "1.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)).save(file)
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"1\.png is damaged"):
        tile_folder(TileFolder(folder=tmp_path))
    file.write_text("hello")
    with pytest.raises(InputError, match=r"1\.png is no picture"):
        tile_folder(TileFolder(folder=tmp_path))


def test_a_manifest_that_names_a_missing_tile_is_refused(tmp_path):
    (tmp_path / "tiles.csv").write_text("file,label\nnone.png,a\n")
    with pytest.raises(InputError, match=r"There is no file .*none\.png"):
        tile_folder(TileFolder(folder=tmp_path, manifest=tmp_path / "tiles.csv"))


def test_a_folder_without_tiles_and_a_name_without_a_patient_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no folder with tiles"):
        tile_folder(TileFolder(folder=tmp_path))
    (tmp_path / "a").mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a" / "1.png")
    with pytest.raises(InputError, match="does not fit the pattern"):
        tile_folder(TileFolder(folder=tmp_path, patient=r"(P\d+)_"))
    with pytest.raises(ValueError, match="needs a group"):
        TileFolder(folder=tmp_path, patient="P")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": None}, "lacks the arrays 'images'"),
        ({"images": np.zeros((2, 16, 16, 3))}, "of uint8"),
        ({"instance_masks": np.zeros((2, 8, 8))}, "need as many masks"),
        ({"image_ids": np.array(["i", "i"])}, "1 different of 2 ids"),
        ({"images": np.zeros((2, 8, 8, 3), np.uint8), "instance_masks": np.zeros((2, 8, 8))}, "smaller than a tile"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(tmp_path, change, message):
    arrays = {
        "images": np.zeros((2, 16, 16, 3), np.uint8),
        "instance_masks": np.zeros((2, 16, 16)),
        "image_ids": np.array(["i", "j"]),
    }
    np.savez(tmp_path / "a.npz", **{k: v for k, v in (arrays | change).items() if v is not None})
    with pytest.raises(InputError, match=message):
        image_masks(ImageMasks(file=tmp_path / "a.npz", tile=16))


def test_an_archive_that_is_none_and_an_index_without_an_image_are_refused(tmp_path):
    (tmp_path / "a.npz").write_text("hello")
    with pytest.raises(InputError, match="does not begin like arrays of numpy"):
        image_masks(ImageMasks(file=tmp_path / "a.npz"))
    np.savez(
        tmp_path / "b.npz",
        images=np.zeros((1, 16, 16, 3), np.uint8),
        instance_masks=np.zeros((1, 16, 16)),
        image_ids=["i"],
    )
    (tmp_path / "index.csv").write_text("image_id\nj\n")
    with pytest.raises(InputError, match="image 'i' is not in column 'image_id'"):
        image_masks(ImageMasks(file=tmp_path / "b.npz", index=tmp_path / "index.csv", tile=16))
