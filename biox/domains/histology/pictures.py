"""New pictures of which nothing is known: cut into the tiles that a study's models were trained on."""

from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from biox.core.errors import InputError, listed
from biox.core.reading import reading
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.histology.image_names import image_names
from biox.domains.histology.quality import flags
from biox.domains.histology.tile_cohort import UNKNOWN, UNLABELLED, tile_cohort
from biox.domains.histology.tile_files import read_picture
from biox.domains.histology.tile_folder import SUFFIXES


class Pictures(Strict):
    """Which pictures, and how they are cut.

    file: one picture, a folder of them, or a ``.npz`` with ``images`` (image, height, width, 3) of 8-bit intensities
    and, if it has them, ``image_ids``. tile: side of a tile in pixels; every picture must be at least so large, and
    what is left over at its right and lower edge is not looked at; None takes each picture as one tile.
    mpp: micrometres per pixel, without which the quality of the tiles is not judged.
    """

    file: Path
    tile: int | None = Field(default=None, ge=8)
    mpp: float | None = Field(default=None, gt=0)


def pictures(settings: Pictures) -> Cohort:
    """The tiles of pictures without labels, row by row; every picture counts as a slide and a patient of its own.

    x: shape (tile, 3, side, side), 8-bit. samples: ``row`` and ``column`` of the tile in its picture. Raises InputError
    for files that are missing, damaged, no pictures, or smaller than a tile.
    """
    tiles, tables = [], []
    for name, picture in _read(settings.file):
        size = picture.shape[1:] if settings.tile is None else (settings.tile, settings.tile)
        if tiles and tiles[0].shape[2:] != size:
            raise InputError(
                f"{settings.file}: the picture {name!r} has another size than the first one; set `tile` to cut both."
            )
        cut = _cut(picture, size, f"{settings.file}: the picture {name!r}")
        tiles.append(cut.reshape(-1, *cut.shape[2:]))
        rows, columns = np.indices(cut.shape[:2]).reshape(2, -1)
        tables.append(pd.DataFrame({"slide": name, "row": rows, "column": columns}))
    x, samples = np.concatenate(tiles), pd.concat(tables, ignore_index=True)
    names = samples["slide"] + "_" + samples["row"].astype(str) + "_" + samples["column"].astype(str)
    samples = samples.assign(sample=names, subject=samples["slide"], label=UNLABELLED, site=UNKNOWN)
    if settings.mpp is not None:
        samples = pd.concat([samples.assign(mpp=settings.mpp), flags(x, settings.mpp)], axis=1)
    return tile_cohort(np.ascontiguousarray(x), samples, (UNLABELLED,), ())


def _cut(picture: np.ndarray, size: tuple[int, int], where: str) -> np.ndarray:
    """Tiles of a picture in their grid, shape (row, column, 3, height, width)."""
    (height, width), (high, wide) = size, (n // side for n, side in zip(picture.shape[1:], size, strict=True))
    if not high or not wide:
        raise InputError(
            f"{where} has {picture.shape[2]} x {picture.shape[1]} pixels, less than a tile of {width} x {height}. Give "
            "larger pictures, of the resolution of the training tiles."
        )
    whole = picture[:, : high * height, : wide * width].reshape(3, high, height, wide, width)
    return whole.transpose(1, 3, 0, 2, 4)


def _read(file: Path) -> list[tuple[str, np.ndarray]]:
    """Every picture with its name, shape (3, height, width)."""
    if not file.exists():
        raise InputError(f"There is no file or folder {file}; expected pictures.")
    if file.suffix.lower() == ".npz":
        return _arrays(file)
    if file.is_file():
        return [(file.stem, read_picture(file))]
    found = [one for one in sorted(file.iterdir()) if one.suffix.lower() in SUFFIXES]
    if not found:
        raise InputError(f"{file} holds no picture; looked for {', '.join(SUFFIXES)}.")
    return [(one.name, read_picture(one)) for one in found]


def _arrays(file: Path) -> list[tuple[str, np.ndarray]]:
    with reading(file, "a .npz file with pictures"), np.load(file, allow_pickle=False) as found:
        arrays = {name: found[name] for name in ("images", "image_ids") if name in found.files}
        there = list(found.files)
    if "images" not in arrays:
        raise InputError(f"{file} lacks the array 'images'; it has {listed(there)}.")
    images = arrays["images"]
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8 or not len(images):
        raise InputError(
            f"{file}: images have shape {images.shape} of {images.dtype}, expected (image, height, width, 3) of uint8."
        )
    names = image_names(arrays.get("image_ids", np.arange(len(images))), len(images), file)
    return list(zip(names.tolist(), np.moveaxis(images, 3, 1), strict=True))
