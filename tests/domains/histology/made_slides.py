"""Small slides made for tests: a pyramidal tiled TIFF that OpenSlide opens."""

import json
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

PINK, GLASS = (200, 120, 170), (243, 242, 244)


def write_slide(file: Path, picture: np.ndarray, mpp: float | None = 0.5, levels: int = 2, down: int = 4) -> Path:
    """Write (height, width, 3) without loss as a pyramid whose levels are ``down`` times smaller each."""
    resolution = {} if mpp is None else {"resolution": (1e4 / mpp, 1e4 / mpp), "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(file) as tiff:
        for level in range(levels):
            small = Image.fromarray(picture).reduce(down**level) if level else picture
            tiff.write(
                np.asarray(small),
                tile=(128, 128),
                photometric="rgb",
                compression="deflate",
                subfiletype=1 if level else 0,
                **(resolution if level == 0 else {}),
            )
    return file


def tissue_picture(height: int = 512, width: int = 512, seed: int = 0) -> np.ndarray:
    """Glass with a pink square of textured tissue in its middle half."""
    rng = np.random.default_rng(seed)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = GLASS
    inner = (slice(height // 4, 3 * height // 4), slice(width // 4, 3 * width // 4))
    noise = rng.integers(-40, 40, (*picture[inner].shape[:2], 1))
    picture[inner] = np.clip(np.array(PINK) + noise, 0, 255)
    return picture


def square(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    """The ring of a rectangle, closed."""
    return [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]


def write_geojson(file: Path, areas: list[tuple[str, list]]) -> Path:
    """Polygons of (class, rings) as QuPath exports them."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": rings},
            "properties": {"objectType": "annotation", "classification": {"name": name, "color": [200, 0, 0]}},
        }
        for name, rings in areas
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return file
