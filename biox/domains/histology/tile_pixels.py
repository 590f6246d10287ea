"""The pixels of tiles that stay in their slides until they are asked for, read by several processes.

Indexed like an array; only what is asked for is in memory. Within a request tiles are read in the order of the tile
index, so that a compressed block of the slide which several tiles share is decoded once.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.domains.histology import kept_pixels
from biox.domains.histology.reading_processes import reading
from biox.domains.histology.tile_reading import Cut, Source, fill

OPENER = "biox.domains.histology.tile_pixels:open_tiles"
FEW = 16  # fewer tiles than this are read right here


class TilePixels:
    """Tiles of slides, or bags of them, indexed like an array of shape (tile, 3, side, side) of 8-bit intensities.

    sources: the file of every slide by its name. tiles: one row a tile with ``slide``, ``x`` and ``y`` (left top corner
    in level-0 pixels), in the order in which tiles are best read. side: pixels of a tile. mpp: micrometres per pixel.
    workers: processes that read. bags: shape (slide, K), rows of ``tiles``: one sample is then a slide, of shape
    (3, K, side, side). cached: the store keeps a copy of all pixels, instead of reading the slides anew each time.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        tiles: pd.DataFrame,
        size: tuple[int, float],
        *,
        workers: int = 1,
        bags: np.ndarray | None = None,
        cached: bool = False,
    ) -> None:
        unknown = sorted(set(tiles["slide"]) - set(sources))
        assert not unknown, f"tiles of slides without a file: {unknown}"
        self.sources, self.tiles, self.bags, self.workers = dict(sources), tiles, bags, workers
        self.side, self.mpp = size
        self.views: tuple[str, ...] = ()
        # A copy of single tiles is the store's; beside one of bags their places on the slides must be kept.
        self._cached = cached
        self.opener = OPENER if not cached else kept_pixels.OPENER if bags is not None else None
        self.dtype = np.dtype(np.uint8)
        first = (len(tiles), 3) if bags is None else (len(bags), 3, bags.shape[1])
        self.shape: tuple[int, ...] = (*first, self.side, self.side)
        self.ndim = len(self.shape)
        self._places = tiles[["x", "y"]].to_numpy().T
        self._slide = tiles["slide"].map({name: number for number, name in enumerate(sources)}).to_numpy(int)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        one = isinstance(rows, int | np.integer)
        wanted = np.atleast_1d(np.arange(len(self))[rows])
        if self.bags is None:
            found = self.read(wanted)
        else:
            flat = self.read(self.bags[wanted].ravel())
            found = np.moveaxis(flat.reshape(len(wanted), -1, *flat.shape[1:]), 2, 1)
        return found[0] if one else found

    def read(self, rows: np.ndarray) -> np.ndarray:
        """The tiles of some rows of the tile index, shape (row, 3, side, side)."""
        cut = self._cut(rows)
        found = np.empty((len(rows), 3, self.side, self.side), np.uint8)
        if self.workers == 1 or len(rows) < FEW:
            fill(found, cut, self.mpp)
        else:
            reading(self.workers).read(found, cut, self.mpp)
        return found

    def view(self, name: str) -> "TilePixels":
        """There is no other version of these tiles: an InputError says so."""
        raise InputError(f"There is no view {name!r} of these tiles; they have none.")

    def subset(self, rows: np.ndarray) -> "TilePixels":
        """The chosen samples, still unread."""
        tiles = self.tiles if self.bags is not None else self.tiles.iloc[rows].reset_index(drop=True)
        bags = None if self.bags is None else self.bags[rows]
        size = (self.side, self.mpp)
        return TilePixels(self.sources, tiles, size, workers=self.workers, bags=bags, cached=self._cached)

    def save(self, folder: Path) -> None:
        """Write the tile index and where the slides lie (not their pixels); ``open_tiles`` reads them again.

        Of cached bags the pixels are written instead of where they lie.
        """
        if self._cached and self.bags is not None:
            kept_pixels.write_bags(folder, self, self.tiles, self.bags)
            return
        folder.mkdir(parents=True, exist_ok=True)
        self.tiles.to_parquet(folder / "tiles.parquet")
        if self.bags is not None:
            np.save(folder / "bags.npy", self.bags)
        files = {name: asdict(source) | {"file": source.file.as_posix()} for name, source in self.sources.items()}
        kept = {"side": self.side, "mpp": self.mpp, "workers": self.workers, "sources": files}
        (folder / "pixels.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")

    def _cut(self, rows: np.ndarray) -> Cut:
        """The tiles of these rows in the order of the tile index, in which neighbours follow each other."""
        place = np.argsort(rows, kind="stable")
        chosen = rows[place]
        x, y = self._places[:, chosen]
        return Cut(tuple(self.sources.values()), self._slide[chosen], x, y, place)


def open_tiles(folder: Path) -> TilePixels:
    """The tiles that ``TilePixels.save`` described; a slide that is gone is an InputError."""
    kept = json.loads((folder / "pixels.json").read_text(encoding="utf-8"))
    sources = {name: Source(Path(one["file"]), one["mpp"]) for name, one in kept["sources"].items()}
    gone = [str(source.file) for source in sources.values() if not source.file.exists()]
    if gone:
        raise InputError(
            f"The slides {listed(gone)} are no longer there, and their pixels were not copied. Put them back, or set "
            "`cache: true` in the data of the study, so that a copy is kept."
        )
    bags = folder / "bags.npy"
    return TilePixels(
        sources,
        pd.read_parquet(folder / "tiles.parquet"),
        (kept["side"], kept["mpp"]),
        workers=kept["workers"],
        bags=np.load(bags, allow_pickle=False) if bags.exists() else None,
    )
