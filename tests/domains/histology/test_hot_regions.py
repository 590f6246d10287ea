"""The hottest regions lie where heat was planted, hold the share they say, and other programs can read them."""

import json

import numpy as np
import pytest
from shapely import Point

from biox.domains.histology.annotations import read_annotations
from biox.domains.histology.hot_regions import Search, geojson, hot_regions, threshold
from tests.domains.histology.heat_data import MPP, bumps, levels_of

HILLS = ((500, 400, 60), (1500, 900, 90))


@pytest.fixture(scope="module")
def levels(tmp_path_factory):
    return levels_of(bumps(1280, 2048, *HILLS), tmp_path_factory.mktemp("levels"))


def test_every_planted_hill_is_found_and_nothing_else(levels):
    found = hot_regions(levels, Search(share=0.5))
    assert len(found) == 2
    for region, (x, y, radius) in zip(found, reversed(HILLS), strict=True):  # the larger first
        assert region.outline.centroid.distance(Point(x, y)) < 4
        assert region.outline.within(Point(x, y).buffer(2 * radius))


def test_regions_hold_about_the_share_that_was_asked_for(levels):
    shares = {share: sum(r.share for r in hot_regions(levels, Search(share=share))) for share in (0.3, 0.5, 0.8)}
    assert shares == pytest.approx({0.3: 0.3, 0.5: 0.5, 0.8: 0.8}, abs=0.06)


def test_area_and_mean_are_those_of_the_place(levels):
    region = hot_regions(levels, Search())[0]
    radius = np.sqrt(region.outline.area / np.pi)
    assert region.area_um2 == pytest.approx(np.pi * (radius * MPP) ** 2, rel=0.02)
    # The mean of a Gaussian hill of height 1 within a radius, less the plain.
    inside = 90**2 / radius**2 * 2 * (1 - np.exp(-(radius**2) / (2 * 90**2))) - 0.05
    assert region.mean == pytest.approx(inside, rel=0.1)


def test_a_ring_keeps_its_hole(tmp_path):
    y, x = np.mgrid[:1024, :1024] + 0.5
    ring = (np.abs(np.hypot(x - 512, y - 512) - 250) < 60).astype(np.float32) - 0.01
    found = hot_regions(levels_of(ring, tmp_path), Search(share=0.9))
    assert len(found) == 1
    assert len(found[0].outline.interiors) == 1
    assert not found[0].outline.contains(Point(512, 512))
    assert found[0].outline.contains(Point(512, 262))


def test_heat_at_the_border_ends_with_the_slide(tmp_path):
    found = hot_regions(levels_of(bumps(1024, 1024, (0, 512, 80)), tmp_path), Search())
    left, _, right, _ = found[0].outline.bounds
    assert left >= 0
    assert right < 200


def test_a_slide_without_positive_relevance_has_no_hot_region(tmp_path):
    levels = levels_of(bumps(512, 512), tmp_path)
    assert hot_regions(levels, Search()) == []
    assert geojson([], "tumour") == {"type": "FeatureCollection", "features": []}
    assert threshold(np.array([-1.0, 0.0]), 0.5) is None


def test_small_regions_are_left_out_and_few_are_kept(levels):
    assert len(hot_regions(levels, Search(smallest_um2=5e3))) == 1
    assert len(hot_regions(levels, Search(most=1))) == 1


def test_what_was_written_is_read_back_as_annotations(levels, tmp_path):
    regions = hot_regions(levels, Search())
    file = tmp_path / "hot.geojson"
    file.write_text(json.dumps(geojson(regions, "tumour")))
    read = read_annotations(file)
    assert read.notes == ()
    assert [one.name for one in read.regions] == ["hot: tumour"] * 2
    for one, region in zip(read.regions, regions, strict=True):
        assert one.outline.equals(region.outline)


def test_qupath_finds_type_class_colour_and_measurements(levels):
    feature = geojson(hot_regions(levels, Search()), "tumour")["features"][0]
    properties = feature["properties"]
    assert feature["geometry"]["type"] == "Polygon"
    assert properties["objectType"] == "annotation"
    assert properties["classification"] == {"name": "hot: tumour", "color": [200, 20, 30]}
    assert set(properties["measurements"]) == {"Share of positive relevance", "Mean relevance", "Area µm^2"}
    assert 0 < properties["measurements"]["Share of positive relevance"] < 1
