"""Small, harmless changes of training tiles, so that a network learns the tissue and not its place, turn or stain.

A pixel's colour is light that stains let through. In optical density, D = -log(rgb), stains add up: D = c M with the
amounts c of haematoxylin, eosin and DAB (HED) and the matrix M of Ruifrok and Johnston 2001 as scikit-image has it.
"""

import numpy as np
import torch
from jaxtyping import Float
from skimage.color import hed_from_rgb, rgb_from_hed
from torch import Tensor

from biox.core.errors import InputError

WHITE = 255.0
DARKEST = 1e-6  # share of light; scikit-image measures densities in units of this one's
OFFSET = 0.05  # sd of the offset for stain 1, in scikit-image's units: about the amount of a stain in a tissue pixel

Images = Float[Tensor, "sample 3 *tile y x"]


def augment_images(x: Images, *, turn: bool, stain: float, shift: int, rng: np.random.Generator) -> Images:
    """A changed copy of each tile, as a pathologist might see it on another slide from another laboratory.

    x: intensities 0 to 255, tiles (sample, 3, y, x) or bags of tiles (bag, 3, tile, y, x). ``turn``: each tile is
    mirrored and turned by quarters at random (by halves where it is no square). ``shift``: it moves by up to so many
    pixels both ways, mirrored at its edges. ``stain``: each of the three stains of a sample gets a random factor of
    mean 1 and an offset, sd ``stain`` and ``stain`` times OFFSET (Tellez et al. 2018); tiles of one bag share them.
    With all off, ``x`` itself comes back. A shift not smaller than the tile is an InputError.
    """
    if not 0 <= shift < min(x.shape[-2:]):
        raise InputError(f"training.shift must be less than the tile's {min(x.shape[-2:])} pixels, got {shift}.")
    if stain:
        x = stained(x, stain, rng)
    if not turn and not shift:
        return x
    tiles = x.movedim(1, -3).flatten(0, -4)  # a bag's tiles turn and move each for itself
    if turn:
        tiles = turned(tiles, rng)
    if shift:
        tiles = shifted(tiles, shift, rng)
    return tiles.unflatten(0, (len(x), *x.shape[2:-2])).movedim(-3, 1)


def turned(x: Float[Tensor, "tile 3 y x"], rng: np.random.Generator) -> Float[Tensor, "tile 3 y x"]:
    """Each tile mirrored and turned, all eight ways of a square alike often."""

    def chosen() -> Tensor:
        return torch.from_numpy(rng.random(len(x)) < 0.5).to(x.device).reshape(-1, 1, 1, 1)

    x = torch.where(chosen(), x.flip(-1), x)
    x = torch.where(chosen(), x.flip(-2), x)
    return torch.where(chosen(), x.mT, x) if x.shape[-1] == x.shape[-2] else x


def shifted(x: Float[Tensor, "tile 3 y x"], largest: int, rng: np.random.Generator) -> Float[Tensor, "tile 3 y x"]:
    """Each tile moved by up to ``largest`` pixels both ways; what comes in at an edge is its mirror image."""
    for axis in (-2, -1):
        size = x.shape[axis]
        moves = torch.from_numpy(rng.integers(-largest, largest + 1, len(x))).to(x.device)
        place = (torch.arange(size, device=x.device) + moves[:, None]).abs()
        place = (size - 1) - ((size - 1) - place).abs()
        index = place[:, None, :, None] if axis == -2 else place[:, None, None, :]
        x = x.gather(axis, index.expand(x.shape))
    return x


def stained(x: Images, sd: float, rng: np.random.Generator) -> Images:
    """Each sample's stains made stronger or weaker, and its glass tinted; the same for all tiles of a bag."""
    narrow = (len(x), 3, *[1] * (x.ndim - 2))
    factor, offset = (torch.from_numpy(rng.standard_normal((len(x), 3))).reshape(narrow) for _ in range(2))
    amounts = hed(x.float()) * (1 + sd * factor).clamp(min=0).to(x) + (sd * OFFSET * offset).to(x)
    return rgb(amounts).to(x.dtype)


def hed(x: Images) -> Images:
    """Amounts of haematoxylin, eosin and DAB in each pixel of intensities 0 to 255; 0 is white.

    As ``skimage.color.rgb2hed``, but that amounts below 0 are kept, so that ``rgb`` gives back the same picture.
    """
    light = (x / WHITE).clamp(min=DARKEST)
    return _mixed(light.log() / np.log(DARKEST), hed_from_rgb)


def rgb(amounts: Images) -> Images:
    """Intensities 0 to 255 of pixels with these amounts of stain, as ``skimage.color.hed2rgb``."""
    return (_mixed(amounts, rgb_from_hed) * np.log(DARKEST)).exp().clamp(0, 1) * WHITE


def _mixed(x: Images, matrix: np.ndarray) -> Images:
    """Each pixel's three values, as a row, times the matrix."""
    return torch.einsum("nc...,cd->nd...", x, torch.from_numpy(matrix).to(x))
