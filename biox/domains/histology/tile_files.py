"""Tiles that are picture files of one size, read when they are asked for."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from biox.core.errors import InputError
from biox.domains.histology.open_picture import opened_picture

OPENER = "biox.domains.histology.tile_files:open_files"


class TileFiles:
    """Pictures indexed like an array of shape (tile, 3, height, width) of 8-bit intensities.

    files: one a tile. size: height and width of all. workers: files that are read at the same time. cached: the store
    keeps a copy of the pixels, instead of reading the files anew each time.
    """

    def __init__(self, files: Sequence[Path], size: tuple[int, int], *, workers: int = 1, cached: bool = False) -> None:
        self.files, self.workers = tuple(files), workers
        self.shape: tuple[int, ...] = (len(self.files), 3, *size)
        self.dtype, self.ndim = np.dtype(np.uint8), 4
        self.views: tuple[str, ...] = ()
        self.opener = None if cached else OPENER

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows: Any) -> np.ndarray:
        one = isinstance(rows, int | np.integer)
        wanted = [self.files[row] for row in np.atleast_1d(np.arange(len(self))[rows])]
        if self.workers == 1:
            pictures = [read_picture(file) for file in wanted]
        else:
            with ThreadPoolExecutor(self.workers) as threads:  # decoding releases Python's lock
                pictures = list(threads.map(read_picture, wanted))
        found = np.stack(pictures) if pictures else np.empty((0, *self.shape[1:]), np.uint8)
        return found[0] if one else found

    def view(self, name: str) -> "TileFiles":
        """There is no other version of these tiles: an InputError says so."""
        raise InputError(f"There is no view {name!r} of these tiles; they have none.")

    def subset(self, rows: np.ndarray) -> "TileFiles":
        """The chosen tiles, still unread."""
        size = (self.shape[2], self.shape[3])
        return TileFiles([self.files[r] for r in rows], size, workers=self.workers, cached=self.opener is None)

    def save(self, folder: Path) -> None:
        """Write where the files lie; ``open_files`` reads them again."""
        folder.mkdir(parents=True, exist_ok=True)
        kept = {"size": self.shape[2:], "workers": self.workers, "files": [file.as_posix() for file in self.files]}
        (folder / "pixels.json").write_text(json.dumps(kept) + "\n", encoding="utf-8")


def open_files(folder: Path) -> TileFiles:
    """The tiles that ``TileFiles.save`` described."""
    kept = json.loads((folder / "pixels.json").read_text(encoding="utf-8"))
    height, width = kept["size"]
    return TileFiles([Path(file) for file in kept["files"]], (height, width), workers=kept["workers"])


def read_picture(file: Path) -> np.ndarray:
    """A picture file as red, green and blue, shape (3, height, width); transparent parts are white.

    Raises InputError for a file that is missing, damaged, no picture, or has more than 8 bits a colour.
    """
    try:
        with opened_picture(file) as picture:
            if picture.mode.startswith(("I", "F")):
                raise InputError(f"{file} has {picture.mode} pixels; expected 8 bits for red, green and blue.")
            rgba = picture.convert("RGBA")
    except FileNotFoundError:
        raise InputError(f"There is no file {file}; expected a tile.") from None
    except UnidentifiedImageError:
        raise InputError(f"{file} is no picture that can be read; expected PNG, JPEG or TIFF.") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{file} is damaged: {error}. Copy it again.") from None
    white = Image.new("RGBA", rgba.size, "white")
    return np.stack([np.asarray(band) for band in Image.alpha_composite(white, rgba).split()[:3]])
