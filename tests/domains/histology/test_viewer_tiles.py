"""The viewer's pictures: every square is the part of the slide that its name says, at every zoom."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from biox.domains.histology.relevance_colours import overlay, steps
from biox.domains.histology.viewer_tiles import SQUARE, finest_down, heat_pictures, slide_pictures
from biox.domains.histology.whole_slide import open_slide
from tests.domains.histology.heat_data import MPP, bumps, levels_of

HEIGHT, WIDTH = 1100, 1700


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    """A smooth picture with a white corner, so that JPEG and resampling change little."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    picture = np.stack([100 + x / 12, 60 + y / 9, 120 + (x + y) / 40], axis=-1).clip(0, 254).astype(np.uint8)
    picture[:, 1536:] = 255
    file = tmp_path_factory.mktemp("slide") / "s.tif"
    options = {"photometric": "rgb", "tile": (256, 256), "compression": "zlib"}
    tifffile.imwrite(file, picture, resolution=(1e4 / MPP, 1e4 / MPP), resolutionunit="CENTIMETER", **options)
    return open_slide(file), picture


def whole(folder, made, level: int) -> np.ndarray:
    """The picture of one level (0 the coarsest), put together from its squares; white where a square is absent."""
    wide, high = (-(-n // 2 ** (made.levels - 1 - level)) for n in (made.width, made.height))
    sheet = Image.new("RGB", (wide, high), (255, 255, 255))
    for file in folder.glob(f"{level}_*_*.jpg"):
        _, column, row = (int(n) for n in file.stem.split("_"))
        sheet.paste(Image.open(file), (column * SQUARE, row * SQUARE))
    return np.asarray(sheet).astype(int)


@pytest.mark.parametrize("down", [1, 2])
def test_the_squares_of_every_level_make_up_the_slide(slide, tmp_path, down):
    opened, picture = slide
    made = slide_pictures(opened, tmp_path / "s", down)
    assert (made.width, made.height) == (WIDTH // down, HEIGHT // down)
    assert made.levels == {1: 3, 2: 2}[down]
    for level in range(made.levels):
        factor = down * 2 ** (made.levels - 1 - level)
        found = whole(tmp_path / "s", made, level)
        kept = picture[: HEIGHT // factor * factor, : WIDTH // factor * factor].astype(float)
        mean = kept.reshape(kept.shape[0] // factor, factor, kept.shape[1] // factor, factor, 3).mean((1, 3))
        error = np.abs(found[: mean.shape[0], : mean.shape[1]] - mean).max(-1)
        edge = 1536 // factor  # beside the white corner JPEG rings
        error[:, edge - 16 : edge + 16] = 0
        assert error.max() < 12
        assert error.mean() < 2


def test_white_squares_are_not_written_but_listed(slide, tmp_path):
    made = slide_pictures(slide[0], tmp_path / "s", 1)
    written = {file.stem for file in (tmp_path / "s").iterdir()}
    assert set(made.absent) == {"2_3_0", "2_3_1", "2_3_2"}
    assert not written & set(made.absent)
    assert len(written) == 4 * 3 - 3 + 2 * 2 + 1


@pytest.mark.parametrize(
    ("size", "down"), [((4096, 100), 1), ((4097, 4000), 2), ((50_000, 50_000), 16), ((100, 8192), 2), ((300, 200), 1)]
)
def test_a_slide_is_shown_as_fine_as_it_fits(size, down):
    assert finest_down(*size) == down


def test_heat_squares_hold_the_colours_of_their_zoom_and_nothing_where_no_tile_lies(tmp_path):
    levels = levels_of(bumps(1280, 2048, (700, 500, 90)), tmp_path / "l", down=1)
    levels.arrays[0][:, 1024:] = np.nan
    made = heat_pictures(levels, tmp_path / "h", 0, (0.9, 0.6, 0.3))
    assert (made.width, made.height, made.levels, made.down) == (2048, 1280, 3, 1.0)
    assert set(made.absent) == {f"2_{column}_{row}" for column in (2, 3) for row in range(3)}
    for level, limit in ((0, 0.9), (2, 0.3)):
        values = levels.whole(level)[:SQUARE, :SQUARE]
        found = np.asarray(Image.open(tmp_path / "h" / f"{2 - level}_0_0.png").convert("RGBA"))
        np.testing.assert_array_equal(found, overlay()[steps(values, limit)])


def test_coarser_start_leaves_out_the_finest_squares(tmp_path):
    levels = levels_of(bumps(1280, 2048, (700, 500, 90)), tmp_path / "l", down=1)
    made = heat_pictures(levels, tmp_path / "h", 1, (0.9, 0.6, 0.3))
    assert (made.width, made.height, made.levels, made.down) == (1024, 640, 2, 2.0)
