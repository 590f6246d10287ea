"""How large nuclei look in some tiles: whether a new slide is shown at the magnification that the models learnt.

Nuclei are what absorbs red light (haematoxylin does, eosin does not): Otsu's threshold on the smoothed red channel,
touching ones parted where the mask is narrow (watershed of the distance transform). It is for comparing tiles of one
size, measured alike, and no measurement of a nucleus: large ones are cut off by the tile and do not count, small ones
are dust, so that fields of BBBC038 shown at half their size give 0.74 of the diameter and not 0.5.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.measure import regionprops_table
from skimage.segmentation import watershed

from biox.domains.histology.tile_colours import as_tiles, evenly

CONTRAST = 40.0  # how much darker (0 to 255, red) nuclei must be than what lies around them
MOST = 300  # tiles that are looked at, spread evenly
MOST_COVERED = 0.5  # more than this share of a tile is no nuclei but a dark tile
SMALLEST = 20  # pixels: smaller is dust
APART = 4  # pixels between the middles of two nuclei


def nucleus_diameters(tiles: UInt8[np.ndarray, "tile 3 height width"]) -> Float[np.ndarray, " nucleus"]:
    """Diameter in pixels, of a circle of the same area, of every whole nucleus that is found; those cut off are not."""
    found = [_of_tile(tile[0].astype(float)) for tile in tiles]
    return np.concatenate([*found, np.empty(0)])


def typical_diameter(x: Any, fewest: int = 20) -> float:
    """The median diameter in pixels over at most MOST samples; NaN where fewer nuclei than ``fewest`` are found."""
    found = nucleus_diameters(as_tiles(np.asarray(x[evenly(len(x), MOST)])))
    return float(np.median(found)) if len(found) >= fewest else np.nan


def _of_tile(red: Float[np.ndarray, "height width"]) -> Float[np.ndarray, " nucleus"]:
    smooth = gaussian(red, 1, preserve_range=True)
    if smooth.min() == smooth.max():
        return np.empty(0)
    dark = smooth < threshold_otsu(smooth)
    if dark.mean() > MOST_COVERED or smooth[~dark].mean() - smooth[dark].mean() < CONTRAST:
        return np.empty(0)
    dark = ndimage.binary_opening(ndimage.binary_fill_holes(dark), np.ones((3, 3), bool))
    inside = gaussian(np.asarray(ndimage.distance_transform_edt(dark)), 1)
    parts, _ = ndimage.label(dark)
    middles = peak_local_max(inside, min_distance=APART, labels=parts, exclude_border=False)
    seeds = np.zeros(dark.shape, int)
    seeds[tuple(middles.T)] = np.arange(1, len(middles) + 1)
    return _whole(watershed(-inside, seeds, mask=dark))


def _whole(labels: np.ndarray) -> Float[np.ndarray, " nucleus"]:
    """Diameters of the labelled pieces that do not touch the edge of the tile."""
    table = regionprops_table(labels, properties=("area", "bbox"))
    height, width = labels.shape
    inner = (table["bbox-0"] > 0) & (table["bbox-1"] > 0) & (table["bbox-2"] < height) & (table["bbox-3"] < width)
    return np.sqrt(4 * table["area"][inner & (table["area"] >= SMALLEST)] / np.pi)
