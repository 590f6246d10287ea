import json

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import Point

from biox.core.errors import InputError
from biox.domains.histology.annotations import UNCLASSIFIED, Region, read_annotations, refuse_outside
from biox.domains.histology.tile_labels import Labels, annotated, covered

from .made_slides import square, write_geojson

ASAP = """<?xml version="1.0"?>
<ASAP_Annotations>
 <Annotations>
  <Annotation Name="Annotation 0" Type="Polygon" PartOfGroup="Tumor" Color="#F4FA58">
   <Coordinates>
    <Coordinate Order="2" X="200" Y="300"/><Coordinate Order="0" X="100" Y="100"/>
    <Coordinate Order="1" X="200,0" Y="100"/><Coordinate Order="3" X="100" Y="300"/>
   </Coordinates>
  </Annotation>
  <Annotation Name="Annotation 1" Type="Rectangle" PartOfGroup="None" Color="#F4FA58">
   <Coordinates>
    <Coordinate Order="0" X="0" Y="0"/><Coordinate Order="1" X="50" Y="0"/>
    <Coordinate Order="2" X="50" Y="50"/><Coordinate Order="3" X="0" Y="50"/>
   </Coordinates>
  </Annotation>
  <Annotation Name="Annotation 2" Type="Dot" PartOfGroup="Tumor">
   <Coordinates><Coordinate Order="0" X="5" Y="5"/></Coordinates>
  </Annotation>
 </Annotations>
 <AnnotationGroups><Group Name="Tumor" PartOfGroup="None"><Attributes/></Group></AnnotationGroups>
</ASAP_Annotations>
"""


def tiles(size: float = 100.0, count: int = 5) -> pd.DataFrame:
    """A grid of tiles."""
    at = np.arange(count) * size
    return pd.DataFrame({"x": np.tile(at, count), "y": np.repeat(at, count), "size": size, "size_y": size})


def feature(geometry: dict, properties: dict | None = None) -> dict:
    return {"type": "Feature", "geometry": geometry, "properties": properties or {}}


def test_holes_and_parts_are_kept(tmp_path):
    ring, hole = square(0, 0, 100, 100), square(25, 25, 75, 75)
    parts = {"type": "MultiPolygon", "coordinates": [[square(0, 0, 10, 10)], [square(50, 50, 60, 60)]]}
    file = write_geojson(tmp_path / "a.geojson", [("tumour", [ring, hole])])
    content = json.loads(file.read_text())
    content["features"].append(feature(parts, {"classification": {"names": ["Immune", "CD8"]}}))
    file.write_text(json.dumps(content))
    first, second = read_annotations(file).regions
    assert (first.name, first.outline.area) == ("tumour", 7500)
    assert (second.name, second.outline.area) == ("Immune: CD8", 200)


@pytest.mark.parametrize("layout", ["collection", "list", "one feature"])
def test_all_layouts_of_geojson_give_the_same(tmp_path, layout):
    one = feature({"type": "Polygon", "coordinates": [square(0, 0, 10, 20)]}, {"classification": {"name": "stroma"}})
    collection = {"type": "FeatureCollection", "features": [one]}
    content = {"collection": collection, "list": [one], "one feature": one}[layout]
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps(content))
    found = read_annotations(file)
    assert [(r.name, r.outline.area) for r in found.regions] == [("stroma", 200)]
    assert found.notes == ()


def test_an_annotation_without_a_class_and_points_are_told(tmp_path):
    file = tmp_path / "a.geojson"
    area = feature({"type": "Polygon", "coordinates": [square(0, 0, 10, 20)]}, {"objectType": "annotation"})
    point = feature({"type": "Point", "coordinates": [1, 2]})
    file.write_text(json.dumps([area, point]))
    found = read_annotations(file)
    assert [r.name for r in found.regions] == [UNCLASSIFIED]
    assert "1 points or lines were left out" in found.notes[0]


def test_the_areas_of_a_collection_are_kept_and_its_lines_told(tmp_path):
    line = {"type": "LineString", "coordinates": [[0, 0], [50, 50]]}
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [100, 100], [100, 0], [0, 100], [0, 0]]]}
    apart = {"type": "Polygon", "coordinates": [square(200, 0, 210, 20)]}
    inner = {"type": "GeometryCollection", "geometries": [apart, line]}
    merged = {"type": "GeometryCollection", "geometries": [bow_tie, inner]}
    lines = {"type": "GeometryCollection", "geometries": [line]}
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps([feature(merged, {"classification": {"name": "tumour"}}), feature(lines)]))
    found = read_annotations(file)
    assert [(r.name, r.outline.area) for r in found.regions] == [("tumour", pytest.approx(5000 + 200))]
    assert found.regions[0].outline.is_valid
    assert any("2 points or lines were left out" in note for note in found.notes)
    refuse_outside(found, (205, 10), tmp_path / "slide.tif")


def test_asap_groups_are_classes_and_corners_come_in_their_order(tmp_path):
    file = tmp_path / "a.xml"
    file.write_text(ASAP)
    found = read_annotations(file)
    assert [(r.name, r.outline.area) for r in found.regions] == [("Tumor", 20000), (UNCLASSIFIED, 2500)]
    assert "1 points or lines" in found.notes[0]


