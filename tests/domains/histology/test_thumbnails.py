"""Slides at a glance: the outline of the tissue stands where the tissue is; what is no slide has no picture."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from biox.domains.histology.planted import Planted
from biox.domains.histology.thumbnails import ROUGH, outlines, thumbnails
from biox.domains.histology.tile_pixels import Source, TilePixels
from biox.domains.histology.tissue import Tissue

PINK, GLASS = (214, 120, 178), (244, 243, 244)
LEFT, RIGHT, TOP, BOTTOM = 400, 1300, 300, 900


def area(ring: np.ndarray) -> float:
    """The shoelace formula; the sign says which way round."""
    x, y = np.asarray(ring, float).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


@pytest.fixture(scope="module")
def pixels(tmp_path_factory):
    picture = np.full((1200, 1600, 3), GLASS, np.uint8)
    picture[TOP:BOTTOM, LEFT:RIGHT] = PINK
    file = tmp_path_factory.mktemp("slides") / "one.tif"
    options = {"tile": (256, 256), "photometric": "rgb", "resolutionunit": 3, "resolution": (1e4, 1e4)}
    tifffile.imwrite(file, picture, **options)
    tiles = pd.DataFrame({"slide": ["one"], "x": [400], "y": [300]})
    return TilePixels({"one": Source(file, 1.0)}, tiles, (64, 1.0))


def test_a_full_mask_is_outlined_along_its_edges():
    (ring,) = outlines(np.ones((20, 30), bool))
    assert np.abs(ring.min(axis=0)).max() <= ROUGH
    assert np.abs(ring.max(axis=0) - (30, 20)).max() <= ROUGH
    assert 600 - ROUGH * 100 < abs(area(ring)) <= 600  # simplified by at most ROUGH along an edge of 100 pixels


def test_a_hole_has_a_ring_of_its_own_that_turns_the_other_way():
    mask = np.zeros((40, 40), bool)
    mask[5:35, 5:35] = True
    mask[15:25, 15:25] = False
    outer, inner = sorted((area(ring) for ring in outlines(mask)), key=abs, reverse=True)
    assert outer * inner < 0
    assert abs(outer) == pytest.approx(900, abs=ROUGH * 120)
    assert abs(inner) == pytest.approx(100, abs=ROUGH * 40)


def test_an_empty_mask_has_no_outline():
    assert outlines(np.zeros((10, 10), bool)) == []


def test_the_outline_stands_on_the_tissue_in_level_0_pixels(pixels):
    (row,) = thumbnails(pixels, ["one"], Tissue()).itertuples()
    assert (row.width, row.height) == (1600, 1200)
    (ring,) = [np.array(ring) for ring in json.loads(row.tissue)]
    assert np.abs(ring.min(axis=0) - (LEFT, TOP)).max() <= 24
    assert np.abs(ring.max(axis=0) - (RIGHT, BOTTOM)).max() <= 24


def test_the_picture_shows_the_whole_slide(pixels):
    picture = np.asarray(Image.open(io.BytesIO(thumbnails(pixels, ["one"], Tissue())["image"].iloc[0])))
    assert max(picture.shape[:2]) == pytest.approx(480, abs=2)
    height, width = picture.shape[:2]
    assert np.abs(picture[height // 2, width // 2].astype(int) - PINK).max() < 12
    assert np.abs(picture[5, 5].astype(int) - GLASS).max() < 12


def test_an_artefact_on_the_tiles_does_not_hide_the_slide_and_tiles_alone_have_none(pixels):
    on = {"given": np.ones(1, bool)}
    assert len(thumbnails(Planted(pixels, "corner", on, np.zeros(1, int)), ["one"], Tissue())) == 1
    assert len(thumbnails(np.zeros((3, 3, 8, 8), np.uint8), ["one"], Tissue())) == 0
    assert len(thumbnails(pixels, ["another"], Tissue())) == 0


def test_a_slide_that_cannot_be_read_or_has_no_tissue_has_no_row(pixels, tmp_path):
    (tmp_path / "text.svs").write_text("no slide")
    tifffile.imwrite(tmp_path / "glass.tif", np.full((600, 600, 3), GLASS, np.uint8), tile=(256, 256))
    broken = {name: Source(tmp_path / name, 1.0) for name in ("text.svs", "glass.tif")}
    tiles = pd.DataFrame({"slide": ["text.svs"], "x": [0], "y": [0]})
    assert len(thumbnails(TilePixels(broken, tiles, (64, 1.0)), list(broken), Tissue())) == 0
