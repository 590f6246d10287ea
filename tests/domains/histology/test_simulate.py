"""Simulated slides on disk: what is written about a slide is what is seen on it."""

import json
import re
from pathlib import Path

import numpy as np
import openslide
import pandas as pd
import pytest
import shapely
import yaml
from PIL import Image
from pydantic import ValidationError

from biox.domains.histology.annotations import read_annotations
from biox.domains.histology.ground import Region
from biox.domains.histology.render import render
from biox.domains.histology.simulate import write
from biox.domains.histology.simulated_tiles import SimulatedTiles
from biox.domains.histology.simulation import Simulation
from biox.domains.histology.slide_plans import slide_plans
from biox.domains.histology.slide_truth import MASK_STEP, MASK_VALUES

SETTINGS = Simulation(
    patients=4, height=768, width=1024, mpp=0.5, necrosis=1.0, pen=0.5, corner={"tumour": 1.0}, seed=2
)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    write(SETTINGS, folder)
    return folder


@pytest.fixture(scope="module")
def sheet(raw):
    return pd.read_csv(raw / "slides.csv")


def _pixels(file):
    slide = openslide.OpenSlide(file)
    return np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))


def test_openslide_opens_every_slide_of_the_sheet_at_its_resolution(raw, sheet):
    assert len(sheet) == 4
    for file in sheet["file"]:
        slide = openslide.OpenSlide(raw / file)
        assert slide.dimensions == (1024, 768)
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.5, rel=1e-6)


def test_half_of_the_patients_have_a_tumour_at_every_site(sheet):
    assert (sheet["label"] == "tumour").groupby(sheet["site"]).mean().tolist() == [0.5, 0.5]


def test_the_slide_is_the_rendered_plan_but_for_the_jpeg(raw, sheet):
    plan = slide_plans(SETTINGS)[1].plan
    drawn = render(plan, Region(100, 200, 300, 400)).astype(int)
    kept = _pixels(raw / sheet["file"][1])[100:400, 200:600].astype(int)
    assert np.abs(drawn - kept).mean() < 6


def test_annotations_agree_with_the_map_of_tissue_types(raw, sheet):
    for _, row in sheet.iterrows():
        types = np.asarray(Image.open(raw / "masks" / f"{row['slide']}.png"))
        ys, xs = (np.indices(types.shape) + 0.5) * MASK_STEP
        inside = {name: np.zeros(types.shape, bool) for name in ("tumour", "necrosis")}
        for region in read_annotations(raw / row["annotations"]).regions:
            inside[region.name] |= shapely.contains_xy(region.outline, xs, ys)
        assert inside["tumour"].any() == (row["label"] == "tumour")
        # Nests lie within the outline of the tumour; necrosis is its outline, less where the tissue's edge is rough.
        nest, dead = types == MASK_VALUES["tumour"], types == MASK_VALUES["necrosis"]
        assert (nest & ~inside["tumour"]).sum() <= 0.01 * nest.sum()
        assert (dead & ~inside["necrosis"]).sum() <= 0.01 * dead.sum()
        assert (inside["necrosis"] & ~dead).sum() <= 0.03 * max(1, inside["necrosis"].sum())
        if row["label"] == "tumour":
            assert nest.sum() > 0.3 * inside["tumour"].sum()


def test_the_cells_of_the_table_lie_on_nuclei(raw, sheet):
    found = pd.read_csv(raw / "cells" / f"{sheet['slide'][0]}.csv")
    grey = _pixels(raw / sheet["file"][0]).mean(axis=2)
    x, y = found["x"].astype(int).clip(0, 1023), found["y"].astype(int).clip(0, 767)
    assert len(found) > 300
    assert grey[y, x].mean() < np.median(grey[grey < 225]) - 30
    assert found[["x", "y"]].duplicated().sum() == 0


def test_tumour_cells_lie_within_the_annotated_tumour(raw, sheet):
    for _, row in sheet.iterrows():
        found = pd.read_csv(raw / "cells" / f"{row['slide']}.csv")
        tumour = found[found["type"] == "tumour"]
        regions = [r for r in read_annotations(raw / row["annotations"]).regions if r.name == "tumour"]
        area = shapely.union_all([region.outline for region in regions])
        near = shapely.buffer(area, 2)  # pixels: the outline is a polygon of 180 corners
        assert len(tumour) == 0 or shapely.contains_xy(near, tumour["x"], tumour["y"]).mean() > 0.99
        assert (len(tumour) > 50) == (row["label"] == "tumour")


def test_annotations_are_laid_out_as_qupath_does(raw, sheet):
    tumour = sheet[sheet["label"] == "tumour"].iloc[0]
    kept = json.loads((raw / tumour["annotations"]).read_text())
    assert kept["type"] == "FeatureCollection"
    for feature in kept["features"]:
        assert feature["type"] == "Feature"
        assert feature["properties"]["objectType"] == "annotation"
        assert feature["properties"]["classification"]["name"] in ("tumour", "necrosis")


def test_the_corner_is_on_slides_of_its_class_only(raw, sheet):
    for _, row in sheet.iterrows():
        corner = _pixels(raw / row["file"])[:100, :100].mean(axis=(0, 1))
        assert (row["corner"] == "yes") == (row["label"] == "tumour")
        assert (corner[1] - corner[0] > 80) == (row["corner"] == "yes")


def test_equal_settings_give_equal_files(raw, tmp_path):
    write(SETTINGS.model_copy(update={"patients": 1}), tmp_path)
    for file in sorted(path for path in tmp_path.rglob("*") if path.is_file() and path.name != "slides.csv"):
        assert file.read_bytes() == (raw / file.relative_to(tmp_path)).read_bytes(), file.name


def test_an_unknown_scanner_is_refused_with_the_known_ones():
    with pytest.raises(ValidationError, match="the scanners are 'A', 'B'"):
        Simulation(scanners=("Z",))


@pytest.mark.parametrize("settings", [Simulation, SimulatedTiles])
def test_a_share_of_tumours_at_an_unknown_site_is_refused(settings):
    with pytest.raises(ValidationError, match="names 'west', but the sites are 'north', 'south'"):
        settings(tumour_at={"west": 0.9})
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        settings(tumour_at={"north": 9})


def test_a_large_slide_is_planned_in_several_pieces_with_several_tumours():
    plan = slide_plans(Simulation(patients=2, height=50_000, width=50_000))[1].plan
    assert len(plan.tissue) == 3
    assert len(plan.tumour) > 5
    far = render(plan, Region(round(plan.tumour[0].y / 0.5), round(plan.tumour[0].x / 0.5), 200, 200))
    assert 60 < far.mean() < 215


def test_the_examples_of_the_guide_are_settings():
    text = (Path(__file__).parents[3] / "docs/simulated-slides.md").read_text()
    slides, tiles = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL))
    assert Simulation.model_validate(slides["simulate"]) == Simulation()
    assert tiles["data"].pop("source") == "simulated_tiles"
    assert SimulatedTiles.model_validate(tiles["data"]) == SimulatedTiles()
