"""The step writes every slide's files and nothing for cohorts without slides."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from shapely import box
from shapely.geometry import mapping

from biox.core.errors import InputError
from biox.core.find import checked
from biox.core.store import load_cohort, save_cohort
from biox.core.study import Study
from biox.core.types import Axis, Cohort
from biox.domains.histology import heat_files
from biox.domains.histology.heat_files import Outline
from biox.domains.histology.heat_slide import Marked, file_name
from biox.domains.histology.predicted import by_models
from biox.domains.histology.slide_relevance import by_slide
from biox.domains.histology.tile_pixels import Source, TilePixels
from biox.report.viewer import viewer
from biox.steps import heatmaps as step
from biox.steps.heatmaps import heatmaps, slides_of
from tests.domains.histology.heat_data import SIDE, bumps, cohort_of, cut, grid, relevance_of, write_slide

HEIGHT, WIDTH = 384, 640
KINDS = ("-values.ome.tif", ".geojson", ".ome.tif", ".png")


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Two slides, their tiles, relevance for two classes, and where the slides lie."""
    folder = tmp_path_factory.mktemp("slides")
    files = {name: folder / f"{name}.tif" for name in ("A", "B")}
    for file in files.values():
        write_slide(file, HEIGHT, WIDTH)
    tiles = grid(HEIGHT, WIDTH, 2 * SIDE, 2 * SIDE)
    cohort = cohort_of(files, tiles)
    values = np.concatenate([cut(bumps(HEIGHT, WIDTH, (x, 200, 40)), tiles, SIDE) for x in (150, 450)])
    of_a = (cohort.samples["slide"] == "A").to_numpy()
    parts = [(0, of_a), (1, ~of_a)]
    own = {fold: relevance_of(cohort, values, fold, test) for fold, test in parts}
    other = {fold: relevance_of(cohort, -2 * values, fold, test, "normal") for fold, test in parts}
    marked = {name: Marked(Source(file), (Outline("tumour", box(0, 0, 99, 99)),)) for name, file in files.items()}
    return cohort, own, other, marked


def test_every_slide_has_its_files_and_its_place_in_the_viewer(given, tmp_path):
    cohort, own, other, marked = given
    assert heatmaps(cohort, own, other, marked, tmp_path / "out") == 2
    found = {file.name for file in (tmp_path / "out").iterdir()}
    assert found == {f"{n}{extra}{kind}" for n in "AB" for extra in ("", "-difference") for kind in KINDS} | {"viewer"}
    listing = json.loads((tmp_path / "out/viewer/viewer.json").read_text(encoding="utf-8"))
    assert [slide["name"] for slide in listing["slides"]] == ["A", "B"]
    for slide in listing["slides"]:
        assert (slide["width"], slide["height"]) == (WIDTH, HEIGHT)
        assert [o["kind"] for o in slide["outlines"]] == ["annotation", "hot"]
        for part in (slide["picture"], *slide["heatmaps"]):
            folder = tmp_path / "out/viewer" / slide["folder"] / part["folder"]
            assert {file.suffix for file in folder.iterdir()} == {"." + part["ending"]}
            assert part["levels"] == len(part.get("limits", [0] * part["levels"]))


def test_numbers_are_those_of_the_right_slide_and_the_difference_is_that_of_the_classes(given, tmp_path):
    cohort, own, other, marked = given
    heatmaps(cohort, own, other, marked, tmp_path / "out")
    for name, x in (("A", 150), ("B", 450)):
        values = tifffile.imread(tmp_path / f"out/{name}-values.ome.tif")
        row, column = np.unravel_index(np.nanargmax(values), values.shape)
        assert (2 * column + 1, 2 * row + 1) == pytest.approx((x, 200), abs=3)
        both = tifffile.imread(tmp_path / f"out/{name}-difference-values.ome.tif")
        np.testing.assert_allclose(both, 3 * values, rtol=1e-5)


def test_the_description_names_what_was_explained(given, tmp_path):
    cohort, own, _, marked = given
    mixed = {fold: relevance.samples.assign(target="normal") for fold, relevance in own.items()}
    mixed[0].loc[0, "target"] = "tumour"
    own = {k: r.__class__("main", k, "lrp", {}, r.values, mixed[k], r.axes) for k, r in own.items()}
    heatmaps(cohort, own, None, marked, tmp_path / "out")
    with tifffile.TiffFile(tmp_path / "out/A.ome.tif") as tiff:
        assert "each tile's own class (normal: 14 tiles, tumour: 1 tiles)" in tiff.ome_metadata
    with tifffile.TiffFile(tmp_path / "out/B.ome.tif") as tiff:
        assert "Relevance for normal (class score per tile pixel" in tiff.ome_metadata


