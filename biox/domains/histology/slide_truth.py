"""What is known of a simulated slide, as files: outlines for QuPath, a map of the tissue, and a table of the cells."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import shapely
from jaxtyping import UInt8
from PIL import Image
from shapely.geometry import Polygon

from biox.domains.histology.cells import KINDS
from biox.domains.histology.ground import tissue_types
from biox.domains.histology.render import Scene
from biox.domains.histology.tissue_plan import Blob, TissuePlan

MASK_STEP = 8  # level-0 pixels a side of one pixel of the tissue map
MASK_VALUES = {"background": 0, "stroma": 1, "gland": 2, "tumour": 3, "necrosis": 4}
COLOURS = {"tumour": (200, 0, 0), "necrosis": (50, 50, 50)}
CELL_COLUMNS = "x,y,type,radius_um"


def outlines(plan: TissuePlan) -> dict[str, shapely.Geometry]:
    """The areas of tumour and of necrosis in level-0 pixels: within the tissue and the slide, free of each other."""
    slide = shapely.box(0, 0, plan.width, plan.height)
    tissue = shapely.intersection(slide, _united(plan.tissue, plan.mpp)) if plan.tissue else slide
    necrosis = shapely.intersection(_united(plan.necrosis, plan.mpp), tissue)
    tumour = shapely.intersection(_united(plan.tumour, plan.mpp), tissue)
    return {"tumour": shapely.difference(tumour, necrosis), "necrosis": necrosis}


def write_annotations(file: Path, plan: TissuePlan) -> None:
    """Write the outlines as QuPath keeps annotations (GeoJSON); a slide without any gets an empty list."""
    areas = [(name, part) for name, area in outlines(plan).items() for part in shapely.get_parts(area)]
    features = [_feature(name, part) for name, part in areas if isinstance(part, Polygon) and part.area > 0]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Record:
    """The truth of a slide while it is drawn: the map of its tissue types, and the open table of its cells."""

    types: UInt8[np.ndarray, "y x"]
    cells: TextIO


def begun(plan: TissuePlan, cells: TextIO) -> Record:
    """An empty record; the table of cells gets its first line."""
    cells.write(CELL_COLUMNS + "\n")
    size = (-(-plan.height // MASK_STEP), -(-plan.width // MASK_STEP))
    return Record(np.zeros(size, np.uint8), cells)


def note(record: Record, view: Scene) -> None:
    """Enter what lies in a region. Regions start at multiples of ``MASK_STEP`` and each is entered once."""
    region, mpp, found = view.region, view.plan.mpp, view.cells
    ys = np.arange(region.y, region.y + region.height, MASK_STEP) + MASK_STEP / 2
    xs = np.arange(region.x, region.x + region.width, MASK_STEP) + MASK_STEP / 2
    types = tissue_types(view.ground, (ys * mpp)[:, None], (xs * mpp)[None, :])
    top, left = region.y // MASK_STEP, region.x // MASK_STEP
    part = record.types[top : top + len(ys), left : left + len(xs)]
    for name, value in MASK_VALUES.items():
        part[types == name] = value
    y, x = found.y / mpp, found.x / mpp
    inside = (y >= region.y) & (y < region.y + region.height) & (x >= region.x) & (x < region.x + region.width)
    radius = np.sqrt(found.long * found.short)
    rows = zip(x[inside], y[inside], found.kind[inside], radius[inside], strict=True)
    record.cells.writelines(f"{across:.2f},{down:.2f},{KINDS[kind]},{size:.2f}\n" for across, down, kind, size in rows)


def write_types(file: Path, record: Record) -> None:
    """Write the map of tissue types as a PNG with the values of ``MASK_VALUES``."""
    Image.fromarray(record.types).save(file)


def _united(blobs: tuple[Blob, ...], mpp: float) -> shapely.Geometry:
    return shapely.union_all([shapely.make_valid(Polygon(one.polygon() / mpp)) for one in blobs])


def _feature(name: str, part: Polygon) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": json.loads(shapely.to_geojson(shapely.transform(part, lambda at: at.round(2)))),
        "properties": {"objectType": "annotation", "classification": {"name": name, "color": list(COLOURS[name])}},
    }
