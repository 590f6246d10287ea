"""The whole workflow on tiny simulated slides, as a user runs it."""

import json
from pathlib import Path

import numpy as np
import openslide
import pandas as pd
import pytest
import tifffile
from PIL import Image

from tests.workflow_runs import biox, change, finished_once, names_shown, planned, said, snakemake, spoilable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    return spoilable(finished_once(tmp_path_factory, "tiny_slides"), tmp_path_factory.mktemp("a folder with spaces"))


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return spoilable(finished, tmp_path)


def test_one_command_leads_from_simulated_slides_to_a_report_with_a_viewer(finished):
    page = (finished / "reports/tiny_slides/index.html").read_text()
    assert "The slides and their heatmaps" in page
    shown = json.loads((finished / "reports/tiny_slides/viewer/viewer.json").read_text())["slides"]
    assert len(shown) == 6
    for slide in shown:
        assert list((finished / "reports/tiny_slides/viewer" / slide["folder"]).rglob("*.jpg"))


def test_heatmaps_and_slides_have_one_coordinate_system(finished):
    """A heatmap has the pixels of the tiles, here twice as wide as the slide's; both cover the same micrometres."""
    for file in sorted((finished / "results/tiny_slides/raw/slides").glob("*.tif")):
        values = tifffile.imread(finished / f"results/tiny_slides/heatmaps-lrp/{file.stem}-values.ome.tif")
        heat_file = finished / f"results/tiny_slides/heatmaps-lrp/{file.stem}.ome.tif"
        with openslide.OpenSlide(file) as slide, openslide.OpenSlide(heat_file) as heat:
            assert values.shape == heat.dimensions[::-1]
            for axis, name in enumerate(("openslide.mpp-x", "openslide.mpp-y")):
                widths = [one.dimensions[axis] * float(one.properties[name]) for one in (slide, heat)]
                np.testing.assert_allclose(widths[0], widths[1], atol=0.5)


def test_the_difference_of_two_classes_is_a_map_of_its_own(finished):
    found = finished / "results/tiny_slides/heatmaps-lrp"
    name = sorted(finished.glob("results/tiny_slides/raw/slides/*.tif"))[0].stem
    difference = tifffile.imread(found / f"{name}-difference-values.ome.tif")
    assert np.nanmax(np.abs(difference)) > 0
    assert not np.allclose(difference, tifffile.imread(found / f"{name}-values.ome.tif"), equal_nan=True)


def test_no_name_of_a_person_a_sample_or_a_slide_stands_in_the_report(finished):
    assert names_shown(finished, "tiny_slides") == set()


def test_a_second_run_does_nothing(finished):
    assert "Nothing to be done" in said(snakemake(finished))


def test_no_checkpoint_stays_behind(finished):
    assert not list(finished.rglob("checkpoints"))


def test_another_threshold_of_the_scan_repeats_neither_training_nor_heatmaps(copy):
    change(copy / "config/tiny_slides.yaml", "permutations: 200", "permutations: 300")
    assert planned(copy) == {"validate", "report", "crate", "index", "all"}


def test_other_slides_are_simulated_anew_and_everything_after_them(copy):
    change(copy / "config/tiny_slides.yaml", "patients: 6", "patients: 7")
    assert {"simulate", "ingest", "train", "attribute", "heatmaps", "viewer", "validate", "report"} <= planned(copy)


def test_a_broken_slide_stops_before_training_with_its_name_and_reason(copy):
    slide = sorted((copy / "results/tiny_slides/raw/slides").glob("*.tif"))[0]
    slide.write_text("this is no slide")
    done = biox(copy, "ingest", "tiny_slides", "--out", "results/tiny_slides/cohort")
    assert done.returncode == 2
    assert slide.name in said(done)
    assert "Traceback" not in said(done)


def test_a_new_slide_is_judged_and_gets_a_page_of_its_own(finished, tmp_path):
    slide = sorted((finished / "results/tiny_slides/raw/slides").glob("*.tif"))[0]
    done = biox(finished, "predict", "tiny_slides", str(slide), "--out", str(tmp_path / "new"))
    assert done.returncode == 0, said(done)
    assert (tmp_path / "new/report.html").stat().st_size > 10_000
    assert list((tmp_path / "new").rglob("*.ome.tif"))


def test_thumbnails_are_in_the_evidence_of_every_slide(finished):
    slides = pd.read_parquet(finished / "results/tiny_slides/evidence/slides.parquet")
    assert len(slides) == 6
    for file in (finished / "results/tiny_slides/heatmaps-lrp").glob("*.png"):
        assert min(Image.open(file).size) > 100
