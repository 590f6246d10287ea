"""Tiles and their table as a cohort: what all readers of images share."""

from typing import Any

import pandas as pd

from biox.core.subjects import NOT_KNOWN
from biox.core.types import Axis, Cohort

COLOURS = ("red", "green", "blue")
UNIT = "8-bit intensity"
BOUNDS = (0.0, 255.0)
UNLABELLED = "unlabelled"
UNKNOWN = "unknown"  # site or scanner of slides of which it was not said


def unknown_patients(unit: str) -> str:
    """The note of a cohort in which nobody knows the patients; unit: what counts as one (image, slide, tile)."""
    return f"{NOT_KNOWN} {'an' if unit[0] in 'aeiou' else 'a'} {unit}"


def tile_cohort(x: Any, samples: pd.DataFrame, classes: tuple[str, ...], notes: tuple[str, ...]) -> Cohort:
    """A cohort of tiles (tile, 3, height, width) or of bags of K tiles (slide, 3, K, height, width), 8-bit."""
    height, width = (tuple(str(pixel) for pixel in range(n)) for n in x.shape[-2:])
    bag = (Axis("tile", tuple(str(number) for number in range(x.shape[2]))),) if x.ndim == 5 else ()
    return Cohort(
        x=x,
        samples=samples,
        axes=(Axis("colour", COLOURS), *bag, Axis("y", height, "px"), Axis("x", width, "px")),
        unit=UNIT,
        classes=classes,
        label_level="subject" if bag else "trial",
        notes=notes,
        bounds=BOUNDS,
    )
