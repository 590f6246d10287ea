"""Pictures of a slide show what was planted on its tiles, where it was planted and nowhere else."""

import numpy as np
import pytest

from biox.domains.histology.as_seen import as_seen, untouched
from biox.domains.histology.planted import Plant, planted
from biox.domains.histology.slide_relevance import by_slide
from biox.domains.histology.viewer_tiles import slide_pictures
from biox.domains.histology.whole_slide import open_slide, region, sampling
from tests.domains.histology.heat_data import SIDE, cohort_of, grid, relevance_of, write_slide


@pytest.fixture
def given(tmp_path):
    """A slide of 768 x 1024, its tiles of 128 level-0 pixels, and a coloured corner on half of them."""
    write_slide(tmp_path / "A.tif", 768, 1024)
    cohort = cohort_of({"A": tmp_path / "A.tif"}, grid(768, 1024, 128, 128))
    return planted(cohort, Plant(artefact="corner", share=0.5, label="tumour")), open_slide(tmp_path / "A.tif")


def seen_by_the_model(cohort) -> tuple[np.ndarray, np.ndarray]:
    """The slide put together from its tiles as the model gets them, and which of its pixels the artefact changed."""
    picture, changed = np.zeros((384, 512, 3), np.uint8), np.zeros((384, 512), bool)
    every = np.arange(len(cohort.samples))
    places = (cohort.samples[["x", "y"]] // 2).to_numpy()
    for tile, mask, (x, y) in zip(cohort.x[every], cohort.x.artefact_mask(every), places, strict=True):
        picture[y : y + SIDE, x : x + SIDE], changed[y : y + SIDE, x : x + SIDE] = tile.transpose(1, 2, 0), mask
    return picture, changed


def shown(cohort, slide, corner, size) -> np.ndarray:
    values = np.zeros((len(cohort.samples), SIDE, SIDE), np.float32)
    own = by_slide(cohort, {0: relevance_of(cohort, values, 0, np.ones(len(values), bool))})["A"]
    picture = region(slide, corner, size, sampling(slide, 1.0)).transpose(1, 2, 0)
    return own.lay(picture, corner, 2.0)


@pytest.mark.parametrize(("corner", "size"), [((0, 0), (512, 384)), ((100, 60), (200, 150)), ((600, 300), (212, 234))])
def test_a_picture_shows_what_the_tiles_show(given, corner, size):
    cohort, slide = given
    wanted, changed = seen_by_the_model(cohort)
    part = slice(corner[1] // 2, corner[1] // 2 + size[1]), slice(corner[0] // 2, corner[0] // 2 + size[0])
    found = shown(cohort, slide, corner, size)
    assert changed[part].any()
    np.testing.assert_array_equal(found, wanted[part])


def test_the_slide_itself_is_not_changed_where_nothing_was_planted(given):
    cohort, slide = given
    plain = region(slide, (0, 0), (512, 384), sampling(slide, 1.0)).transpose(1, 2, 0)
    _, changed = seen_by_the_model(cohort)
    differs = (shown(cohort, slide, (0, 0), (512, 384)) != plain).any(-1)
    assert differs.any()
    assert not (differs & ~changed).any()


def test_the_viewers_squares_show_it_too(given, tmp_path):
    cohort, slide = given
    lay = as_seen(cohort.x, np.flatnonzero(cohort.samples["planted"]), cohort.samples[cohort.samples["planted"]])
    for name, way in (("plain", untouched), ("seen", lay)):
        slide_pictures(slide, tmp_path / name, 1, way)
    changed = [(tmp_path / n / "0_0_0.jpg").read_bytes() for n in ("plain", "seen")]
    assert changed[0] != changed[1]


def test_studies_that_plant_nothing_show_the_slide(given):
    cohort, _ = given
    assert as_seen(cohort.x, np.array([], int), cohort.samples[:0]) is untouched
    assert as_seen(np.zeros((2, 3, 8, 8), np.uint8), np.array([0]), cohort.samples[:1]) is untouched
