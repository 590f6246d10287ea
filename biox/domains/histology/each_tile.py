"""What is done to one tile after the other, whether they lie in bags or not, and the tile to compare with."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import UnidentifiedImageError

from biox.core.errors import InputError
from biox.domains.histology.open_picture import opened_picture

Pixels = UInt8[np.ndarray, "sample 3 *tile y x"]
Tile = UInt8[np.ndarray, "y x 3"]


def each_tile(pixels: Pixels, change: Callable[[Tile], Tile]) -> Pixels:
    """The tiles, each changed by itself: what becomes of a tile does not depend on those that are read with it.

    pixels: 8-bit red, green, blue: tiles (sample, 3, y, x) or bags of tiles (bag, 3, tile, y, x); the same comes back.
    """
    last = np.moveaxis(np.asarray(pixels), 1, -1)
    tiles = last.reshape(-1, *last.shape[-3:])
    changed = np.empty_like(tiles)
    for place, tile in enumerate(tiles):
        changed[place] = change(tile)
    return np.ascontiguousarray(np.moveaxis(changed.reshape(last.shape), -1, 1))


def read_tile(file: Path) -> Tile:
    """An image file as 8-bit red, green, blue; an InputError where it is none."""
    try:
        with opened_picture(file) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"The reference {file} cannot be read as an image: {error}.") from None
