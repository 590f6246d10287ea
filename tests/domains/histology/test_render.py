"""Simulated tissue: a function of the place and the seed, with cells where the plan says so."""

import numpy as np
import pytest

from biox.domains.histology.cells import DEBRIS, EPITHELIUM, TUMOUR
from biox.domains.histology.ground import Region, tissue_types
from biox.domains.histology.marks import pen_mask
from biox.domains.histology.render import picture, render, scene, tumour_mask
from biox.domains.histology.scanners import SCANNERS
from biox.domains.histology.tissue_plan import Corner, Stroke, TissuePlan, blob

RNG = np.random.default_rng(3)
TISSUE, GROWTH, DEAD = blob(RNG, (190, 190), 165), blob(RNG, (180, 220), 90), blob(RNG, (180, 250), 40)


def plan(**changes) -> TissuePlan:
    given = {"seed": 7, "height": 760, "width": 760, "mpp": 0.5, "tissue": (TISSUE,), "tumour": (GROWTH,)}
    return TissuePlan(**{**given, "necrosis": (DEAD,), **changes})


@pytest.fixture(scope="module")
def whole():
    return scene(plan(), Region(0, 0, 760, 760))


@pytest.mark.parametrize("scanner", ["A", "D"])
@pytest.mark.parametrize("mpp", [0.5, 0.37, 1.0])
def test_a_region_equals_the_same_part_of_the_whole(scanner, mpp):
    slide = plan(scanner=SCANNERS[scanner], mpp=mpp)
    all_of_it = render(slide, Region(0, 0, 300, 380))
    for region in (Region(100, 37, 61, 203), Region(0, 0, 48, 48), Region(251, 332, 49, 48)):
        part = all_of_it[region.y : region.y + region.height, region.x : region.x + region.width]
        np.testing.assert_array_equal(render(slide, region), part)


def test_the_mask_of_a_region_equals_the_same_part_of_the_whole(whole):
    part = tumour_mask(scene(plan(), Region(333, 411, 77, 129)))
    np.testing.assert_array_equal(part, tumour_mask(whole)[333:410, 411:540])


def test_cells_of_a_region_are_those_of_the_whole(whole):
    def inside(found):
        kept = (found.y > 100) & (found.y < 150) & (found.x > 150) & (found.x < 220)
        return sorted(zip(found.y[kept], found.x[kept], found.kind[kept], found.dark[kept], strict=True))

    part = inside(scene(plan(), Region(200, 300, 100, 140)).cells)
    assert len(part) > 10
    assert part == inside(whole.cells)


def test_another_seed_gives_other_tissue(whole):
    other = render(plan(seed=8), Region(280, 280, 200, 200))
    assert (other != picture(whole)[280:480, 280:480]).mean() > 0.8


def test_tumour_cells_lie_in_the_tumour_and_debris_in_necrosis(whole):
    found, maps = whole.cells, whole.ground
    tumour, debris, epithelium = (found.take(found.kind == kind) for kind in (TUMOUR, DEBRIS, EPITHELIUM))
    assert len(tumour) > 50
    assert len(debris) > 10
    assert len(epithelium) > 10
    # A coarse map between its nodes differs from the outline by a fraction of a micrometre.
    assert GROWTH.depth_um(tumour.y, tumour.x).min() > -1
    assert DEAD.depth_um(debris.y, debris.x).min() > -1
    assert DEAD.depth_um(tumour.y, tumour.x).max() < 1
    assert (tissue_types(maps, epithelium.y, epithelium.x) == "gland").mean() > 0.95


def test_the_background_is_white_and_nuclei_are_darker_than_all_else(whole):
    rgb = picture(whole)
    place = (np.arange(760) + 0.5) * 0.5
    types = tissue_types(whole.ground, place[:, None], place[None, :])
    assert rgb[types == "background"].mean() > 230
    mask = tumour_mask(whole)
    assert rgb[mask].mean() < rgb[(types == "tumour") & ~mask].mean() - 15
    assert rgb[types == "stroma"].mean(axis=0)[1] < rgb[types == "stroma"].mean(axis=0)[0]  # pink: less green than red


def test_tumour_nuclei_are_larger_at_higher_contrast_and_alike_at_none():
    def areas(contrast):
        found = scene(plan(contrast=contrast, necrosis=()), Region(0, 0, 760, 760)).cells
        area = found.long * found.short
        return area[found.kind == TUMOUR].mean(), area[found.kind == EPITHELIUM].mean()

    assert areas(1.5)[0] > areas(1.0)[0] > areas(0.0)[0]
    same = areas(0.0)
    # Crowded nuclei make way for others only if large, so those that stay in nests are a little smaller.
    assert same[0] == pytest.approx(same[1], rel=0.12)


def test_a_pen_stroke_colours_its_mask_and_nothing_else():
    stroke = Stroke(y=60, x=20, angle=0.6, length=220, width=30, ink=(0.1, 0.5, 0.3))
    region = Region(0, 0, 500, 500)
    clean, inked = render(plan(), region).astype(int), render(plan(strokes=(stroke,)), region).astype(int)
    under = pen_mask(plan(strokes=(stroke,)), region)
    assert 0.02 < under.mean() < 0.4
    changed = (clean != inked).any(axis=2)
    assert changed[under].all()
    assert changed[~under].mean() < 0.02  # the stroke's soft edge
    assert (inked <= clean).all()


def test_a_coloured_corner_lies_in_the_corner_only():
    colour = (20, 200, 60)
    marked = plan(corner=Corner(side=25, colour=colour))
    rgb, clean = render(marked, Region(0, 0, 200, 200)), render(plan(), Region(0, 0, 200, 200))
    assert (rgb[:50, :50] == colour).all()
    np.testing.assert_array_equal(rgb[50:], clean[50:])
    np.testing.assert_array_equal(render(marked, Region(40, 40, 50, 50)), rgb[40:90, 40:90])


def test_scanners_see_the_same_tissue_in_other_colours(whole):
    means = {name: render(plan(scanner=SCANNERS[name]), Region(200, 300, 200, 200)).mean((0, 1)) for name in SCANNERS}
    for name, other in (("A", "B"), ("A", "C"), ("B", "C"), ("A", "D")):
        assert np.abs(means[name] - means[other]).max() > 3


def test_regions_far_out_on_a_large_slide_fit_together():
    slide = plan(height=100_000, width=100_000, tissue=(), tumour=(), necrosis=())
    larger = render(slide, Region(98_000, 97_000, 300, 300))
    assert larger.std() > 20
    np.testing.assert_array_equal(render(slide, Region(98_090, 97_033, 64, 201)), larger[90:154, 33:234])
