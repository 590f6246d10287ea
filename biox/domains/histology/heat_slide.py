"""The heatmaps of one slide: that of the explained class, its difference from another, and the slide to look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely import Polygon

from biox.core.file_names import file_name
from biox.domains.histology.annotations import read_annotations
from biox.domains.histology.heat_files import (
    Heat,
    Outline,
    canvas_of,
    drop_pictures,
    from_canvas,
    outline_for_viewer,
    write_heat,
    write_slide,
)
from biox.domains.histology.heatmaps import Canvas, Strip, difference, strips
from biox.domains.histology.slide_list import listed_slides
from biox.domains.histology.slide_relevance import SlideRelevance
from biox.domains.histology.slide_settings import Slides
from biox.domains.histology.tile_pixels import Source
from biox.domains.histology.whole_slide import open_slide

UNIT = "class score per tile pixel; positive speaks for, negative against"


@dataclass(frozen=True)
class Marked:
    """A slide's file, and the outlines of its annotations."""

    source: Source
    outlines: tuple[Outline, ...] = ()


@dataclass(frozen=True)
class Maps:
    """What is drawn of a slide: its relevance, that for another class if there is one, and the limits of the colours.

    scale, wide: the value of the strongest colour at every zoom from a tile's pixel on, for the relevance and for the
    difference. models: by which models, as the files say it.
    """

    own: SlideRelevance
    other: SlideRelevance | None
    scale: tuple[float, ...]
    wide: tuple[float, ...]
    models: str


def marked_slides(settings: Slides) -> dict[str, Marked]:
    """Every slide of a study by its name, with the outlines of its annotations."""
    table = listed_slides(settings.folder, settings.sheet, settings.annotations)
    return {row["slide"]: Marked(settings.source(row), _outlines(row["annotations"])) for _, row in table.iterrows()}


def _outlines(file: Path | None) -> tuple[Outline, ...]:
    regions = read_annotations(file).regions if file is not None else ()
    parts = [(region.name, part) for region in regions for part in shapely.get_parts(region.outline)]
    return tuple(Outline(name, part) for name, part in parts if isinstance(part, Polygon))


def write_maps(marked: Marked, maps: Maps, folder: Path, shown: bool) -> dict[str, Any] | None:
    """Write the files of one slide; what the viewer needs to know, or None where it does not show this slide."""
    slide = open_slide(marked.source.file, marked.source.mpp)
    name, own = file_name(maps.own.name), maps.own
    pixel = float(own.tiles["size"].iloc[0]) / own.shape[1]
    canvas = canvas_of(slide, pixel)
    heats = [(_heat(name, maps, canvas), maps.scale)]
    if maps.other is not None:
        heats.append((_difference(name, maps, maps.other, canvas), maps.wide))
    written = [write_heat(slide, heat, canvas, from_canvas(scale, canvas, pixel), folder) for heat, scale in heats]
    if not shown:
        drop_pictures(folder / "viewer" / name)
        return None
    picture = write_slide(slide, folder / "viewer" / name / "slide", own.lay)
    hot = [Outline("hot", region.outline) for region in written[0][1]]
    outlines = [outline_for_viewer(one, "annotation", picture.down) for one in marked.outlines]
    outlines += [outline_for_viewer(one, "hot", picture.down) for one in hot]
    return {
        "name": own.name,
        "title": f"{own.name} ({', '.join(own.labels)})",
        "folder": name,
        "width": slide.size[0],
        "height": slide.size[1],
        "mpp": list(slide.mpp),
        "picture": picture.described(),
        "heatmaps": [entry for entry, _ in written],
        "outlines": outlines,
    }


def _heat(name: str, maps: Maps, canvas: Canvas) -> Heat:
    own, target = maps.own, _target(maps.own)
    meaning = f"Relevance for {target} ({UNIT}), by {maps.models}."
    return Heat(
        name, name, f"{own.name}: relevance for {target}", meaning, target, strips(own.read, own.tiles, canvas), own.lay
    )


def _difference(name: str, maps: Maps, other: SlideRelevance, canvas: Canvas) -> Heat:
    own, target = maps.own, f"{_target(maps.own)} minus {_target(other)}"
    meaning = f"Relevance for {target} ({UNIT}), by {maps.models}."
    both: Iterator[Strip] = difference(strips(own.read, own.tiles, canvas), strips(other.read, other.tiles, canvas))
    return Heat(f"{name}-difference", name, f"{own.name}: relevance for {target}", meaning, target, both, own.lay)


def _target(own: SlideRelevance) -> str:
    """What was explained; where tiles were asked about different classes, how many about which."""
    if len(own.targets) == 1:
        return next(iter(own.targets))
    return "each tile's own class (" + ", ".join(f"{name}: {count} tiles" for name, count in own.targets.items()) + ")"
