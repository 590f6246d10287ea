"""Where a prediction of new slides is written: tables, relevance, heatmaps for QuPath, pictures for the viewer."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import zarr

from biox.domains.histology.heat_slide import Marked
from biox.domains.histology.predicted import SlidePrediction, by_models
from biox.steps.heatmaps import heatmaps

CHUNK = 64  # tiles of relevance that are compressed together


def room_on_disk(shape: tuple[int, ...], folder: Path) -> Any:
    """An array of float32 in a folder, to be filled piece by piece."""
    return zarr.create_array(folder, shape=shape, dtype="float32", chunks=(min(CHUNK, shape[0]), *shape[1:]))


def write_prediction(found: SlidePrediction, folder: Path) -> dict[str, Any] | None:
    """Write ``scores.csv`` (tiles), ``slides.csv``, ``rests.csv`` and ``colours.csv`` into a folder, and the heatmaps
    of slides into ``heatmaps/`` in it; returns what the viewer of a page shows, None where there are no slides.
    """
    about = found.relevance.samples[["target", "conservation"]]
    pd.concat([found.tiles, about], axis=1).to_csv(folder / "scores.csv", index=False)
    found.slides.to_csv(folder / "slides.csv", index=False)
    rests = [table.assign(slide=name) for name, table in found.rests.items()]
    pd.concat(rests, ignore_index=True).to_csv(folder / "rests.csv", index=False)
    colours = [like.features.assign(slide=name) for name, like in found.likeness.items()]
    pd.concat(colours, ignore_index=True).to_csv(folder / "colours.csv", index=False)
    sources = getattr(found.new.x, "sources", {})
    marked = {name: Marked(source) for name, source in sources.items()}
    by = {str(row["slide"]): by_models(bool(row["known"])) for _, row in found.slides.iterrows()}
    if not heatmaps(found.new, {0: found.relevance}, None, marked, folder / "heatmaps", by):
        shutil.rmtree(folder / "heatmaps")
        return None
    return json.loads((folder / "heatmaps" / "viewer" / "viewer.json").read_text(encoding="utf-8"))
