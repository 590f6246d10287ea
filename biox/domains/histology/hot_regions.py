"""The hottest regions of a heatmap as polygons, in the GeoJSON that QuPath imports and exports.

The regions are the hottest places that together hold a given share of all positive relevance: on a coarse, smoothed
map the highest pixels are taken until that share is reached, and the line at the height of the last is drawn.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter
from shapely import Polygon, STRtree, make_valid, simplify
from shapely.geometry import mapping
from skimage.draw import polygon2mask
from skimage.measure import find_contours

from biox.domains.histology.heat_levels import Levels
from biox.domains.histology.heatmaps import Canvas

PIXEL_UM = 4.0
LONGEST = 4096
SMOOTH_PIXELS = 2.0
RED = (200, 20, 30)


@dataclass(frozen=True)
class Search:
    """Which regions are outlined: those that hold this ``share`` of all positive relevance.

    smallest_um2: smaller ones are left out; most: at most so many, those with the most relevance first.
    """

    share: float = 0.5
    smallest_um2: float = 400.0
    most: int = 100


@dataclass(frozen=True)
class HotRegion:
    """One region: its outline in level-0 pixels, area, mean relevance, and share of the slide's positive relevance."""

    outline: Polygon
    area_um2: float
    mean: float
    share: float


def hot_regions(levels: Levels, search: Search) -> list[HotRegion]:
    """The hottest regions of a slide, the one with the most positive relevance first; none without positive relevance.

    They are sought where a pixel is about 4 micrometres, or coarser where the slide is very large.
    """
    canvas = levels.canvas
    level = levels.nearest(max(PIXEL_UM / canvas.mpp[0], max(canvas.width, canvas.height) / LONGEST))
    # A small slide has few pixels there: rather a finer level than one without shape.
    while level and max(levels.arrays[level].shape) < LONGEST / 16:
        level -= 1
    values = np.nan_to_num(levels.whole(level))
    smooth = gaussian_filter(values, SMOOTH_PIXELS)
    height = threshold(smooth, search.share)
    if height is None:
        return []
    down, rated = levels.down(level), np.clip(values, 0, None)
    found = []
    for outline in _polygons(np.pad(smooth, 1, constant_values=min(0.0, float(smooth.min()))), height):
        area = outline.area * down**2 * canvas.mpp[0] * canvas.mpp[1]
        if area >= search.smallest_um2:
            inside = _inside(outline, values.shape)
            share = float(rated[inside].sum() / rated.sum())
            found.append(HotRegion(_placed(outline, down, canvas), area, float(values[inside].mean()), share))
    found = [region for region in found if not region.outline.is_empty and np.isfinite(region.mean)]
    return sorted(found, key=lambda region: -region.share)[: search.most]


def threshold(values: Float[np.ndarray, "row column"], share: float) -> float | None:
    """The height above which lies this share of all positive values' sum; None where nothing is positive."""
    positive = np.sort(values[values > 0])[::-1]
    if not len(positive):
        return None
    reached = np.searchsorted(np.cumsum(positive, dtype=float), share * positive.sum(dtype=float))
    return float(positive[min(reached, len(positive) - 1)])


def geojson(regions: list[HotRegion], target: str) -> dict[str, Any]:
    """The regions as a FeatureCollection of QuPath annotations, with their measurements; places are level-0 pixels."""
    features = [
        {
            "type": "Feature",
            "geometry": mapping(region.outline),
            "properties": {
                "objectType": "annotation",
                "name": f"hot region {number}",
                "classification": {"name": f"hot: {target}", "color": list(RED)},
                "isLocked": False,
                "measurements": {
                    "Share of positive relevance": round(region.share, 6),
                    "Mean relevance": float(f"{region.mean:.6g}"),
                    "Area µm^2": round(region.area_um2, 1),
                },
            },
        }
        for number, region in enumerate(regions, start=1)
    ]
    return {"type": "FeatureCollection", "features": features}


def _polygons(padded: np.ndarray, height: float) -> list[Polygon]:
    """What lies above a height, holes cut out, in pixels of the map: (0, 0) is its left top corner."""
    shells, holes = [], []
    for line in find_contours(padded, height, positive_orientation="high"):
        # Contours run through the centres of pixels, and the padding moved everything by one.
        ring = np.column_stack([line[:, 1], line[:, 0]]) - 0.5
        if len(ring) > 3:
            x, y = ring.T
            turn = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
            (shells if turn < 0 else holes).append(ring)
    within = _by_shell(shells, holes)
    return [Polygon(shell, within.get(k, [])) for k, shell in enumerate(shells)]


def _by_shell(shells: list[np.ndarray], holes: list[np.ndarray]) -> dict[int, list[np.ndarray]]:
    """The holes of each shell: a hole belongs to the smallest shell around it."""
    outlines = [Polygon(shell) for shell in shells]
    tree, held = STRtree(outlines), {}
    for hole in holes:
        around = tree.query(Polygon(hole), predicate="within")
        if len(around):
            held.setdefault(min(around, key=lambda k: outlines[k].area), []).append(hole)
    return held


def _inside(outline: Polygon, shape: tuple[int, int]) -> np.ndarray:
    """The pixels whose centres lie within an outline."""
    left, top, right, bottom = outline.bounds
    rows = slice(max(int(top), 0), min(int(bottom) + 1, shape[0]))
    columns = slice(max(int(left), 0), min(int(right) + 1, shape[1]))
    size = (rows.stop - rows.start, columns.stop - columns.start)

    def filled(ring: Any) -> np.ndarray:
        places = np.asarray(ring.coords)[:, ::-1] - 0.5 - (rows.start, columns.start)
        return polygon2mask(size, places)

    found = np.zeros(shape, bool)
    found[rows, columns] = filled(outline.exterior)
    for ring in outline.interiors:
        found[rows, columns] &= ~filled(ring)
    return found


def _placed(outline: Polygon, down: float, canvas: Canvas) -> Polygon:
    """An outline on the slide: level-0 pixels, cut at the slide's edge, without needless points."""

    def moved(ring: Any) -> np.ndarray:
        return np.clip(np.asarray(ring.coords) * down, 0, (canvas.width, canvas.height))

    placed = simplify(Polygon(moved(outline.exterior), [moved(ring) for ring in outline.interiors]), down / 4)
    parts = make_valid(placed)
    whole = [parts] if isinstance(parts, Polygon) else [p for p in getattr(parts, "geoms", []) if p.area > 0]
    areas = [part for part in whole if isinstance(part, Polygon)]
    return max(areas, key=lambda part: part.area) if areas else Polygon()
