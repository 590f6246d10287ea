"""All files of one heatmap: numbers, colours, a picture to look at, the hottest regions, the viewer's squares."""

import json
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from shapely import Polygon, simplify

from biox.core.files import whole, write_text
from biox.domains.histology.as_seen import Lay, untouched
from biox.domains.histology.heat_levels import Levels, write_levels
from biox.domains.histology.heatmaps import Canvas, Strip
from biox.domains.histology.hot_regions import HotRegion, Search, geojson, hot_regions
from biox.domains.histology.ome_tiff import write_colours, write_values
from biox.domains.histology.overlays import Legend, overlay_png
from biox.domains.histology.relevance_colours import overlay
from biox.domains.histology.viewer_tiles import Pictures, finest_down, heat_pictures, slide_pictures
from biox.domains.histology.whole_slide import WholeSlide, overview

OVERVIEW = 1600
LARGEST = 32768
"""A heatmap has no side longer than this; a larger slide gets coarser pixels."""


@dataclass(frozen=True)
class Heat:
    """One heatmap to write.

    name: of its files; slide: the slide's folder in the viewer; title: a few words for people ("relevance for tumour");
    meaning: a sentence that is kept in the files; target: what is explained; strips: the heatmap from top to bottom;
    lay: what to change in pictures of the slide, so that they show what the model saw.
    """

    name: str
    slide: str
    title: str
    meaning: str
    target: str
    strips: Iterable[Strip]
    lay: Lay = untouched


@dataclass(frozen=True)
class Outline:
    """A polygon on the slide with its class, in level-0 pixels."""

    name: str
    polygon: Polygon


def from_canvas(limits: tuple[float, ...], canvas: Canvas, pixel: float) -> tuple[float, ...]:
    """The limits of the colours from a canvas's finest level on.

    limits: by zoom, of which the first is that of a tile's pixel; pixel: level-0 pixels along one side of that.
    """
    coarser = round(math.log2(canvas.down / pixel))
    return limits[coarser:] + limits[-1:] * coarser


def canvas_of(slide: WholeSlide, pixel: float) -> Canvas:
    """The canvas for tiles whose pixels are ``pixel`` level-0 pixels wide: as fine as they, if not too large."""
    longest = max(slide.size) / pixel
    return Canvas(*slide.size, slide.mpp, pixel * 2 ** max(0, math.ceil(math.log2(longest / LARGEST))))


def write_heat(
    slide: WholeSlide, heat: Heat, canvas: Canvas, limits: tuple[float, ...], folder: Path
) -> tuple[dict[str, Any], list[HotRegion]]:
    """Write all files of one heatmap into ``folder``; returns what the viewer must know of it, and the hottest regions.

    Files: NAME.ome.tif (colours), NAME-values.ome.tif (numbers), NAME.png, NAME.geojson, ``viewer/SLIDE/heat-NAME/``.
    """
    with TemporaryDirectory(prefix=".heat-", dir=folder) as work:
        levels = write_levels(heat.strips, canvas, Path(work))
        # A model that died in training explains nothing; a blank map must not look like a mistake of the viewer.
        if not np.nan_to_num(levels.whole(len(levels.arrays) - 1)).any():
            heat = replace(heat, title=f"{heat.title} (zero everywhere)")
        write_values(folder / f"{heat.name}-values.ome.tif", levels, heat.name, heat.meaning)
        write_colours(folder / f"{heat.name}.ome.tif", levels, heat.name, heat.meaning, limits)
        regions = hot_regions(levels, Search())
        write_text(folder / f"{heat.name}.geojson", json.dumps(geojson(regions, heat.target), ensure_ascii=False))
        _write_overlay(slide, heat, levels, limits, folder / f"{heat.name}.png")
        finest = levels.nearest(finest_down(*slide.size))
        own = folder / "viewer" / heat.slide / f"heat-{heat.name}"
        pictures = heat_pictures(levels, own, finest, limits)
    shown = {"name": heat.target, "title": heat.title, "limits": list(limits[finest : finest + pictures.levels])}
    return {**pictures.described(), **shown}, regions


def names_of_files(name: str, difference: bool) -> list[str]:
    """Every file and folder that is written for a slide of this name, without and with that of a difference."""
    maps = [name, *([f"{name}-difference"] if difference else [])]
    kinds = (".ome.tif", "-values.ome.tif", ".png", ".geojson")
    return [f"{of}{kind}" for of in maps for kind in kinds] + [f"viewer/{name}"]


def write_slide(slide: WholeSlide, folder: Path, lay: Lay) -> Pictures:
    """Write the viewer's pictures of a slide."""
    return slide_pictures(slide, folder, finest_down(*slide.size), lay)


def outline_for_viewer(outline: Outline, kind: str, down: float) -> dict[str, Any]:
    """A polygon as the viewer draws it, without points that nobody can see; kind: "annotation" or "hot"."""
    kept = simplify(outline.polygon, down / 2)
    shape = kept if isinstance(kept, Polygon) and not kept.is_empty else outline.polygon
    rings = [[[round(x, 1), round(y, 1)] for x, y in ring.coords] for ring in (shape.exterior, *shape.interiors)]
    return {"kind": kind, "class": outline.name, "rings": rings}


def ramp() -> list[str]:
    """The colours of relevance from against to for as CSS colours, for the legend of the viewer."""
    return [f"rgb({r} {g} {b} / {a / 255:.3f})" for r, g, b, a in overlay()[1::6].tolist()]


def _write_overlay(slide: WholeSlide, heat: Heat, levels: Levels, limits: tuple[float, ...], file: Path) -> None:
    picture = overview(slide, OVERVIEW)
    down = slide.size[0] / picture.shape[1]
    picture = heat.lay(picture, (0.0, 0.0), down)
    level = levels.nearest(down * 0.75)
    legend = Legend(heat.title, limits[level], down * slide.mpp[0])
    with whole(file) as fresh:
        fresh.write_bytes(overlay_png(picture, levels.whole(level), down / levels.down(level), legend))


def drop_pictures(folder: Path) -> None:
    """Take a slide out of the viewer again."""
    shutil.rmtree(folder, ignore_errors=True)


def write_listing(slides: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write ``viewer.json`` into the viewer's folder; a report makes its viewer of it."""
    folder.mkdir(exist_ok=True)
    write_text(folder / "viewer.json", json.dumps({"colours": ramp(), "slides": list(slides)}, ensure_ascii=False))
