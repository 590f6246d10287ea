"""Slides at a glance: each at low power, with the outline of the tissue that was found on it."""

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool
from PIL import Image
from skimage.measure import approximate_polygon, find_contours

from biox.core.errors import InputError
from biox.domains.histology.tissue import Tissue, TissueMask, tissue_mask
from biox.domains.histology.whole_slide import open_slide, overview

LONGEST = 480
COLUMNS = ("slide", "image", "width", "height", "tissue")
ROUGH = 0.5
"""How far, in pixels of the mask, an outline may be simplified."""

FEWEST_CORNERS = 8


def thumbnails(pixels: Any, slides: Sequence[str], tissue: Tissue) -> pd.DataFrame:
    """One row a slide: ``slide``, ``image`` (JPEG), ``width``, ``height`` (level-0 pixels) and ``tissue`` (JSON rings).

    pixels: what a cohort of slides holds (``TilePixels``, or an artefact planted on them); other pixels have no slides
    and give no rows. A slide without tissue, or one that cannot be read, has no row: that was said when it was read in.
    """
    while not hasattr(pixels, "sources") and hasattr(pixels, "base"):
        pixels = pixels.base
    sources = getattr(pixels, "sources", {})
    found = [row for name in slides if name in sources if (row := _row(name, sources[name], tissue)) is not None]
    return pd.DataFrame(found, columns=list(COLUMNS))


def rings(found: TissueMask) -> list[list[tuple[float, float]]]:
    """The outlines of the tissue and of its holes, in level-0 pixels."""
    return [[(x * found.step[0], y * found.step[1]) for x, y in ring] for ring in outlines(found.mask)]


def outlines(mask: Bool[np.ndarray, "height width"]) -> list[np.ndarray]:
    """The rings around the True pixels of a mask, simplified, each of shape (corner, 2) with x before y.

    Coordinates run over the edges of the pixels: a mask that is all True is outlined from 0 to its width.
    """
    drawn = find_contours(np.pad(mask.astype(float), 1), 0.5)
    simple = [approximate_polygon(ring, ROUGH) if len(ring) > FEWEST_CORNERS else ring for ring in drawn]
    limits = np.array(mask.shape[::-1])
    return [np.clip(ring[:, ::-1] - 0.5, 0, limits) for ring in simple if len(ring) > 3]


def _row(name: str, source: Any, tissue: Tissue) -> tuple[str, bytes, int, int, str] | None:
    try:
        slide = open_slide(source.file, source.mpp)
        picture, found = overview(slide, LONGEST), tissue_mask(slide, tissue)
    except InputError:
        return None
    store = io.BytesIO()
    Image.fromarray(picture).save(store, "JPEG", quality=85)
    corners = [[(round(x), round(y)) for x, y in ring] for ring in rings(found)]
    return name, store.getvalue(), *slide.size, json.dumps(corners)