def test_a_self_crossing_outline_is_repaired_with_a_note_that_names_it(tmp_path):
    bow_tie = [[0, 0], [100, 100], [100, 0], [0, 100], [0, 0]]
    file = write_geojson(tmp_path / "a.geojson", [("tumour", [square(0, 0, 10, 10)]), ("necrosis", [bow_tie])])
    found = read_annotations(file)
    assert found.regions[1].outline.is_valid
    assert found.regions[1].outline.area == pytest.approx(5000)
    (note,) = found.notes
    assert "a.geojson, annotation 2 ('necrosis') was repaired" in note
    assert "Self-intersection" in note


def test_an_annotation_outside_its_slide_is_refused_by_name(tmp_path):
    file = write_geojson(tmp_path / "a.geojson", [("in", [square(-5, -5, 5, 5)]), ("out", [square(900, 0, 950, 50)])])
    with pytest.raises(InputError, match=r"annotation 2 \('out'\) lies wholly outside .*slide\.tif of 512 x 512"):
        refuse_outside(read_annotations(file), (512, 512), tmp_path / "slide.tif")
    refuse_outside(read_annotations(file), (910, 512), tmp_path / "slide.tif")


BROKEN = {
    "no json": ("a.geojson", "{oops", "is no GeoJSON"),
    "a number": ("a.geojson", "7", "holds no list of features"),
    "text as coordinates": (
        "a.geojson",
        json.dumps([feature({"type": "Polygon", "coordinates": [[["a", 0], [1, 1], [1, 0], ["a", 0]]]})]),
        "annotation 1: the geometry cannot be read",
    ),
    "two corners": (
        "a.geojson",
        json.dumps([feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]})]),
        "annotation 1: the geometry cannot be read",
    ),
    "unknown type": ("a.geojson", json.dumps([feature({"type": "Blob"})]), "annotation 1: the geometry cannot be read"),
    "no geometry": ("a.geojson", json.dumps([feature({})]), "annotation 1: there is no geometry"),
    "no xml": ("a.xml", "<ASAP_Annotations><Annotation", "is no XML"),
    "other xml": ("a.xml", "<svg></svg>", "expected <ASAP_Annotations>, found <svg>"),
    "xml with text": ("a.xml", ASAP.replace('X="100"', 'X="left"'), "annotation 1: a corner has"),
    "xml with two corners": (
        "a.xml",
        '<ASAP_Annotations><Annotation Name="A" Type="Polygon"><Coordinate Order="0" X="1" Y="1"/>'
        '<Coordinate Order="1" X="2" Y="1"/></Annotation></ASAP_Annotations>',
        "needs at least three corners, found 2",
    ),
}


@pytest.mark.parametrize("case", list(BROKEN))
def test_broken_annotation_files_end_in_a_sentence(tmp_path, case):
    name, content, message = BROKEN[case]
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        read_annotations(tmp_path / name)


def test_a_missing_annotation_file_ends_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        read_annotations(tmp_path / "none.geojson")


def test_the_covered_share_equals_that_of_many_small_squares():
    rng = np.random.default_rng(0)
    blobs = [Point(*rng.uniform(0, 500, 2)).buffer(rng.uniform(20, 150)) for _ in range(6)]
    area = shapely.difference(shapely.union_all(blobs), Point(250, 250).buffer(60))
    grid = tiles()
    boxes = shapely.box(grid.x, grid.y, grid.x + 100, grid.y + 100)
    found = covered(area, boxes)
    at = np.arange(500) + 0.5
    inside = shapely.contains_xy(area, *np.meshgrid(at, at))
    expected = inside.reshape(5, 100, 5, 100).mean((1, 3)).ravel()
    assert expected.min() > 0 or (expected == 0).any()
    assert np.abs(found - expected).max() < 0.01


def test_overlapping_areas_of_one_class_count_once():
    regions = tuple(Region("tumour", shapely.box(0, 0, 60, 100), "") for _ in range(3))
    found = annotated(regions, tiles(count=1), Labels())
    assert found["share:tumour"].iloc[0] == pytest.approx(0.6)


def test_share_and_centre_can_disagree():
    # The class covers 40 % of the tile, its centre among it.
    regions = (Region("tumour", shapely.box(30, 0, 70, 100), ""),)
    found = annotated(regions, tiles(count=1), Labels(at_least=0.5))
    assert found["share_label"].iloc[0] == "other"
    assert found["centre_label"].iloc[0] == "tumour"
    low = annotated(regions, tiles(count=1), Labels(at_least=0.01))
    assert low["share_label"].iloc[0] == "tumour"


def test_the_class_that_covers_most_wins_and_holes_are_cut_out():
    regions = (
        Region("stroma", shapely.box(0, 0, 100, 100), ""),
        Region("tumour", shapely.box(0, 0, 60, 100), ""),
        Region("Exclusion", shapely.box(0, 0, 100, 45), ""),
    )
    found = annotated(regions, tiles(count=1), Labels(holes=("Exclusion",)))
    assert found["share:stroma"].iloc[0] == pytest.approx(0.55)
    assert found["share_label"].iloc[0] == "stroma"
    only = annotated(regions, tiles(count=1), Labels(classes=("tumour",), at_least=0.3, holes=("Exclusion",)))
    assert list(only.columns) == ["share:tumour", "share_label", "centre_label"]
    assert only["share_label"].iloc[0] == "tumour"


def test_a_slide_without_areas_holds_nothing_but_other():
    found = annotated((), tiles(count=2), Labels(other="normal"))
    assert set(found["share_label"]) == {"normal"} == set(found["centre_label"])