def test_a_cohort_without_slides_gives_an_empty_folder(given, tmp_path):
    cohort, own, _, _ = given
    assert heatmaps(cohort, own, None, {}, tmp_path / "out") == 0
    assert [path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")] == [
        "viewer/viewer.json"
    ]
    listing = json.loads((tmp_path / "out/viewer/viewer.json").read_text(encoding="utf-8"))
    assert listing["slides"] == []
    assert viewer(listing) is None


def test_bags_of_which_a_copy_is_kept_have_heatmaps(given, tmp_path):
    cohort, own, _, marked = given
    count = len(cohort.samples) // 2
    bags = np.arange(2 * count).reshape(2, count)
    x = TilePixels(
        {name: one.source for name, one in marked.items()}, cohort.samples, (SIDE, 1.0), bags=bags, cached=True
    )
    samples = pd.DataFrame({"sample": ["A", "B"], "subject": ["A", "B"], "slide": ["A", "B"], "label": "tumour"})
    axes = (cohort.axes[0], Axis("tile", tuple(map(str, range(count)))), *cohort.axes[1:])
    save_cohort(Cohort(x, samples, axes, "8-bit intensity", cohort.classes, "subject"), tmp_path / "cohort")
    bag = load_cohort(tmp_path / "cohort")
    values = own[0].values[bags]
    relevance = {fold: relevance_of(bag, values, fold, np.arange(2) == fold) for fold in (0, 1)}
    assert heatmaps(bag, relevance, None, marked, tmp_path / "out") == 2
    heatmaps(cohort, own, None, marked, tmp_path / "tiles")
    for name in "AB":
        found, expected = (tifffile.imread(tmp_path / f"{of}/{name}-values.ome.tif") for of in ("out", "tiles"))
        np.testing.assert_array_equal(found, expected)


def test_a_colour_means_the_same_on_a_slide_whose_heatmap_is_coarser(given, tmp_path, monkeypatch):
    cohort, own, other, marked = given
    heatmaps(cohort, own, other, marked, tmp_path / "fine")
    monkeypatch.setattr(heat_files, "LARGEST", 128)  # so that the slide's 320 tile pixels become 80
    heatmaps(cohort, own, other, marked, tmp_path / "coarse")
    maps = [
        json.loads((tmp_path / f"{n}/viewer/viewer.json").read_text())["slides"][0]["heatmaps"]
        for n in ("fine", "coarse")
    ]
    for fine, coarse in zip(*maps, strict=True):
        assert coarse["down"] == 4 * fine["down"]
    scale = step._limits(by_slide(cohort, own))
    assert scale[0] != scale[2]
    assert [of[0]["limits"][0] for of in maps] == [scale[0], scale[2]]


def test_a_map_that_is_zero_everywhere_says_so(given, tmp_path):
    cohort, own, _, marked = given
    dead = own[0].__class__("main", 0, "lrp", {}, 0 * own[0].values, own[0].samples, own[0].axes)
    heatmaps(cohort, {0: dead, 1: own[1]}, None, marked, tmp_path / "out")
    listing = json.loads((tmp_path / "out/viewer/viewer.json").read_text(encoding="utf-8"))
    titles = [slide["heatmaps"][0]["title"] for slide in listing["slides"]]
    assert titles == ["A: relevance for tumour (zero everywhere)", "B: relevance for tumour"]


def test_a_slide_without_a_file_is_named(given, tmp_path):
    cohort, own, _, marked = given
    with pytest.raises(InputError, match="no file of the slide 'B'; there are files of 'A'"):
        heatmaps(cohort, own, None, {"A": marked["A"]}, tmp_path / "out")


def test_slides_whose_files_would_have_one_name_are_refused(given, tmp_path):
    cohort, own, _, marked = given
    renamed = cohort.samples.assign(slide=cohort.samples["slide"].map({"A": "a b", "B": "a/b"}))
    alike = cohort.__class__(cohort.x, renamed, cohort.axes, cohort.unit, cohort.classes, "trial")
    with pytest.raises(InputError, match=r"'a b', 'a/b' would have files of one name \(a-b\.ome\.tif\)"):
        heatmaps(alike, own, None, {"a b": marked["A"], "a/b": marked["B"]}, tmp_path / "out")


