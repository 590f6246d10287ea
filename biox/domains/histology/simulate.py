"""Simulated slides as a laboratory keeps its own: TIFF files, a sheet, annotations, and the truth that no one else has.

slides.csv                  one row a slide: slide, patient, label, site, scanner, stain, pen, corner, file, ...
slides/NAME.tif             pyramidal TIFF
annotations/NAME.geojson    outlines of tumour and necrosis (level-0 pixels)
masks/NAME.png              tissue type of every 8 x 8 pixels (``slide_truth.MASK_VALUES``)
cells/NAME.csv              every cell: centre x, y in level-0 pixels, type, radius in micrometres
"""

from pathlib import Path

import numpy as np
import pandas as pd

from biox.domains.histology.ground import Region
from biox.domains.histology.pyramid import Layout, write_pyramid
from biox.domains.histology.render import picture, scene
from biox.domains.histology.simulation import Simulation
from biox.domains.histology.slide_plans import SlidePlan, slide_plans
from biox.domains.histology.slide_truth import begun, note, write_annotations, write_types


def write(settings: Simulation, folder: Path) -> None:
    """Write all slides of a simulation with their sheet and their truth into a folder.

    The study then reads them with ``{source: slides, sheet: FOLDER/slides.csv}``. Equal settings give equal files.
    """
    for name in ("slides", "annotations", "masks", "cells"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    plans = slide_plans(settings)
    for one in plans:
        write_slide(one, folder, settings.quality)
    rows = [
        {"slide": p.name, **p.about, "file": f"slides/{p.name}.tif", "annotations": f"annotations/{p.name}.geojson"}
        for p in plans
    ]
    pd.DataFrame(rows).to_csv(folder / "slides.csv", index=False)


def write_slide(one: SlidePlan, folder: Path, quality: int) -> None:
    """Write one slide and its truth, piece by piece: the memory needed grows with its width only."""
    plan = one.plan
    with (folder / "cells" / f"{one.name}.csv").open("w", encoding="utf-8") as cells:
        record = begun(plan, cells)

        def block(y: int, x: int, height: int, width: int) -> np.ndarray:
            view = scene(plan, Region(y, x, height, width))
            note(record, view)
            return picture(view)

        layout = Layout(quality=quality, description=f"Simulated tissue, {one.name}: no real patient")
        write_pyramid(folder / "slides" / f"{one.name}.tif", (plan.height, plan.width), block, plan.mpp, layout)
    write_types(folder / "masks" / f"{one.name}.png", record)
    write_annotations(folder / "annotations" / f"{one.name}.geojson", plan)
