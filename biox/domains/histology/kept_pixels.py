"""Copies of pixels in files of their own, and bags of which such a copy is kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from biox.core.arrays import Part, rows_within
from biox.core.errors import InputError

OPENER = "biox.domains.histology.kept_pixels:open_kept"
BYTES_AT_ONCE = 2**28


@dataclass(frozen=True)
class KeptBags:
    """Bags of tiles whose pixels were copied, indexed like an array of shape (slide, 3, K, side, side).

    pixels: an array, or one in a file. tiles: one row a tile with ``slide``, ``x`` and ``y`` in level-0 pixels.
    bags: shape (slide, K), rows of ``tiles``.
    """

    pixels: Any
    tiles: pd.DataFrame
    bags: np.ndarray
    views: tuple[str, ...] = ()
    opener: str = OPENER

    @property
    def shape(self) -> tuple[int, ...]:
        """(slide, 3, K, side, side)."""
        return tuple(self.pixels.shape)

    @property
    def dtype(self) -> np.dtype:
        """8-bit intensities."""
        return self.pixels.dtype

    @property
    def ndim(self) -> int:
        """Number of axes: 5."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.asarray(self.pixels[rows])

    def view(self, name: str) -> "KeptBags":
        """There is no other version of these tiles: an InputError says so."""
        raise InputError(f"There is no view {name!r} of these tiles; they have none.")

    def subset(self, rows: np.ndarray) -> "KeptBags":
        """The chosen bags, still unread."""
        return KeptBags(Part(self.pixels, rows), self.tiles, self.bags[rows])

    def save(self, folder: Path) -> None:
        """Write the pixels, the tile index and the bags; ``open_kept`` reads them again."""
        write_bags(folder, self.pixels, self.tiles, self.bags)


def write_bags(folder: Path, pixels: Any, tiles: pd.DataFrame, bags: np.ndarray) -> None:
    """Write ``pixels.npy``, ``tiles.parquet`` and ``bags.npy``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_pixels(folder / "pixels.npy", pixels)
    tiles.to_parquet(folder / "tiles.parquet")
    np.save(folder / "bags.npy", bags)


def open_kept(folder: Path) -> KeptBags:
    """The bags that ``KeptBags.save`` wrote; their pixels stay in the file until they are asked for."""
    tiles, bags = pd.read_parquet(folder / "tiles.parquet"), np.load(folder / "bags.npy", allow_pickle=False)
    return KeptBags(open_pixels(folder / "pixels.npy"), tiles, bags)


def write_pixels(file: Path, x: Any) -> None:
    """Copy anything that is indexed like an array into a file, some rows at a time."""
    copy = np.lib.format.open_memmap(file, "w+", x.dtype, tuple(x.shape))
    size = rows_within(x.shape, BYTES_AT_ONCE, max(1, x.shape[0]))
    for start in range(0, x.shape[0], size):
        copy[start : start + size] = x[start : start + size]
    copy.flush()


def open_pixels(file: Path) -> np.ndarray:
    """What ``write_pixels`` wrote, left in the file."""
    return np.load(file, mmap_mode="r", allow_pickle=False)
