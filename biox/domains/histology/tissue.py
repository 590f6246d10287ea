"""Where a slide has tissue: what is more colourful than glass at low power, without dust and small gaps."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from pydantic import Field
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.morphology import remove_small_holes, remove_small_objects

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.domains.histology.quality import inked, saturation
from biox.domains.histology.whole_slide import WholeSlide, sampling, thumbnail

DARK = 40.0  # intensities: darker is no stain (a marker, the edge of the scan)
# Otsu's threshold splits whatever it gets: on bare glass the noise, on a slide full of tissue the tissue.
SATURATION_RANGE = (0.05, 0.15)


class Tissue(Strict):
    """How tissue is found: at which resolution, and what is too small to count.

    saturation: the threshold (0 to 1), None for Otsu's. smallest_um2: smaller pieces are dust; holes_um2: smaller gaps
    are filled.
    """

    mpp: float = Field(default=8.0, gt=0)
    saturation: float | None = Field(default=None, gt=0, lt=1)
    smallest_um2: float = Field(default=10_000.0, ge=0)
    holes_um2: float = Field(default=5_000.0, ge=0)


@dataclass(frozen=True)
class TissueMask:
    """Tissue at low power: True where it is, and how many level-0 pixels (x, y) one pixel of the mask is wide."""

    mask: Bool[np.ndarray, "height width"]
    step: tuple[float, float]

    def share(self, boxes: Float[np.ndarray, "box 4"]) -> Float[np.ndarray, " box"]:
        """Share of tissue in boxes (left, top, right, bottom in level-0 pixels), 0 to 1; outside there is none."""
        sums = np.pad(self.mask.astype(float).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        scaled = np.asarray(boxes, float) / np.array([*self.step, *self.step])
        height, width = self.mask.shape
        left, right = np.clip(scaled[:, 0], 0, width), np.clip(scaled[:, 2], 0, width)
        top, bottom = np.clip(scaled[:, 1], 0, height), np.clip(scaled[:, 3], 0, height)

        # Between its nodes the sum over a mask of constant squares is bilinear, so this is exact.
        def upto(y: np.ndarray, x: np.ndarray) -> np.ndarray:
            return ndimage.map_coordinates(sums, [y, x], order=1)

        within = upto(bottom, right) - upto(top, right) - upto(bottom, left) + upto(top, left)
        area = (scaled[:, 2] - scaled[:, 0]) * (scaled[:, 3] - scaled[:, 1])
        return np.clip(within / area, 0, 1)


def tissue_mask(slide: WholeSlide, settings: Tissue) -> TissueMask:
    """Where there is tissue on a slide, by colour saturation at low power. A slide without any is an InputError."""
    mpp = max(settings.mpp, *slide.mpp)
    picture, how = thumbnail(slide, mpp), sampling(slide, mpp)
    colours = picture.transpose(2, 0, 1)[None].astype(np.float32)
    colourful = ndimage.median_filter(saturation(colours)[0], 3)
    stained = (picture.max(axis=2) >= DARK) & ~inked(picture)
    least = settings.saturation or threshold(colourful[stained])
    mask = (colourful > least) & stained
    mask = remove_small_objects(mask, max_size=_pixels(settings.smallest_um2, mpp))
    mask = remove_small_holes(mask, max_size=_pixels(settings.holes_um2, mpp))
    if not mask.any():
        raise InputError(
            f"{slide.file} holds no tissue: nowhere are {settings.smallest_um2:g} square micrometres in one piece "
            f"more saturated than {least:.2f} (glass has about 0.02). Is it the right slide? Else mend `tissue`."
        )
    return TissueMask(mask, how.step)


def threshold(colourful: Float[np.ndarray, " pixel"]) -> float:
    """Otsu's threshold between glass and stained tissue, kept within what glass and stains can have."""
    if not len(colourful) or colourful.min() == colourful.max():
        return SATURATION_RANGE[0]
    return float(np.clip(threshold_otsu(colourful), *SATURATION_RANGE))


def _pixels(area_um2: float, mpp: float) -> int:
    return math.floor(area_um2 / mpp**2)
