import numpy as np
import pytest

from biox.core.errors import InputError
from biox.domains.histology.tissue import SATURATION_RANGE, Tissue, TissueMask, threshold, tissue_mask
from biox.domains.histology.whole_slide import open_slide

from .made_slides import GLASS, tissue_picture, write_slide


def mask_of(tmp_path, picture, **settings) -> np.ndarray:
    return tissue_mask(open_slide(write_slide(tmp_path / "slide.tif", picture)), Tissue(mpp=2.0, **settings)).mask


def test_the_pink_square_is_tissue_and_the_glass_is_not(tmp_path):
    found = mask_of(tmp_path, tissue_picture(1024, 1024))
    expected = np.zeros((256, 256), bool)
    expected[64:192, 64:192] = True
    assert (found != expected).mean() < 0.01


def test_dust_is_no_tissue_and_a_small_gap_no_hole(tmp_path):
    picture = tissue_picture(1024, 1024)
    picture[50:90, 50:90] = (200, 120, 170)  # 20 um wide: dust
    picture[500:540, 500:540] = GLASS  # a gap as wide
    found = mask_of(tmp_path, picture)
    assert not found[10:25, 10:25].any()
    assert found[120:140, 120:140].all()
    strict = mask_of(tmp_path, picture, smallest_um2=0, holes_um2=0)
    assert strict[15:20, 15:20].all()
    assert not strict[128:132, 128:132].any()


def test_a_pen_stroke_and_a_black_bar_are_no_tissue(tmp_path):
    picture = tissue_picture(1024, 1024)
    picture[:200, :] = (20, 120, 60)
    picture[900:] = (5, 5, 5)
    found = mask_of(tmp_path, picture)
    assert not found[:48].any()
    assert not found[228:].any()
    assert found[70:180, 70:180].all()


def test_a_slide_without_tissue_is_refused_with_a_sentence(tmp_path):
    rng = np.random.default_rng(0)
    glass = np.clip(np.array(GLASS) + rng.normal(0, 2, (512, 512, 3)), 0, 255).astype(np.uint8)
    with pytest.raises(InputError, match="holds no tissue"):
        mask_of(tmp_path, glass)
    with pytest.raises(InputError, match="holds no tissue"):
        mask_of(tmp_path, np.full((512, 512, 3), 255, np.uint8))


def test_a_slide_full_of_tissue_is_tissue_everywhere(tmp_path):
    rng = np.random.default_rng(0)
    full = np.clip(np.array((200, 120, 170)) + rng.integers(-30, 30, (512, 512, 1)), 0, 255).astype(np.uint8)
    assert mask_of(tmp_path, full).all()


def test_the_threshold_stays_within_what_glass_and_stain_can_have():
    rng = np.random.default_rng(0)
    low, high = SATURATION_RANGE
    assert threshold(rng.normal(0.02, 0.005, 1000)) == low
    assert threshold(rng.uniform(0.3, 0.9, 1000)) == high
    assert threshold(np.array([])) == low
    pale = np.concatenate([rng.normal(0.04, 0.01, 500), rng.normal(0.16, 0.03, 500)])
    assert low < threshold(pale) < high


def test_the_share_in_a_box_is_the_mean_of_the_mask_there():
    rng = np.random.default_rng(1)
    mask = TissueMask(rng.random((20, 30)) < 0.4, (10.0, 10.0))
    fine = np.kron(mask.mask, np.ones((10, 10)))
    for left, top, width, height in [(0, 0, 300, 200), (13, 27, 51, 44), (290, 190, 10, 10), (250, 150, 100, 100)]:
        inside = fine[top : top + height, left : left + width].sum() / (width * height)
        found = mask.share(np.array([[left, top, left + width, top + height]]))
        assert found == pytest.approx(inside, abs=1e-9)
    assert mask.share(np.array([[-50.0, -50, -10, -10]])) == 0


def test_the_cmu_slide_has_a_third_of_tissue(shared_data):
    slide = open_slide(shared_data / "slides" / "CMU-1-Small-Region.svs")
    found = tissue_mask(slide, Tissue())
    assert 0.3 < found.mask.mean() < 0.4
    assert found.share(np.array([[900.0, 1500, 1100, 1700]])) == pytest.approx(1)
    assert found.share(np.array([[100.0, 2000, 400, 2400]])) == pytest.approx(0)
