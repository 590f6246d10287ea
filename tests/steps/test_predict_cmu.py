"""The slide CMU-1-Small-Region read, masked, tiled and explained by models of nuclei loaded from their saved fits."""

import json

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml
from openslide import OpenSlide
from scipy.stats import spearmanr
from skimage.color import rgb2hed

from biox.cli import main
from biox.domains.histology.whole_slide import open_slide, region, sampling

pytestmark = pytest.mark.long
NAME = "CMU-1-Small-Region"
FINEST = {"tiles": {"mpp": 0.5}}


@pytest.fixture(scope="module")
def done(shared_data, tmp_path_factory):
    """The command line from raw fields to the heatmap of the slide; few epochs, every third fold's worth of data."""
    here = tmp_path_factory.mktemp("cmu")
    fields = shared_data / "nuclei-dsb2018"
    study = {
        "name": "nuclei", "title": "Nuclei", "question": "q", "domain": "histology", "label_level": "trial",
        "data": {"source": "image_masks", "file": str(fields / "dsb2018_stage1_colour107.npz")},
        "folds": {"count": 3}, "model": "vgg", "training": {"epochs": 5, "learning_rate": 2e-3, "balanced": True},
        "methods": {"lrp": {"target": "nucleus - none", "samples": "test"}},
        # Nuclei are 6 um wide here, 12 pixels of the finest level; those of the fields are 15 to 43 pixels wide.
        # Nothing finer was scanned.
        "predict": {"cmu": {"source": "slides", "folder": str(shared_data / f"slides/{NAME}.svs"), **FINEST}},
    }  # fmt: skip
    (here / "config").mkdir()
    (here / "config/nuclei.yaml").write_text(yaml.safe_dump(study))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        assert main(["ingest", "nuclei", "--out", "results/nuclei/cohort"]) == 0
        for fold in range(3):
            out = f"results/nuclei/fold-{fold}/fit"
            assert main(["train", "nuclei", "--fold", str(fold), "--out", out]) == 0
        assert main(["predict", "nuclei", "--case", "cmu", "--out", "out"]) == 0
    return here / "out"


@pytest.fixture(scope="module")
def tiles(done):
    return pd.read_csv(done / "scores.csv")


@pytest.fixture(scope="module")
def values(done):
    return tifffile.imread(done / f"heatmaps/{NAME}-values.ome.tif")


def test_the_tiles_lie_on_tissue_and_cover_a_third_of_the_slide_or_so(tiles):
    assert 300 < len(tiles) < 1000
    assert (tiles["tissue"] >= 0.5).all()
    assert tiles["mpp"].between(0.49, 0.51).all()


def test_tiles_with_more_haematoxylin_are_more_surely_called_nucleus(tiles, shared_data):
    slide = open_slide(shared_data / f"slides/{NAME}.svs")
    how = sampling(slide, 0.5)
    dark = [
        np.quantile(region(slide, (float(x), float(y)), (64, 64), how)[0], 0.05)
        for x, y in zip(tiles["x"], tiles["y"], strict=True)
    ]
    assert spearmanr(dark, tiles["score"]).statistic < -0.3


def test_the_heatmap_lies_on_nuclei_more_than_chance(done):
    rests = pd.read_csv(done / "rests.csv").set_index("place")
    assert rests.loc["bluest", "share"] > 1.5 * rests.loc["bluest", "chance"]
    assert rests.loc["glass", "share"] < rests.loc["glass", "chance"]


def test_openslide_and_tifffile_open_the_heatmap_and_see_the_same_place_of_the_slide(done, tiles, values, shared_data):
    slide, heat = OpenSlide(shared_data / f"slides/{NAME}.svs"), OpenSlide(done / f"heatmaps/{NAME}.ome.tif")
    assert heat.dimensions == slide.dimensions == values.shape[::-1]
    assert float(heat.properties["openslide.mpp-x"]) == pytest.approx(
        float(slide.properties["openslide.mpp-x"]), rel=1e-3
    )
    colours = tifffile.imread(done / f"heatmaps/{NAME}.ome.tif")
    for x, y in tiles[["x", "y"]].iloc[::50].to_numpy():
        seen = np.asarray(heat.read_region((int(x), int(y)), 0, (64, 64)))[..., :3].astype(int)
        np.testing.assert_allclose(seen, colours[y : y + 64, x : x + 64], atol=1)
        strong = np.abs(values[y : y + 64, x : x + 64]) > np.nanquantile(np.abs(values), 0.9)
        red = (seen[..., 0] - seen[..., 2])[strong]
        assert (np.sign(red) == np.sign(values[y : y + 64, x : x + 64][strong])).mean() > 0.95


def test_relevance_lies_on_the_haematoxylin_of_its_own_place_and_not_of_eight_pixels_beside(values, shared_data):
    slide, there = OpenSlide(shared_data / f"slides/{NAME}.svs"), np.isfinite(values)
    stain = rgb2hed(np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB")))[..., 0]
    here, beside = (np.corrcoef(values[there], np.roll(stain, k, axis=1)[there])[0, 1] for k in (0, 8))
    assert here > 0.25
    assert here > 3 * beside


def test_outside_of_the_tiles_the_heatmap_says_nothing(tiles, values):
    covered = np.zeros(values.shape, bool)
    for x, y in tiles[["x", "y"]].to_numpy():
        covered[y : y + 64, x : x + 64] = True
    np.testing.assert_array_equal(np.isnan(values), ~covered)


def test_the_hottest_regions_are_polygons_on_the_slide(done, values):
    found = json.loads((done / f"heatmaps/{NAME}.geojson").read_text())["features"]
    assert found
    for feature in found:
        ring = np.array(feature["geometry"]["coordinates"][0])
        assert (ring >= -1).all()
        assert (ring <= np.array(values.shape[::-1]) + 1).all()


def test_the_page_warns_that_the_slide_is_not_like_the_fields(done):
    page = (done / "report.html").read_text()
    assert "another magnification" in page
    assert "not a diagnosis" in page
