"""Small valid slides, sheets and annotations."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.fuzz.targets import Case, Target

SIDE = 128
PIXELS = {"tiles": {"side_px": 32, "mpp": 0.5}, "tissue": {"mpp": 2.0, "smallest_um2": 100}}
SHEET = "slide,patient,label,site,mpp,annotations,age\na,007,tumour,north,0.5,a.geojson,61\nb,012,normal,south,,,70\n"
RING = [[0, 0], [64, 0], [64, 128], [0, 128], [0, 0]]
COORDINATES = "".join(f'<Coordinate Order="{n}" X="{x}" Y="{y}" />' for n, (x, y) in enumerate(RING[:4]))
ASAP = (
    f'<ASAP_Annotations><Annotations><Annotation Name="A 0" Type="Polygon" PartOfGroup="tumour" Color="#F4FA58">'
    f"<Coordinates>{COORDINATES}</Coordinates></Annotation>"
    '<Annotation Name="A 1" Type="Dot" PartOfGroup="None"><Coordinates><Coordinate Order="0" X="5,5" Y="6" />'
    '</Coordinates></Annotation></Annotations><AnnotationGroups><Group Name="tumour" PartOfGroup="None" />'
    "</AnnotationGroups></ASAP_Annotations>"
)


def tissue(seed: int = 0) -> np.ndarray:
    """Glass with a pink square of textured tissue, (side, side, 3)."""
    picture = np.full((SIDE, SIDE, 3), 242, np.uint8)
    noise = np.random.default_rng(seed).integers(-40, 40, (SIDE // 2, SIDE // 2, 1))
    picture[32:96, 32:96] = np.clip(np.array((200, 120, 170)) + noise, 0, 255)
    return picture


def _write_slide(file: Path, compression: str, seed: int = 0) -> None:
    import tifffile

    picture = tissue(seed)
    colour = {"photometric": "ycbcr", "subsampling": (2, 2)} if compression == "jpeg" else {"photometric": "rgb"}
    with tifffile.TiffWriter(file) as tiff:
        for level, small in enumerate((picture, picture[::4, ::4])):
            said = {} if level else {"resolution": (2e4, 2e4), "resolutionunit": "CENTIMETER"}
            tiff.write(small, tile=(32, 32), compression=compression, subfiletype=bool(level), **colour, **said)


def _write_svs(folder: Path) -> None:
    """A slide as Aperio writes it: what is known of it stands in the description of the image."""
    import tifffile

    words = "Aperio Image Library v11.2.1 \r\n128x128 [0,0 128x128] (32x32) JPEG/RGB Q=70|AppMag = 20|MPP = 0.5"
    with tifffile.TiffWriter(folder / "a.svs") as tiff:
        tiff.write(tissue(), tile=(32, 32), compression="jpeg", photometric="rgb", description=words, metadata=None)


def _write_slides(folder: Path) -> None:
    _write_slide(folder / "a.tif", "deflate")
    _write_slide(folder / "b.tif", "deflate", 1)
    (folder / "sheet.csv").write_text(SHEET)
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [RING]},
        "properties": {"objectType": "annotation", "classification": {"name": "tumour", "color": [200, 0, 0]}},
    }
    several = {
        **feature,
        "geometry": {"type": "MultiPolygon", "coordinates": [[RING], [[[x + 64, y] for x, y in RING]]]},
    }
    point = {**feature, "geometry": {"type": "Point", "coordinates": [3, 4]}}
    drawn = {"type": "FeatureCollection", "features": [feature, several, point]}
    (folder / "a.geojson").write_text(json.dumps(drawn))
    (folder / "a.xml").write_text(ASAP)


def _write_one(compression: str) -> Callable[[Path], None]:
    return lambda folder: _write_slide(folder / "a.tif", compression)


def _read_slides(name: str, **settings: Any) -> Callable[[Path], object]:
    """Read the slides, and all their pixels: most damage shows only there."""
    from biox.domains.histology.slide_settings import Slides
    from biox.domains.histology.slides import slides

    def read(folder: Path) -> object:
        sheet = {"sheet": folder / "sheet.csv"} if name == "sheet.csv" else {"folder": folder / name}
        cohort = slides(Slides.model_validate(sheet | PIXELS | settings))
        cohort.x[:]
        return cohort

    return read


def _read_list(folder: Path) -> object:
    from biox.domains.histology.slide_list import listed_slides

    return listed_slides(None, folder / "sheet.csv", None)


def _read_annotations(name: str) -> Callable[[Path], object]:
    from biox.domains.histology.annotations import read_annotations, refuse_outside

    def read(folder: Path) -> object:
        found = read_annotations(folder / name)
        refuse_outside(found, (SIDE, SIDE), folder / "a.tif")
        return found

    return read


TARGETS = (
    Target(
        "slides",
        (
            Case(_write_one("deflate"), _read_slides("a.tif", mpp=0.5), ("a.tif",)),
            Case(_write_one("jpeg"), _read_slides("a.tif", mpp=0.5), ("a.tif",)),
            Case(_write_svs, _read_slides("a.svs"), ("a.svs",)),
        ),
    ),
    Target(
        "slide_list",
        (
            Case(_write_slides, _read_slides("sheet.csv", labels={"rule": "slide"}), ("sheet.csv",)),
            Case(_write_slides, _read_slides("sheet.csv", skip_unreadable=True, bag=2), ("sheet.csv",)),
            Case(_write_slides, _read_list, ("sheet.csv",)),
        ),
    ),
    Target(
        "annotations",
        (
            Case(_write_slides, _read_annotations("a.geojson"), ("a.geojson",)),
            Case(_write_slides, _read_annotations("a.xml"), ("a.xml",)),
            Case(_write_slides, _read_slides("a.tif", annotations=Path(), mpp=0.5), ("a.geojson",)),
        ),
    ),
)
