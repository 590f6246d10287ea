"""Slides written in bounded memory: OpenSlide and tifffile read what was given, at the right resolution."""

import subprocess
import sys

import numpy as np
import openslide
import pytest
import tifffile

from biox.domains.histology.pyramid import Layout, halved, write_pyramid

RNG = np.random.default_rng(0)
SMOOTH = np.stack(np.broadcast_arrays(np.arange(900)[:, None] / 5, np.arange(1101)[None, :] / 6, 90.0), axis=-1)
PICTURE = (SMOOTH + RNG.integers(0, 12, SMOOTH.shape)).astype(np.uint8)


def written(tmp_path, quality, picture=PICTURE, tile=256):
    def block(y, x, height, width):
        asked.append((y, x, height, width))
        return picture[y : y + height, x : x + width]

    asked = []
    file = tmp_path / "slide.tif"
    write_pyramid(file, picture.shape[:2], block, 0.4, Layout(tile=tile, quality=quality, description="a test"))
    return file, asked


@pytest.mark.parametrize("tile", [64, 256])
def test_openslide_reads_the_pixels_that_were_written(tmp_path, tile):
    slide = openslide.OpenSlide(written(tmp_path, None, tile=tile)[0])
    assert slide.dimensions == (1101, 900)
    assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.4, rel=1e-6)
    assert float(slide.properties["openslide.mpp-y"]) == pytest.approx(0.4, rel=1e-6)
    rgb = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))
    np.testing.assert_array_equal(rgb, PICTURE)


def test_every_level_is_the_mean_of_the_one_before(tmp_path):
    slide = openslide.OpenSlide(written(tmp_path, None)[0])
    assert slide.level_dimensions == ((1101, 900), (551, 450), (276, 225))
    expected = PICTURE
    for level, size in enumerate(slide.level_dimensions[1:], start=1):
        expected = halved(expected)
        rgb = np.asarray(slide.read_region((0, 0), level, size).convert("RGB"))
        np.testing.assert_array_equal(rgb, expected)


def test_halving_takes_means_and_keeps_odd_edges():
    flat = np.array([[0, 4, 9], [4, 8, 9]], np.uint8)[..., None].repeat(3, axis=2)
    np.testing.assert_array_equal(halved(flat)[..., 0], [[4, 9]])
    noise = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert halved(noise).mean() == pytest.approx(noise.mean(), abs=0.3)


def test_jpeg_changes_the_pixels_little_and_both_readers_see_the_same(tmp_path):
    file, _ = written(tmp_path, 90)
    slide = openslide.OpenSlide(file)
    by_openslide = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB")).astype(int)
    with tifffile.TiffFile(file) as tiff:
        by_tifffile = tiff.pages[0].asarray().astype(int)
        assert [page.is_tiled for page in tiff.pages] == [True] * 3
        assert tiff.pages[0].description == "a test"
    assert np.abs(by_openslide - PICTURE).mean() < 4
    assert np.abs(by_openslide - by_tifffile).max() <= 2


def test_each_pixel_is_asked_for_once_and_at_most_a_row_of_tiles_at_a_time(tmp_path):
    count = np.zeros(PICTURE.shape[:2], int)
    for y, x, height, width in written(tmp_path, 80, tile=64)[1]:
        assert height <= 64
        count[y : y + height, x : x + width] += 1
    assert (count == 1).all()


def test_equal_pixels_give_equal_files(tmp_path):
    first, second = (written(tmp_path / name, 85)[0].read_bytes() for name in "ab")
    assert first == second


def test_a_failure_leaves_no_file(tmp_path):
    def block(y, x, height, width):
        if y > 300:
            raise OSError("no more pixels")
        return PICTURE[y : y + height, x : x + width]

    with pytest.raises(OSError, match="no more pixels"):
        write_pyramid(tmp_path / "slide.tif", PICTURE.shape[:2], block, 0.5)
    assert list(tmp_path.iterdir()) == []


def test_a_slide_smaller_than_a_tile(tmp_path):
    slide = openslide.OpenSlide(written(tmp_path, None, picture=PICTURE[:33, :70])[0])
    assert slide.level_dimensions == ((70, 33),)
    np.testing.assert_array_equal(np.asarray(slide.read_region((0, 0), 0, (70, 33)).convert("RGB")), PICTURE[:33, :70])


PEAK = """
import resource, sys
import numpy as np
from biox.domains.histology.pyramid import write_pyramid
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
row = np.random.default_rng(0).integers(0, 256, (256, 4096, 3), dtype=np.uint8)
write_pyramid(__import__("pathlib").Path(sys.argv[1]), (int(sys.argv[2]), 8192), lambda y, x, h, w: row[:h, :w], 0.5)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_height_of_the_slide(tmp_path):
    def peak_mb(height):
        command = [sys.executable, "-c", PEAK, str(tmp_path / "slide.tif"), str(height)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    # 16384 x 8192 pixels are 384 MB; what is held is a few rows of tiles.
    low, high = peak_mb(2048), peak_mb(16384)
    assert high < 150
    assert high < low + 20
