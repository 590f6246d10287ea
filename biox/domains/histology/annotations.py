"""What a pathologist drew on a slide: polygons with a class, from QuPath (GeoJSON) or ASAP (XML).

Coordinates are level-0 pixels of the slide, x to the right and y downwards, as both programs write them.
"""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, box, shape
from shapely.geometry.base import BaseGeometry, BaseMultipartGeometry

from biox.core.errors import InputError

SUFFIXES = (".geojson", ".json", ".xml")
UNCLASSIFIED = "unclassified"
MOST_BYTES, MOST_BYTES_XML = 2**29, 2**26
ASAP_AREAS = ("polygon", "rectangle", "spline")


@dataclass(frozen=True)
class Region:
    """An annotated area: its class, its outline in level-0 pixels, and which annotation of the file it is (from 1)."""

    name: str
    outline: Polygon | MultiPolygon
    place: str


@dataclass(frozen=True)
class Annotations:
    """All areas of one file, and notes on what was left out or repaired while reading."""

    regions: tuple[Region, ...]
    notes: tuple[str, ...] = ()


def read_annotations(file: Path) -> Annotations:
    """The annotated areas of a QuPath GeoJSON or an ASAP XML file.

    Points and lines are left out, those of collections too, and outlines that cross themselves are repaired
    (``shapely.make_valid``); both are noted. Raises InputError for a file that is neither, or holds an outline without
    three corners or with text in it.
    """
    if not file.is_file():
        raise InputError(f"There is no file {file}; expected annotations as GeoJSON (QuPath) or XML (ASAP).")
    found = list(_asap(file) if file.suffix.lower() == ".xml" else _geojson(file))
    regions, notes, others = [], [], 0
    for name, outline, place in found:
        if not np.isfinite(shapely.get_coordinates(outline)).all():
            raise InputError(f"{place} ({name!r}): a corner lies nowhere (NaN or infinite); expected level-0 pixels.")
        areas = [part for part in _parts(outline) if isinstance(part, Polygon)]
        others += not areas or len(areas) < len(_parts(outline))
        if not areas:
            continue
        if not outline.is_valid:
            why = shapely.is_valid_reason(outline)
            areas = [shapely.make_valid(part) for part in areas]
            notes.append(f"{place} ({name!r}) was repaired: its outline is not valid ({why})")
        if not (outline.is_valid and isinstance(outline, Polygon | MultiPolygon)):
            outline = _areas(areas)
        if outline.area > 0:
            regions.append(Region(name, outline, place))
        else:
            notes.append(f"{place} ({name!r}) was left out: it has no area")
    if others:
        notes.append(f"{file.name}: {others} points or lines were left out")
    return Annotations(tuple(regions), tuple(notes))


def refuse_outside(annotations: Annotations, size: tuple[int, int], slide: Path) -> None:
    """An area that lies wholly outside a slide (width, height in level-0 pixels) is an InputError."""
    whole = box(0, 0, *size)
    for region in annotations.regions:
        if not region.outline.intersects(whole):
            left, top, right, bottom = region.outline.bounds
            raise InputError(
                f"{region.place} ({region.name!r}) lies wholly outside {slide} of {size[0]} x {size[1]} pixels: "
                f"x {left:g} to {right:g}, y {top:g} to {bottom:g}. Is it of another slide, or in other units than "
                "level-0 pixels?"
            )


def _parts(outline: BaseGeometry) -> list[BaseGeometry]:
    """The single parts of an outline; QuPath writes collections of several kinds for regions that were merged."""
    if isinstance(outline, BaseMultipartGeometry):
        return [part for one in outline.geoms for part in _parts(one)]
    return [outline]


def _areas(outlines: Sequence[BaseGeometry]) -> Polygon | MultiPolygon:
    """The areas of several outlines as one, without the lines that a repair may leave."""
    parts = [part for outline in outlines for part in _parts(outline) if isinstance(part, Polygon)]
    united = shapely.union_all(parts)
    return united if isinstance(united, Polygon | MultiPolygon) else MultiPolygon()


