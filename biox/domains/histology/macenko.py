"""Stain normalisation by Macenko et al. 2009: every tile as if it had been stained like the reference."""

from pathlib import Path

import numpy as np
import torch
from torchstain.torch.normalizers import TorchMacenkoNormalizer

from biox.core.errors import InputError
from biox.domains.histology.each_tile import Pixels, Tile, each_tile, read_tile

WHITE = 255  # intensity of clear glass
CLEAR = 0.15  # optical density (natural logarithm) below which a colour channel of a pixel counts as clear
FEWEST = 0.05  # share of stained pixels that a tile must have
APART = np.cos(np.radians(10.0))  # stains closer together are one: those of real H&E lie 20 to 60 degrees apart
FAINT = 0.05  # optical density of the strongest pixels of each stain
STRETCH = 2.0  # the most that a stain is made stronger, so that noise is not taken for tissue


def macenko(pixels: Pixels, *, reference: Path | None = None) -> Pixels:
    """Tiles of all scanners and laboratories as if haematoxylin and eosin were those of one reference.

    Each tile is divided into two stains by its own pixels; their colours are replaced by those of the reference, and
    their strength (99th percentile) made equal, but no stain is more than doubled. ``reference``: an image file;
    without it torchstain's own reference (colours of haematoxylin and eosin, and strengths). Takes and gives 8-bit
    tiles (sample, 3, y, x) or bags (bag, 3, tile, y, x). Clear glass stays white. Tiles in which two stains cannot be
    found come back as they are: less than 5 % of their pixels stained, one stain only, or hardly any. It is made for
    haematoxylin and eosin; a tile of another staining, or a very small one, may get odd colours.
    By torchstain (MIT licence). A reference that is no image, or has no two stains, is an InputError.
    """
    target = TorchMacenkoNormalizer() if reference is None else _stains(read_tile(reference))
    if target is None:
        raise InputError(f"In the reference {reference} haematoxylin and eosin cannot be told apart; use an H&E image.")
    return each_tile(pixels, lambda tile: _normalised(tile, target))


def _normalised(tile: Tile, target: TorchMacenkoNormalizer) -> Tile:
    own = _stains(tile[::2, ::2])  # enough to see whether there are two stains, and how strong; a quarter of the time
    if own is None:
        return tile
    limited = TorchMacenkoNormalizer()
    limited.HERef, limited.maxCRef = target.HERef, torch.minimum(target.maxCRef, STRETCH * own.maxCRef)
    changed, _, _ = limited.normalize(_colour_first(tile), Io=WHITE, beta=CLEAR, stains=False)
    return changed.clamp(0, WHITE).to(torch.uint8).numpy()


def _stains(tile: Tile) -> TorchMacenkoNormalizer | None:
    """The two stains of a tile, or None where they cannot be found."""
    density = -np.log((tile.reshape(-1, 3).astype(np.float32) + 1) / WHITE)
    stained = (density >= CLEAR).all(axis=1)
    if stained.mean() < FEWEST or np.linalg.matrix_rank(np.cov(density[stained].T), tol=1e-6) < 2:
        return None
    found = TorchMacenkoNormalizer()
    found.fit(_colour_first(tile), Io=WHITE, beta=CLEAR)
    stains, strength = found.HERef, found.maxCRef
    usable = bool(stains.isfinite().all()) and bool((strength > FAINT).all())
    return found if usable and float(stains[:, 0] @ stains[:, 1]) < APART else None


def _colour_first(tile: Tile) -> torch.Tensor:
    return torch.from_numpy(tile.transpose(2, 0, 1).copy())
