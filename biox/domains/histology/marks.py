"""What does not belong to the tissue: pen strokes on the glass, and a coloured corner."""

import numpy as np
from jaxtyping import UInt8

from biox.domains.histology.ground import Region
from biox.domains.histology.tissue_plan import Stroke, TissuePlan

# Light that inks let through.
INKS = {"green": (0.10, 0.55, 0.35), "blue": (0.12, 0.22, 0.62), "red": (0.72, 0.12, 0.16), "black": (0.16, 0.16, 0.18)}


def marked(rgb: UInt8[np.ndarray, "y x 3"], plan: TissuePlan, region: Region) -> UInt8[np.ndarray, "y x 3"]:
    """The picture with the slide's marks; the same array where there are none."""
    for stroke in plan.strokes:
        inked = _inked(stroke, region, plan.mpp)
        if inked.any():
            through = 1 - inked[..., None] * (1 - np.asarray(stroke.ink, np.float32))
            rgb = (rgb * through).astype(np.uint8)
    if plan.corner:
        side = round(plan.corner.side / plan.mpp)
        rgb[: max(0, side - region.y), : max(0, side - region.x)] = plan.corner.colour
    return rgb


def pen_mask(plan: TissuePlan, region: Region) -> np.ndarray:
    """Which pixels lie under ink, shape (y, x), bool."""
    return np.any([_inked(stroke, region, plan.mpp) > 0.5 for stroke in plan.strokes] or [_none(region)], axis=0)


def _none(region: Region) -> np.ndarray:
    return np.zeros((region.height, region.width), bool)


def _inked(stroke: Stroke, region: Region, mpp: float) -> np.ndarray:
    """How much of the stroke's ink lies on each pixel, 0 to 1, shape (y, x)."""
    y = ((region.y + np.arange(region.height) + 0.5) * mpp - stroke.y).astype(np.float32)[:, None]
    x = ((region.x + np.arange(region.width) + 0.5) * mpp - stroke.x).astype(np.float32)[None, :]
    cos, sin = np.float32(np.cos(stroke.angle)), np.float32(np.sin(stroke.angle))
    along, aside = x * cos + y * sin, y * cos - x * sin
    aside = aside - stroke.width * np.sin(along / np.float32(4 * stroke.width))
    beyond = np.maximum(np.maximum(-along, along - np.float32(stroke.length)), 0)
    inside = np.float32(stroke.width / 2) - np.hypot(aside, beyond)  # the ends are round
    return np.clip(inside / np.float32(0.12 * stroke.width), 0, 1) * np.float32(0.9)
