"""Tiles held in memory or in one file, with a mask of the object that each label is about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from biox.core.errors import InputError

OPENER = "biox.domains.histology.masked_tiles:open_masked"


@dataclass(frozen=True)
class MaskedTiles:
    """Tiles and, pixel by pixel, where the object is (nuclei, tumour cells), indexed like an array of tiles.

    pixels: shape (tile, 3, height, width), 8-bit red, green, blue. masks: shape (tile, height, width), True on the
    object; they score where a heatmap looks and are never shown to a model.
    """

    pixels: UInt8[np.ndarray, "tile 3 height width"]
    masks: Bool[np.ndarray, "tile height width"]
    views: tuple[str, ...] = ()
    opener: str = OPENER

    def __post_init__(self) -> None:
        expected = (self.pixels.shape[0], *self.pixels.shape[2:])
        assert self.masks.shape == expected, f"masks of shape {self.masks.shape} beside tiles {self.pixels.shape}"

    @property
    def shape(self) -> tuple[int, ...]:
        """(tile, 3, height, width)."""
        return self.pixels.shape

    @property
    def dtype(self) -> np.dtype:
        """8-bit intensities."""
        return self.pixels.dtype

    @property
    def ndim(self) -> int:
        """Number of axes: 4."""
        return self.pixels.ndim

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.asarray(self.pixels[rows])

    def view(self, name: str) -> "MaskedTiles":
        """There is no other version of these tiles: an InputError says so."""
        raise InputError(f"There is no view {name!r} of these tiles; they have none.")

    def subset(self, rows: np.ndarray) -> "MaskedTiles":
        """The chosen tiles with their masks."""
        return MaskedTiles(self.pixels[rows], self.masks[rows])

    def save(self, folder: Path) -> None:
        """Write ``pixels.npy`` and ``masks.npy``; ``open_masked`` reads them again."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "pixels.npy", self.pixels)
        np.save(folder / "masks.npy", self.masks)


def open_masked(folder: Path) -> MaskedTiles:
    """The tiles that ``MaskedTiles.save`` wrote; their pixels stay in the file until they are asked for."""
    pixels, masks = (np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ("pixels", "masks"))
    return MaskedTiles(pixels, masks)
