"""Which tiles to cut from a slide: a regular grid, of which those with enough tissue are kept."""

import math
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from biox.core.study import Strict
from biox.domains.histology.tissue import TissueMask
from biox.domains.histology.whole_slide import Sampling, WholeSlide, sampling

# Tiles are listed strip by strip, so that the compressed blocks which neighbours share are still decoded when the next
# row of tiles comes: a strip of this many pixels fits the memory for decoded blocks, the width of a slide does not.
STRIP = 8192


class Tiling(Strict):
    """Size, resolution and spacing of tiles. The side is given in pixels or in micrometres.

    mpp: micrometres per pixel of the tiles. stride: from tile to tile, in sides (0.5 overlaps by half).
    tissue: share of tissue that a tile needs at least. edge: whether tiles that reach beyond the slide are left out,
    or filled up with white.
    """

    side_px: int | None = Field(default=None, ge=8)
    side_um: float | None = Field(default=None, gt=0)
    mpp: float = Field(default=0.5, gt=0)
    stride: float = Field(default=1.0, gt=0)
    tissue: float = Field(default=0.5, ge=0, le=1)
    edge: Literal["leave out", "pad"] = "leave out"

    @model_validator(mode="after")
    def _one_side(self) -> "Tiling":
        if self.side_px is not None and self.side_um is not None:
            raise ValueError("give the tiles' side in pixels (side_px) or in micrometres (side_um), not both")
        if self.side_um is not None and self.side < 8:
            raise ValueError(f"a side of {self.side_um:g} micrometres has fewer than 8 pixels of {self.mpp:g}")
        return self

    @property
    def side(self) -> int:
        """Pixels along a side of every tile; 224 unless said otherwise."""
        return round(self.side_um / self.mpp) if self.side_um is not None else (self.side_px or 224)


def tile_index(slide: WholeSlide, tissue: TissueMask, tiling: Tiling) -> pd.DataFrame:
    """The tiles of one slide that hold enough tissue, in the order in which they are best read. May have no row.

    Columns: ``x``, ``y`` (left top corner, level-0 pixels), ``size``, ``size_y`` (width and height in level-0 pixels;
    they differ only where the slide's pixels are not square), ``mpp`` (of the tile's pixels), ``tissue`` (share).
    """
    how = sampling(slide, tiling.mpp)
    (across, width), (down, height) = (_starts(slide, how, tiling, axis) for axis in (0, 1))
    strip = across // (STRIP * how.step[0])
    order = np.lexsort(
        (np.tile(across, len(down)), np.repeat(down, len(across)), np.tile(strip, len(down)))
    )  # by strip, then row, then column
    x, y = np.tile(across, len(down))[order], np.repeat(down, len(across))[order]
    share = tissue.share(np.stack([x, y, x + width, y + height], axis=1))
    table = pd.DataFrame({"x": x, "y": y, "size": width, "size_y": height, "mpp": how.mpp, "tissue": share})
    return table[share >= max(tiling.tissue, np.finfo(float).eps)].reset_index(drop=True)


def _starts(slide: WholeSlide, how: Sampling, tiling: Tiling, axis: int) -> tuple[np.ndarray, float]:
    """Left (or top) ends of the tiles along one axis, whole level-0 pixels, and the length of a tile there."""
    length, stride = tiling.side * how.step[axis], tiling.stride * tiling.side * how.step[axis]
    room = slide.size[axis] - (length if tiling.edge == "leave out" else 0)
    # Half a pixel of play: an exact fit must not fail by rounding.
    count = math.floor((room + 0.5) / stride) + 1 if tiling.edge == "leave out" else math.ceil(room / stride)
    return np.round(np.arange(max(0, count)) * stride).astype(np.int64), length