@pytest.mark.parametrize(
    ("names", "file"),
    [(("X", "X-values"), r"x-values\.ome\.tif"), (("a", "A"), r"a\.ome\.tif"), (("X", "X-difference"), "x-difference")],
)
def test_no_file_of_a_slide_takes_the_place_of_another_slides(given, tmp_path, names, file):
    cohort, own, other, marked = given
    renamed = cohort.samples.assign(slide=cohort.samples["slide"].map(dict(zip("AB", names, strict=True))))
    alike = cohort.__class__(cohort.x, renamed, cohort.axes, cohort.unit, cohort.classes, "trial")
    with pytest.raises(InputError, match=f"would have files of one name .{file}"):
        heatmaps(alike, own, other, dict(zip(names, marked.values(), strict=True)), tmp_path / "out")


def test_only_some_slides_of_many_are_shown_but_all_have_files(given, tmp_path, monkeypatch):
    cohort, own, _, marked = given
    monkeypatch.setattr(step, "MOST_SHOWN", 1)
    heatmaps(cohort, own, None, marked, tmp_path / "out")
    listing = json.loads((tmp_path / "out/viewer/viewer.json").read_text(encoding="utf-8"))
    assert [slide["name"] for slide in listing["slides"]] == ["A"]
    assert {path.name for path in (tmp_path / "out/viewer").iterdir()} == {"A", "viewer.json"}
    assert (tmp_path / "out/B.ome.tif").exists()


def test_nothing_is_left_behind_but_the_results(given, tmp_path):
    cohort, own, _, marked = given
    heatmaps(cohort, own, None, marked, tmp_path / "out")
    assert list((tmp_path / "out").rglob(".*")) == []


def test_slides_and_annotations_of_a_study_are_found(given, tmp_path):
    *_, marked = given
    folder = marked["A"].source.file.parent
    properties = {"classification": {"name": "tumour"}}
    feature = {"type": "Feature", "geometry": mapping(box(5, 5, 90, 90)), "properties": properties}
    (tmp_path / "A.geojson").write_text(json.dumps(feature))
    data = {"source": "slides", "folder": str(folder), "annotations": str(tmp_path)}
    settings = {"name": "s", "title": "t", "question": "q", "domain": "histology", "data": data}
    found = slides_of(checked(Study, settings, "s"))
    assert {name: [o.name for o in one.outlines] for name, one in found.items()} == {"A": ["tumour"], "B": []}
    assert found["B"].source.file == folder / "B.tif"


@pytest.mark.parametrize(("name", "safe"), [("P-1_a.2", "P-1_a.2"), ("a/b c", "a-b-c"), ("../x", "x"), ("//", "slide")])
def test_names_of_slides_make_names_of_files(name, safe):
    assert file_name(name) == safe


def test_the_places_of_the_guide_are_found(given, tmp_path, monkeypatch):
    cohort, own, _, marked = given
    heatmaps(cohort, own, None, marked, tmp_path / "heatmaps-lrp")
    monkeypatch.chdir(tmp_path)
    guide = (Path(__file__).parent.parent.parent / "docs/heatmaps.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    code = code.replace("slides/SLIDE.tif", str(marked["B"].source.file)).replace("SLIDE", "B")
    found: dict = {}
    exec(code.replace("x, y = 560, 310", "x, y = 450, 200"), found)
    assert found["d"] == pytest.approx(2)
    assert found["relevance"] == pytest.approx(0.95, abs=0.01)
    red, _, blue, _ = found["colour"]
    assert red > blue + 50


@pytest.mark.parametrize(
    ("notes", "models", "said", "unsaid"),
    [
        ((), None, "by models that never saw this patient.", "mean of the models"),
        (("Patients are not known: a subject is a slide.",), None, "by models that never saw this slide.", "patient"),
        ((), {"A": by_models(False)}, "by the mean of the models of all folds.", "never saw"),
        ((), {"A": by_models(True)}, "of which most learnt from a slide of this name.", "never saw"),
    ],
)
def test_the_files_say_which_models_explain_a_slide(given, tmp_path, notes, models, said, unsaid):
    cohort, own, other, marked = given
    heatmaps(replace(cohort, notes=notes), own, other, marked, tmp_path / "out", models)
    for name in ("A.ome.tif", "A-difference.ome.tif"):
        with tifffile.TiffFile(tmp_path / "out" / name) as tiff:
            assert said in tiff.ome_metadata
            assert unsaid not in tiff.ome_metadata
    with tifffile.TiffFile(tmp_path / "out/B.ome.tif") as tiff:
        assert "models that never saw this" in tiff.ome_metadata