def _geojson(file: Path) -> Iterator[tuple[str, BaseGeometry, str]]:
    try:
        content = json.loads(_text(file))
    except RecursionError:
        raise InputError(f"{file} is no GeoJSON: its lists lie too deep within each other.") from None
    except ValueError as error:  # no UTF-8, no JSON, or a number of thousands of digits
        raise InputError(f"{file} is no GeoJSON: {error}. In QuPath, use File > Export objects as GeoJSON.") from None
    features = content.get("features", [content]) if isinstance(content, dict) else content
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        raise InputError(f"{file} holds no list of features; expected a FeatureCollection, as QuPath exports it.")
    for number, feature in enumerate(features, start=1):
        place = f"{file}, annotation {number}"
        if not feature.get("geometry"):
            raise InputError(f"{place}: there is no geometry; expected a Polygon or MultiPolygon.")
        yield _class(feature.get("properties")), _outline(feature["geometry"], place), place


def _class(properties: Any) -> str:
    """QuPath's class of an object; parts of a derived class are joined as QuPath shows them."""
    found = properties.get("classification") if isinstance(properties, dict) else None
    if isinstance(found, dict):
        names = found.get("names")
        found = found.get("name") or ": ".join(map(str, names if isinstance(names, list) else ()))
    return str(found) if found else UNCLASSIFIED


def _outline(geometry: Any, place: str) -> BaseGeometry:
    try:
        return shapely.force_2d(shape(geometry))
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{place}: the geometry cannot be read ({str(error) or type(error).__name__}); expected a Polygon or "
            "MultiPolygon, whose rings have at least three corners [x, y] and end where they begin."
        ) from None


def _asap(file: Path) -> Iterator[tuple[str, BaseGeometry, str]]:
    try:
        text = _text(file, MOST_BYTES_XML)
        _refuse_entities(text, file)
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is no XML: {error}. Expected annotations as ASAP saves them.") from None
    found = root.findall(".//Annotation")
    if root.tag != "ASAP_Annotations" and not found:
        raise InputError(f"{file}: expected <ASAP_Annotations>, found <{root.tag}>.")
    for number, one in enumerate(found, start=1):
        place = f"{file}, annotation {number}"
        corners = [_corner(corner, place) for corner in _ordered(one.findall(".//Coordinate"), place)]
        area = one.get("Type", "Polygon").lower() in ASAP_AREAS
        if area and len(corners) < 3:
            raise InputError(
                f"{place} ({one.get('Name')!r}): an area needs at least three corners, found {len(corners)}."
            )
        group = one.get("PartOfGroup") or UNCLASSIFIED
        name = UNCLASSIFIED if group == "None" else group
        yield name, Polygon(corners) if area else shapely.MultiPoint(corners), place


def _refuse_entities(text: str, file: Path) -> None:
    """A document type is where XML names other files, and words that unfold to millions of others: no ASAP has one."""
    if "<!DOCTYPE" in text:
        raise InputError(f"{file} has a document type (<!DOCTYPE>), in which files may be named; ASAP writes none.")


def _text(file: Path, most: int = MOST_BYTES) -> str:
    """The whole file, which is UTF-8. Raises InputError where it is too large to hold what somebody drew."""
    if file.stat().st_size > most:
        raise InputError(f"{file} has {file.stat().st_size} bytes; biox reads such annotations of at most {most}.")
    return file.read_text(encoding="utf-8-sig")


def _ordered(corners: list[ElementTree.Element], place: str) -> list[ElementTree.Element]:
    orders = [corner.get("Order") or "0" for corner in corners]
    wrong = [order for order in orders if not (order.isdecimal() and len(order) < 10)]
    if wrong:
        raise InputError(f"{place}: a corner has Order={wrong[0]!r}; expected its number, counted from 0.")
    return [corner for _, corner in sorted(zip(map(int, orders), corners, strict=True), key=lambda pair: pair[0])]


def _corner(corner: ElementTree.Element, place: str) -> tuple[float, float]:
    try:
        # Some locales write a decimal comma.
        x, y = (float(corner.attrib[axis].replace(",", ".")) for axis in ("X", "Y"))
    except (KeyError, ValueError):
        raise InputError(f"{place}: a corner has {dict(corner.attrib)}, expected numbers as X and Y.") from None
    return x, y
