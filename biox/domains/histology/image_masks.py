"""Stained fields with the outline of every nucleus: cut into tiles that hold a nucleus or do not."""

from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from biox.core.errors import InputError, listed
from biox.core.reading import reading
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.histology.image_names import image_names
from biox.domains.histology.masked_tiles import MaskedTiles
from biox.domains.histology.planted import Plant, planted
from biox.domains.histology.sheets import as_numbers, read_sheet
from biox.domains.histology.tile_cohort import tile_cohort, unknown_patients

OBJECT, NONE = "nucleus", "none"


class ImageMasks(Strict):
    """Which arrays, and how they are cut.

    file: ``.npz`` with ``images`` (image, height, width, 3) of 8-bit intensities, ``instance_masks`` (image, height,
    width; 0 is background) and ``image_ids``; further arrays with one entry an image are covariates. index: a CSV whose
    column ``image_id`` repeats the identities, with further covariates. tile: side in pixels. least: tiles whose mask
    covers less than this share, but something, are left out: they hold the cut edge of an object, and neither label
    fits them.
    """

    file: Path
    index: Path | None = None
    tile: int = Field(default=64, ge=8)
    least: float = Field(default=0.02, ge=0, lt=1)
    plant: Plant | None = None


def image_masks(settings: ImageMasks) -> Cohort:
    """Tiles labelled by whether their mask holds an object; the mask stays with them to score where a heatmap looks.

    x: ``MaskedTiles``, shape (tile, 3, side, side). A subject is an image: where patients are not known, tiles of one
    image must not train and test. Raises InputError where arrays are missing or do not fit together.
    """
    arrays = _arrays(settings.file)
    about = _about(arrays, settings)
    images, masks = arrays["images"], arrays["instance_masks"] > 0
    pixels = np.moveaxis(_cut(images, settings.tile), -1, 1)
    covered = _cut(masks, settings.tile)
    rows, columns = (n // settings.tile for n in images.shape[1:3])
    share = covered.mean(axis=(1, 2))
    kept = np.flatnonzero((share == 0) | (share >= settings.least))
    place = np.arange(len(share)) % (rows * columns)
    samples = (
        about.iloc[kept // (rows * columns)]
        .reset_index(drop=True)
        .assign(row=place[kept] // columns, column=place[kept] % columns, covered=share[kept])
    )
    samples.insert(
        0, "sample", samples["subject"] + "_" + samples["row"].astype(str) + "_" + samples["column"].astype(str)
    )
    samples.insert(2, "label", np.where(share[kept] > 0, OBJECT, NONE))
    x = MaskedTiles(np.ascontiguousarray(pixels[kept]), covered[kept])
    return planted(tile_cohort(x, samples, (NONE, OBJECT), _notes(images, settings.tile, share, kept)), settings.plant)


def _notes(images: np.ndarray, tile: int, share: np.ndarray, kept: np.ndarray) -> tuple[str, ...]:
    left = len(share) - len(kept)
    edge = [n % tile for n in images.shape[1:3]]
    notes = [f"{left} of {len(share)} tiles with no more than the cut edge of an object were left out"] if left else []
    notes += [f"{edge[0]} rows and {edge[1]} columns of pixels of each image fill no tile"] if any(edge) else []
    return (*notes, unknown_patients("image"))


def _arrays(file: Path) -> dict[str, np.ndarray]:
    with reading(file, "a .npz file with images and instance_masks"), np.load(file, allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    missing = [name for name in ("images", "instance_masks", "image_ids") if name not in arrays]
    if missing:
        raise InputError(f"{file} lacks the arrays {listed(missing)}; it has {listed(arrays)}.")
    images, masks, ids = (arrays[name] for name in ("images", "instance_masks", "image_ids"))
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
        raise InputError(
            f"{file}: images have shape {images.shape} of {images.dtype}, expected (image, height, width, 3) of uint8."
        )
    if not len(images) or masks.shape != images.shape[:3]:
        raise InputError(
            f"{file}: {len(images)} images of {images.shape[1:3]} pixels need as many masks of that size, and at least "
            f"one; found masks {masks.shape}."
        )
    if masks.dtype.kind not in "biuf":
        raise InputError(f"{file}: instance_masks are {masks.dtype}; expected numbers, 0 where there is nothing.")
    return arrays | {"image_ids": image_names(ids, len(images), file)}


def _about(arrays: dict[str, np.ndarray], settings: ImageMasks) -> pd.DataFrame:
    """One row an image: subject, and everything known of it."""
    ids = arrays["image_ids"]
    if settings.tile > min(arrays["images"].shape[1:3]):
        raise InputError(
            f"{settings.file}: the images of {arrays['images'].shape[1:3]} pixels are smaller than a tile."
        )
    strange = [name for name, values in arrays.items() if values.dtype.kind not in "biufU"]
    if strange:
        raise InputError(
            f"{settings.file}: {strange[0]} is {arrays[strange[0]].dtype}; expected numbers or text, one an image."
        )
    extra = {name: values for name, values in arrays.items() if values.shape == ids.shape and name != "image_ids"}
    about = pd.DataFrame({"subject": ids, **extra})
    if settings.index is None:
        return about
    table = read_sheet(settings.index, ("image_id",), unique="image_id").set_index("image_id")
    absent = [one for one in ids.tolist() if one not in table.index]
    if absent:
        raise InputError(f"{settings.index}: image {absent[0]!r} is not in column 'image_id' ({len(absent)} are not).")
    found = table.loc[ids].reset_index(drop=True).apply(as_numbers)
    # A column may repeat an array under another name; it is one covariate.
    known = [list(about[name]) for name in about]
    return pd.concat([about, found[[n for n in found if n not in about and list(found[n]) not in known]]], axis=1)


def _cut(fields: np.ndarray, side: int) -> np.ndarray:
    """Cut (field, height, width, ...) into squares: (field * square, side, side, ...), row by row."""
    n, height, width = len(fields), fields.shape[1] // side, fields.shape[2] // side
    whole = fields[:, : height * side, : width * side]
    cut = whole.reshape(n, height, side, width, side, *fields.shape[3:])
    return np.moveaxis(cut, 3, 2).reshape(-1, side, side, *fields.shape[3:])
