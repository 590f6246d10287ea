"""A planted bias is on the tiles it says it is on, and each view moves it as it says."""

import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.core.types import Axis, Cohort
from biox.domains.histology.planted import Plant, open_planted, planted

SIDE = 24


def cohort(count: int = 40) -> Cohort:
    """Tiles of noise, half of them "tumour"."""
    x = np.random.default_rng(0).integers(60, 250, (count, 3, SIDE, SIDE), dtype=np.uint8)
    samples = pd.DataFrame({
        "sample": [f"t{i}" for i in range(count)],
        "subject": [f"p{i % 5}" for i in range(count)],
        "label": np.where(np.arange(count) % 2, "tumour", "normal"),
    })  # fmt: skip
    places = tuple(str(i) for i in range(SIDE))
    axes = (Axis("colour", ("red", "green", "blue")), Axis("y", places, "px"), Axis("x", places, "px"))
    return Cohort(x, samples, axes, "8-bit intensity", ("normal", "tumour"), "trial")


def changed(pixels, base) -> np.ndarray:
    """Which tiles differ from those without the artefact."""
    return (pixels[:] != base).any((1, 2, 3))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_exactly_the_share_of_the_class_is_marked(share):
    before = cohort()
    after = planted(before, Plant(artefact="corner", share=share, label="tumour"))
    marked = changed(after.x, before.x)
    np.testing.assert_array_equal(marked, after.samples["planted"])
    assert marked.sum() == share * 20
    assert not marked[before.y == 0].any()


def test_each_view_moves_the_artefact_as_it_says():
    before = cohort()
    x = planted(before, Plant(artefact="corner", share=0.5, label="tumour")).x
    own = before.y == 1
    where = {name: changed(x.view(name), before.x) for name in x.views}
    assert not where["clean"].any()
    assert where["everywhere"].all()
    np.testing.assert_array_equal(where["swapped"], ~own)
    assert where["balanced"][own].sum() == where["balanced"][~own].sum() == 10
    np.testing.assert_array_equal(where["balanced"][own], changed(x, before.x)[own])
    np.testing.assert_array_equal(x.view("clean").view("given")[:], x[:])


def test_a_larger_share_keeps_the_tiles_of_a_smaller():
    few, many = (
        planted(cohort(), Plant(artefact="corner", share=share, label="tumour")).samples["planted"]
        for share in (0.2, 0.6)
    )
    assert (many | ~few).all()
    assert many.sum() > few.sum()


@pytest.mark.parametrize("artefact", ["corner", "pen", "stain"])
def test_rows_slices_masks_and_single_tiles_agree(artefact):
    x = planted(cohort(), Plant(artefact=artefact, share=0.5, label="tumour")).x
    every = x[:]
    rows = np.array([7, 3, 3, 39])
    np.testing.assert_array_equal(x[rows], every[rows])
    np.testing.assert_array_equal(x[x.on["given"]], every[x.on["given"]])
    np.testing.assert_array_equal(x[5], every[5])
    np.testing.assert_array_equal(x[10:14], every[10:14])
    np.testing.assert_array_equal(x.artefact_mask(rows), x.artefact_mask(slice(None))[rows])
    assert x.shape == every.shape
    assert len(x) == 40


def test_the_mask_of_the_artefact_is_where_pixels_changed():
    before = cohort()
    x = planted(before, Plant(artefact="pen", share=0.5, label="tumour")).x
    mask = x.artefact_mask(slice(None))
    assert not ((x[:] != before.x).any(1) & ~mask).any()
    assert not mask[~x.on["given"]].any()


def test_saved_tiles_are_read_again_as_they_were(tmp_path):
    x = planted(cohort(), Plant(artefact="pen", share=0.5, label="tumour", seed=4)).x
    x.save(tmp_path / "pixels")
    again = open_planted(tmp_path / "pixels")
    for name in ("given", *x.views):
        np.testing.assert_array_equal(again.view(name)[:], x.view(name)[:])


def test_pixels_below_keep_their_own_views_and_opener(tmp_path):
    twice = planted(
        planted(cohort(), Plant(artefact="pen", label="normal")), Plant(artefact="corner", label="tumour")
    ).x
    assert "clean" in twice.views
    twice.save(tmp_path / "pixels")
    np.testing.assert_array_equal(open_planted(tmp_path / "pixels")[:], twice[:])


def test_chosen_tiles_keep_their_artefact_in_every_view():
    before = planted(cohort(), Plant(artefact="pen", share=0.5, label="tumour"))
    rows = np.array([9, 2, 31])
    few = before.take(rows).x
    for name in ("given", *before.x.views):
        np.testing.assert_array_equal(few.view(name)[:], before.x.view(name)[rows])


def test_no_plant_leaves_the_cohort_alone():
    before = cohort()
    assert planted(before, None) is before


def test_an_unknown_class_or_view_is_a_sentence():
    with pytest.raises(InputError, match=r"no class 'cancer'.*'normal', 'tumour'"):
        planted(cohort(), Plant(artefact="corner", label="cancer"))
    with pytest.raises(InputError, match=r"no view 'upside'.*'swapped'"):
        planted(cohort(), Plant(artefact="corner", label="tumour")).x.view("upside")
