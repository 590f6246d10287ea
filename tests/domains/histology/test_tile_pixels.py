import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.core.find import find
from biox.domains.histology import tile_reading
from biox.domains.histology.masked_tiles import MaskedTiles, open_masked
from biox.domains.histology.tile_files import TileFiles
from biox.domains.histology.tile_pixels import FEW, Source, TilePixels, open_tiles

from .made_slides import tissue_picture, write_slide

SIDE = 32


@pytest.fixture(scope="module")
def pictures() -> dict[str, np.ndarray]:
    return {name: tissue_picture(512, 512, seed) for seed, name in enumerate(("one", "two"))}


@pytest.fixture(scope="module")
def made(tmp_path_factory, pictures) -> tuple[dict[str, Source], pd.DataFrame]:
    """Two slides and 72 places on them, slide after slide."""
    folder = tmp_path_factory.mktemp("slides")
    sources = {name: Source(write_slide(folder / f"{name}.tif", p)) for name, p in pictures.items()}
    at = np.arange(128, 128 + 6 * SIDE, SIDE)
    places = pd.DataFrame({"x": np.tile(at, 6), "y": np.repeat(at, 6)})
    return sources, pd.concat([places.assign(slide=name) for name in sources], ignore_index=True)


def pixels(made, **options) -> TilePixels:
    sources, tiles = made
    return TilePixels(sources, tiles, (SIDE, 0.5), **options)


def cropped(made, pictures) -> np.ndarray:
    """The same tiles cut from the pictures that the slides were made of."""
    rows = made[1].itertuples()
    cut = [pictures[row.slide][row.y : row.y + SIDE, row.x : row.x + SIDE] for row in rows]
    return np.stack(cut).transpose(0, 3, 1, 2)


def test_tiles_are_the_slides_pixels_in_the_order_asked_for(made, pictures):
    x, expected = pixels(made), cropped(made, pictures)
    assert x.shape == (72, 3, SIDE, SIDE)
    assert (x.dtype, x.ndim, len(x)) == (np.uint8, 4, 72)
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(72)
    for rows in (
        slice(None),
        slice(3, 50, 7),
        shuffled,
        shuffled[:5],
        rng.random(72) < 0.3,
        np.array([4, 4, 1]),
        -1,
        7,
    ):
        assert np.array_equal(x[rows], expected[rows])
    assert x[np.array([], int)].shape == (0, 3, SIDE, SIDE)


def test_several_processes_read_the_same_as_one(made, pictures):
    rows = np.random.default_rng(1).permutation(72)
    assert len(rows) >= FEW  # or it would be read right here
    many = pixels(made, workers=3)
    assert np.array_equal(many[rows], cropped(made, pictures)[rows])
    assert np.array_equal(many[:], cropped(made, pictures))


def test_neighbours_are_read_one_after_the_other_whatever_the_order_asked_for(made, monkeypatch):
    read = []
    original = TilePixels._cut

    def spy(self, rows):
        cut = original(self, rows)
        read.append(list(zip(cut.slide.tolist(), cut.y.tolist(), cut.x.tolist(), strict=True)))
        return cut

    monkeypatch.setattr(TilePixels, "_cut", spy)
    _ = pixels(made)[np.random.default_rng(2).permutation(72)]
    assert read[0] == sorted(read[0])


def test_tiles_side_by_side_are_read_at_once_and_come_out_the_same(made, pictures, monkeypatch):
    widths = []
    original = tile_reading.region

    def spy(slide, corner, size, how):
        widths.append(size[0])
        return original(slide, corner, size, how)

    monkeypatch.setattr(tile_reading, "region", spy)
    assert np.array_equal(pixels(made)[:], cropped(made, pictures))
    assert widths == [6 * SIDE] * 12
    sources, _ = made
    at = [
        128,
        128 + SIDE // 2,
        128 + SIDE // 2,
        128 + 2 * SIDE,
        127,
    ]  # overlapping, twice the same, apart, not in order
    odd = pd.DataFrame({"slide": "one", "x": at, "y": 140})
    found = TilePixels(sources, odd, (SIDE, 0.5))[:]
    expected = [pictures["one"][140 : 140 + SIDE, x : x + SIDE].transpose(2, 0, 1) for x in at]
    assert np.array_equal(found, np.stack(expected))


