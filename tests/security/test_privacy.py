"""What a scanner writes beside the tissue (label, overview, names) reaches neither exports nor what a page shows."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin
from shapely import box

import biox
from biox.domains.histology.heat_files import Outline
from biox.domains.histology.heat_slide import Marked
from biox.domains.histology.tile_files import read_picture
from biox.domains.histology.tile_pixels import Source
from biox.domains.histology.whole_slide import open_slide, overview
from biox.steps.heatmaps import heatmaps
from tests.domains.histology.heat_data import SIDE, cohort_of, cut, grid, relevance_of
from tests.domains.histology.made_slides import tissue_picture

NAME, SIZE = "DOE^JANE", 512
LABEL, MACRO = (255, 0, 255), (0, 255, 0)  # what no tissue, glass or colour of relevance is


def aperio(file: Path) -> Path:
    """A slide as Aperio writes it: a tissue, a thumbnail, a label and a macro picture, and a name wherever one fits."""
    about = f"Aperio Image Library v1\r\n{SIZE}x{SIZE} |AppMag = 20|MPP = 0.5|Patient = {NAME}|User = {NAME}"
    tissue = tissue_picture(SIZE, SIZE)
    extra = [(271, 2, 0, NAME, True), (315, 2, 0, NAME, True), (316, 2, 0, NAME, True)]  # maker, artist, host
    with tifffile.TiffWriter(file) as tiff:
        common = {"photometric": "rgb", "metadata": None, "software": NAME}
        tiff.write(tissue, tile=(128, 128), compression="jpeg", description=about, extratags=extra, **common)
        tiff.write(tissue[::4, ::4], rowsperstrip=16, description=about, **common)
        for word, colour, kind in (("label", LABEL, 1), ("macro", MACRO, 9)):
            picture = np.full((64, 128, 3), colour, np.uint8)
            tiff.write(picture, rowsperstrip=16, subfiletype=kind, description=f"{about}\r\n{word} 128x64", **common)
    return file


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Everything that is written of one slide with names on it, and the slide."""
    folder = tmp_path_factory.mktemp("private")
    file = aperio(folder / "slide.svs")
    tiles = grid(SIZE, SIZE, SIDE, SIDE)
    cohort = cohort_of({"A": file}, tiles)
    values = cut(np.ones((SIZE, SIZE), np.float32), tiles, SIDE)
    relevance = relevance_of(cohort, values, 0, np.ones(len(values), bool), "tumour")
    marked = {"A": Marked(Source(file), (Outline("tumour", box(8, 8, 99, 99)),))}
    heatmaps(cohort, {0: relevance}, None, marked, folder / "heatmaps")
    return file, folder / "heatmaps"


def test_the_slide_does_have_a_label_a_macro_picture_and_names(exported):
    handle = open_slide(exported[0]).handle
    assert {"label", "macro"} <= set(handle.associated_images)
    assert NAME in " ".join(handle.properties.values())
    assert exported[0].read_bytes().count(NAME.encode()) >= 6


def test_no_file_that_is_written_holds_a_name(exported):
    files = [file for file in exported[1].rglob("*") if file.is_file()]
    assert {"A.ome.tif", "A-values.ome.tif", "A.png", "A.geojson", "viewer.json"} <= {file.name for file in files}
    held = [str(file) for file in files for name in (NAME, "Aperio") if name.encode() in file.read_bytes()]
    assert held == []


def test_exports_have_the_heatmap_and_its_coarser_levels_and_no_further_page(exported):
    for name in ("A.ome.tif", "A-values.ome.tif"):
        with tifffile.TiffFile(exported[1] / name) as tiff:
            assert len(tiff.pages) == len(tiff.series) == 1
            assert {"Artist", "Make", "HostComputer"}.isdisjoint(tiff.pages[0].tags.keys())


def test_no_picture_that_is_shown_is_that_of_the_label(exported):
    pictures = [file for file in exported[1].rglob("*") if file.suffix in (".png", ".jpg")]
    assert len(pictures) >= 3
    shown = [overview(open_slide(exported[0]), 300)]
    shown += [np.asarray(Image.open(io.BytesIO(file.read_bytes())).convert("RGBA").convert("RGB")) for file in pictures]
    for picture in shown:
        for colour in (LABEL, MACRO):
            assert np.abs(picture.astype(int) - colour).max(-1).min() > 40


def test_no_code_of_ours_asks_a_slide_for_its_other_pictures():
    sources = [file.read_text(encoding="utf-8") for file in Path(biox.__file__).parent.rglob("*.py")]
    assert not [text for text in sources if re.search(r"associated_images|\.ImageDescription|getexif|\.exif\b", text)]


@pytest.mark.parametrize("kind", ["png", "jpg", "tif"])
def test_a_tile_leaves_its_remarks_behind(tmp_path, kind):
    picture, file = Image.new("RGB", (16, 16), "pink"), tmp_path / f"a.{kind}"
    remarks = PngImagePlugin.PngInfo()
    remarks.add_text("Patient", NAME)
    exif = Image.Exif()
    exif[315] = NAME
    picture.save(file, **({"pnginfo": remarks} if kind == "png" else {"exif": exif}))
    assert NAME.encode() in file.read_bytes()
    pixels = read_picture(file)  # numbers only: there is no place for a remark
    assert (type(pixels), pixels.shape) == (np.ndarray, (3, 16, 16))
