import numpy as np
import pytest
import tifffile
from PIL import Image

from biox.core.errors import InputError
from biox.domains.histology import whole_slide
from biox.domains.histology.whole_slide import open_slide, overview, region, sampling, thumbnail

from .made_slides import GLASS, tissue_picture, write_slide


@pytest.fixture
def picture() -> np.ndarray:
    return tissue_picture(600, 500)


@pytest.fixture
def slide(tmp_path, picture):
    return open_slide(write_slide(tmp_path / "slide.tif", picture))


def dot(side: int, x: float, y: float, sd: float = 6.0) -> np.ndarray:
    """A dark round spot at a known place on white."""
    at = np.arange(side) + 0.5
    spot = np.exp(-0.5 * (((at - x) / sd)[None, :] ** 2 + ((at - y) / sd)[:, None] ** 2))
    return np.repeat((255 - 200 * spot).round().astype(np.uint8)[..., None], 3, axis=2)


def centre(tile: np.ndarray) -> tuple[float, float]:
    dark = 255.0 - tile.mean(axis=0)
    at = np.arange(tile.shape[1]) + 0.5
    return (dark.sum(0) @ at) / dark.sum(), (dark.sum(1) @ at) / dark.sum()


def test_a_region_at_the_slides_own_resolution_is_the_slides_pixels(slide, picture):
    found = region(slide, (130, 170), (64, 48), sampling(slide, 0.5))
    assert np.array_equal(found, picture[170:218, 130:194].transpose(2, 0, 1))


def test_a_coarser_level_is_used_where_it_has_the_resolution(slide, picture):
    how = sampling(slide, 2.0)
    assert how.level == 1
    assert how.step == (4.0, 4.0)
    mean = picture[200:328, 160:288].reshape(32, 4, 32, 4, 3).mean((1, 3)).transpose(2, 0, 1)
    assert np.abs(region(slide, (160, 200), (32, 32), how) - mean).max() <= 1


@pytest.mark.parametrize("mpp", [0.5, 0.507, 0.7, 1.0, 1.3, 1.9, 2.0, 3.1])
@pytest.mark.parametrize("corner", [(100, 60), (101, 63), (97.5, 66.25)])
def test_a_spot_lies_within_a_third_of_a_pixel_of_its_place(tmp_path, mpp, corner):
    slide = open_slide(write_slide(tmp_path / "dot.tif", dot(512, 200.0, 150.0), levels=3, down=2))
    how = sampling(slide, mpp)
    side = int(200 / how.step[0])
    x, y = centre(region(slide, corner, (side, side), how))
    assert abs(x - (200.0 - corner[0]) / how.step[0]) < 0.34 + 0.5 * (corner[0] % 1) / how.step[0]
    assert abs(y - (150.0 - corner[1]) / how.step[1]) < 0.34 + 0.5 * (corner[1] % 1) / how.step[1]


def test_resampling_keeps_the_mean_and_does_not_alias(tmp_path):
    fine = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (256, 256))
    slide = open_slide(write_slide(tmp_path / "board.tif", np.repeat(fine[..., None], 3, axis=2), levels=1))
    found = region(slide, (40, 40), (100, 100), sampling(slide, 1.7))
    assert abs(found.mean() - 127.5) < 1
    # What remains of a checkerboard of single pixels must be flat: taking the nearest one leaves black and white.
    assert found.std() < 15


def test_what_lies_outside_the_slide_is_white(slide, picture):
    for mpp in (0.5, 0.8):
        found = region(slide, (-40, -40), (20, 20), sampling(slide, mpp))
        assert (found == 255).all()
    edge = region(slide, (450, 0), (100, 20), sampling(slide, 0.5))
    assert (edge[:, :, 50:] == 255).all()
    assert np.array_equal(edge[:, :, :50], picture[:20, 450:].transpose(2, 0, 1))


def test_pixels_that_are_not_square_come_out_square(tmp_path):
    # 0.5 um along x and 1.0 um along y: a round cell is twice as wide as high in pixels.
    at = np.arange(400) + 0.5
    inside = ((at - 200) / 80)[None, :] ** 2 + ((at - 200) / 40)[:, None] ** 2 < 1
    file = tmp_path / "oblong.tif"
    oblong = np.repeat(np.where(inside, 30, 255).astype(np.uint8)[..., None], 3, axis=2)
    tifffile.imwrite(
        file, oblong, tile=(128, 128), photometric="rgb", resolution=(20000, 10000), resolutionunit="CENTIMETER"
    )
    slide = open_slide(file)
    assert slide.mpp == (0.5, 1.0)
    how = sampling(slide, 1.0)
    assert how.step == (2.0, 1.0)
    round_cell = region(slide, (0, 100), (200, 200), how).mean(axis=0) < 128
    width, height = round_cell.any(axis=0).sum(), round_cell.any(axis=1).sum()
    assert abs(int(width) - int(height)) <= 2
    assert abs(width - 80) <= 2


def test_a_slide_is_not_read_finer_than_it_was_scanned(slide):
    with pytest.raises(InputError, match=r"0\.5 micrometres per pixel and cannot be read at 0\.25"):
        sampling(slide, 0.25)


def test_a_resolution_near_a_levels_own_takes_its_pixels_unchanged(slide):
    how = sampling(slide, 0.507)
    assert how.step == (1.0, 1.0)
    assert how.mpp == pytest.approx(0.5)
    assert sampling(slide, 0.52).step != (1.0, 1.0)


def test_a_thumbnail_read_in_pieces_equals_one_read_at_once(slide, monkeypatch):
    whole = thumbnail(slide, 3.0)
    monkeypatch.setattr(whole_slide, "MOST_READ", 40)
    pieces = thumbnail(slide, 3.0)
    assert whole.shape == (100, 84, 3)
    assert np.abs(whole.astype(int) - pieces).max() <= 1


def test_an_overview_has_the_length_asked_for_and_the_slides_look(slide, picture):
    found = overview(slide, 100)
    assert abs(max(found.shape) - 100) <= 1
    small = np.asarray(Image.fromarray(picture).resize((found.shape[1], found.shape[0]), Image.Resampling.BOX))
    assert np.abs(found.astype(int) - small).mean() < 3
    assert np.abs(found[0, 0].astype(int) - GLASS).max() <= 1


def test_the_resolution_of_the_file_wins_over_that_of_the_settings(tmp_path, picture):
    assert open_slide(write_slide(tmp_path / "a.tif", picture, mpp=0.25), mpp=0.5).mpp == (0.25, 0.25)
    assert open_slide(write_slide(tmp_path / "b.tif", picture, mpp=None), mpp=0.5).mpp == (0.5, 0.5)


def test_the_cmu_slide_is_read(shared_data):
    slide = open_slide(shared_data / "slides" / "CMU-1-Small-Region.svs")
    assert slide.size == (2220, 2967)
    assert slide.mpp == (0.499, 0.499)
    found = region(slide, (1000, 1000), (224, 224), sampling(slide, 0.5))
    bare = np.array(slide.handle.read_region((1000, 1000), 0, (224, 224)))[..., :3]
    assert np.array_equal(found.transpose(1, 2, 0), bare)