@pytest.mark.parametrize("mpp", [2.0, 1.3])
def test_tiles_side_by_side_equal_tiles_read_one_by_one_at_coarser_resolutions(made, mpp):
    sources, _ = made
    step = mpp / 0.5
    at = np.round(np.arange(6) * SIDE * step / 2).astype(int) % 400
    tiles = pd.DataFrame({"slide": "one", "x": at, "y": 130})
    x = TilePixels(sources, tiles, (SIDE, mpp))
    assert np.array_equal(x[:], np.stack([x[row] for row in range(6)]))


def test_bags_hold_their_slides_tiles_colour_first(made, pictures):
    bags = np.array([[0, 5, 7], [40, 41, 71]])
    x = pixels(made, bags=bags)
    assert x.shape == (2, 3, 3, SIDE, SIDE)
    expected = cropped(made, pictures)[bags].swapaxes(1, 2)
    assert np.array_equal(x[:], expected)
    assert np.array_equal(x[1], expected[1])
    assert np.array_equal(x.subset(np.array([1]))[:], expected[1:])


def test_a_subset_stays_unread_and_shows_the_same(made, pictures):
    rows = np.array([70, 3, 12])
    part = pixels(made).subset(rows)
    assert len(part) == 3
    assert np.array_equal(part[np.array([2, 0])], cropped(made, pictures)[rows[[2, 0]]])


def test_what_is_saved_is_opened_again(tmp_path, made, pictures):
    x = pixels(made, bags=np.array([[0, 1], [36, 37]]))
    x.save(tmp_path / "x")
    again = find("biox", x.opener)(tmp_path / "x")
    assert np.array_equal(again[:], x[:])
    size = sum(file.stat().st_size for file in (tmp_path / "x").iterdir())
    assert size < 20_000  # no pixels were copied


def test_a_slide_that_is_gone_ends_in_a_sentence(tmp_path, pictures):
    file = write_slide(tmp_path / "gone.tif", pictures["one"])
    tiles = pd.DataFrame({"slide": "gone", "x": [0], "y": [0]})
    TilePixels({"gone": Source(file)}, tiles, (SIDE, 0.5)).save(tmp_path / "x")
    file.unlink()
    with pytest.raises(InputError, match=r"gone\.tif.* no longer there"):
        open_tiles(tmp_path / "x")


def test_a_kept_copy_has_no_opener_so_that_the_store_writes_the_pixels(made):
    assert pixels(made, cached=True).opener is None
    assert pixels(made, cached=True).subset(np.array([0])).opener is None


@pytest.mark.parametrize("workers", [1, 2])
def test_a_slide_that_breaks_while_it_is_read_ends_in_a_sentence(tmp_path, pictures, workers):
    file = write_slide(tmp_path / "slide.tif", pictures["one"], levels=1)
    content = bytearray(file.read_bytes())
    content[len(content) // 4 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 4)
    file.write_bytes(content)
    at = np.arange(0, 480, SIDE)
    tiles = pd.DataFrame({"slide": "slide", "x": np.tile(at, 15), "y": np.repeat(at, 15)})
    x = TilePixels({"slide": Source(file)}, tiles, (SIDE, 0.5), workers=workers)
    with pytest.raises(InputError, match=r"slide\.tif cannot be read at x \d+, y \d+"):
        _ = x[:]


def test_there_are_no_other_views(made):
    assert pixels(made).views == ()
    with pytest.raises(InputError, match="no view 'clean'"):
        pixels(made).view("clean")


def test_masked_tiles_keep_their_masks(tmp_path):
    rng = np.random.default_rng(0)
    x = MaskedTiles(rng.integers(0, 255, (6, 3, 8, 8)).astype(np.uint8), rng.random((6, 8, 8)) < 0.5)
    x.save(tmp_path / "x")
    again = open_masked(tmp_path / "x")
    assert np.array_equal(again[np.array([3, 1])], x.pixels[[3, 1]])
    assert np.array_equal(again.masks, x.masks)
    part = again.subset(np.array([5, 0]))
    assert np.array_equal(part.masks, x.masks[[5, 0]])
    assert part.shape == (2, 3, 8, 8)


def test_picture_files_are_read_by_threads_as_by_one(tmp_path):
    from PIL import Image

    files = []
    for number in range(10):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(np.full((8, 6, 3), 20 * number, np.uint8)).save(files[-1])
    one, many = TileFiles(files, (8, 6)), TileFiles(files, (8, 6), workers=3)
    rows = np.array([7, 2, 2])
    assert np.array_equal(one[rows], many[rows])
    assert one[rows][:, 0, 0, 0].tolist() == [140, 40, 40]
    one.save(tmp_path / "x")
    assert np.array_equal(find("biox", one.opener)(tmp_path / "x")[:], many[:])
