"""Changes of training tiles: equal to scikit-image's colours, the eight ways of a square, and nothing else."""

import numpy as np
import pytest
import torch
from skimage.color import hed2rgb, rgb2hed

from biox.core.errors import InputError
from biox.steps.augment_images import augment_images, hed, rgb, shifted, stained, turned

OFF = {"turn": False, "stain": 0.0, "shift": 0}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def tiles(count: int = 6, size: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(rng(seed).integers(0, 256, (count, 3, size, size)).astype(np.float32))


def last(x: torch.Tensor) -> np.ndarray:
    return x.movedim(1, -1).double().numpy()


def test_stain_amounts_equal_scikit_images():
    x = tiles()
    np.testing.assert_allclose(last(hed(x).clamp(min=0)), rgb2hed(last(x) / 255), atol=1e-6)


def test_colours_of_stain_amounts_equal_scikit_images():
    amounts = torch.from_numpy(rng().uniform(0, 0.2, (4, 3, 5, 7)))
    np.testing.assert_allclose(last(rgb(amounts)) / 255, hed2rgb(last(amounts)), atol=1e-6)


def test_amounts_and_back_are_the_same_picture():
    x = tiles()
    torch.testing.assert_close(rgb(hed(x)), x, atol=0.05, rtol=0)


def test_with_all_off_the_very_same_tensor_comes_back():
    x = tiles()
    assert augment_images(x, **OFF, rng=rng()) is x


@pytest.mark.parametrize("shape", [(5, 3, 8, 8), (5, 3, 4, 8, 8), (5, 3, 8, 12)])
def test_shape_range_and_type_stay(shape):
    x = torch.from_numpy(rng(1).integers(0, 256, shape)).float()
    found = augment_images(x, turn=True, stain=0.3, shift=3, rng=rng())
    assert found.shape == shape
    assert found.dtype == x.dtype
    assert found.min() >= 0
    assert found.max() <= 255
    assert found.isfinite().all()


def test_equal_seeds_give_equal_pictures_and_others_do_not():
    x, options = tiles(), {"turn": True, "stain": 0.2, "shift": 2}
    one, two, three = (augment_images(x, **options, rng=rng(s)) for s in (0, 0, 1))
    assert torch.equal(one, two)
    assert not torch.equal(one, three)


def test_all_eight_ways_of_a_square_are_alike_often_and_there_is_no_ninth():
    one = tiles(1)
    ways = [torch.rot90(m, k, (-2, -1)) for m in (one[0], one[0].flip(-1)) for k in range(4)]
    found = turned(one.expand(4000, -1, -1, -1), rng())
    counts = np.array([sum(torch.equal(tile, way) for tile in found) for way in ways])
    assert counts.sum() == 4000
    # Each is binomial(4000, 1/8): mean 500, sd 21.
    assert np.abs(counts - 500).max() < 5 * 21


def test_a_tile_that_is_no_square_is_only_mirrored():
    one = torch.from_numpy(rng().integers(0, 256, (1, 3, 6, 9))).float()
    ways = [one[0], one[0].flip(-1), one[0].flip(-2), one[0].flip((-1, -2))]
    found = turned(one.expand(200, -1, -1, -1), rng())
    assert all(any(torch.equal(tile, way) for way in ways) for tile in found)


def test_a_shift_is_a_crop_of_the_tile_mirrored_at_its_edges():
    x, largest = tiles(40), 3
    padded = torch.nn.functional.pad(x, (largest,) * 4, mode="reflect")
    seen = set()
    for tile, around in zip(shifted(x, largest, rng()), padded, strict=True):
        ways = [(i, j) for i in range(7) for j in range(7) if torch.equal(tile, around[:, i : i + 8, j : j + 8])]
        assert len(ways) == 1
        seen |= set(ways)
    assert {i for i, _ in seen} == set(range(7))
    assert len(seen) > 20


@pytest.mark.parametrize("shift", [8, -1])
def test_a_shift_beyond_the_tile_is_refused(shift):
    with pytest.raises(InputError, match="less than the tile's 8 pixels"):
        augment_images(tiles(), turn=False, stain=0.0, shift=shift, rng=rng())


def test_stains_vary_by_the_asked_amount():
    one = torch.tensor([150.0, 80.0, 160.0]).reshape(1, 3, 1, 1)
    found = hed(stained(one.expand(4000, -1, 2, 2), 0.1, rng()))[:, :, 0, 0]
    amounts = hed(one)[0, :, 0, 0]
    expected = torch.sqrt((0.1 * amounts) ** 2 + (0.1 * 0.05) ** 2)
    torch.testing.assert_close(found.mean(0), amounts, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.std(0), expected, atol=0, rtol=0.06)


def test_tiles_of_one_bag_are_stained_alike_but_turn_each_for_itself():
    one = tiles(1).unsqueeze(2)
    bag = one.expand(3, -1, 5, -1, -1)
    jittered = augment_images(bag, turn=False, stain=0.2, shift=0, rng=rng())
    assert all(torch.equal(jittered[:, :, 0], jittered[:, :, k]) for k in range(5))
    assert not torch.allclose(jittered[0], jittered[1], atol=1)
    moved = augment_images(bag, turn=True, stain=0.0, shift=0, rng=rng())
    assert not all(torch.equal(moved[0, :, 0], moved[0, :, k]) for k in range(5))
    by_hand = turned(bag.movedim(1, 2).flatten(0, 1), rng()).unflatten(0, (3, 5)).movedim(2, 1)
    assert torch.equal(moved, by_hand)


def test_a_stain_change_keeps_the_pattern_of_the_tissue():
    x = rgb(torch.from_numpy(rng().uniform(0, 0.1, (20, 3, 16, 16))))
    found = stained(x, 0.05, rng())
    for before, after in zip(x.flatten(1), found.flatten(1), strict=True):
        assert np.corrcoef(before, after)[0, 1] > 0.98


@pytest.mark.parametrize("shape", [(5, 3, 8, 8), (5, 3, 4, 8, 8)])
def test_all_is_computed_where_the_tiles_are(shape):
    """On the device "meta", any operation with a tensor of the processor would raise."""
    found = augment_images(torch.empty(shape, device="meta"), turn=True, stain=0.1, shift=2, rng=rng())
    assert found.device.type == "meta"
    assert found.shape == shape
