"""Colour normalisation by Reinhard et al. 2001: the tissue of every tile gets the mean and spread of the reference."""

from pathlib import Path

import numpy as np
from torchstain.numpy.normalizers import NumpyReinhardNormalizer

from biox.core.errors import InputError
from biox.domains.histology.each_tile import Pixels, Tile, each_tile, read_tile

WHITE = 255  # intensity of clear glass
CLEAR, DENSE = 0.15, 0.25  # optical density (natural logarithm): clear glass up to the one, all tissue from the other
FEWEST = 0.05  # share of tissue pixels that a tile must have
EVEN = 1e-3  # spread of a colour channel below which a tile is one even colour
STRETCH = 2.0  # the most that contrast is raised, so that noise is not taken for tissue
# Lightness, red against green, yellow against blue (CIELAB) of the tissue of openslide's test slide CMU-1-Small-Region.
MEAN, SPREAD = (47.5, 28.9, -12.5), (19.1, 12.7, 9.9)


def reinhard(pixels: Pixels, *, reference: Path | None = None) -> Pixels:
    """Tiles of all scanners and laboratories with the same mean colour and the same contrast of their tissue.

    Each tile's tissue pixels are shifted and stretched in CIELAB colours, by their own mean and standard deviation, to
    those of the reference, but no contrast is more than doubled. ``reference``: an image file; without it those of an
    openly published H&E slide. Takes and gives 8-bit tiles (sample, 3, y, x) or bags (bag, 3, tile, y, x). Clear glass
    is left out and stays as it is, and so do tiles of which less than 5 % are tissue, or whose tissue has one even
    colour. Unlike ``macenko`` it makes equal what may differ for a reason: a tile full of nuclei gets no darker than
    one of stroma. By torchstain (MIT licence). A reference that is no image or holds too little tissue is an
    InputError.
    """
    mean, spread = np.array(MEAN), np.array(SPREAD)
    if reference is not None:
        tile = read_tile(reference)
        tissue = _tissue(tile)
        if tissue is None:
            raise InputError(f"The reference {reference} has too little tissue to take its colours from.")
        mean, spread = _colours(tile[tissue][:, None])
    return each_tile(pixels, lambda tile: _normalised(tile, mean, spread))


def _normalised(tile: Tile, mean: np.ndarray, spread: np.ndarray) -> Tile:
    tissue = _tissue(tile)
    if tissue is None:
        return tile
    pixels = tile[tissue][:, None]
    _, own = _colours(pixels)
    if (own < EVEN).any():
        return tile
    target = NumpyReinhardNormalizer()
    target.target_means, target.target_stds = mean, np.minimum(spread, STRETCH * own)
    # Half glass, half tissue is changed half, so that no step arises where the tissue ends.
    share = ((_density(pixels) - CLEAR) / (DENSE - CLEAR)).clip(0, 1)[..., None]
    changed = tile.copy()
    changed[tissue] = np.round(share * target.normalize(pixels) + (1 - share) * pixels)[:, 0]
    return changed


def _colours(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation in CIELAB of the pixels of a picture."""
    found = NumpyReinhardNormalizer()
    found.fit(pixels)
    return np.asarray(found.target_means), np.asarray(found.target_stds)


def _tissue(tile: Tile) -> np.ndarray | None:
    """Which pixels are tissue; None where they are too few."""
    tissue = _density(tile) > CLEAR
    return tissue if tissue.mean() >= FEWEST else None


def _density(pixels: np.ndarray) -> np.ndarray:
    return -np.log((pixels.astype(np.float32) + 1) / WHITE).mean(-1)
