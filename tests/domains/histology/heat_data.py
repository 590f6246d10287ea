"""A small slide with tiles whose relevance is a known function of the place, for the tests of heatmaps."""

import numpy as np
import pandas as pd
import tifffile

from biox.core.types import Axis, Cohort, Relevance
from biox.domains.histology.heat_levels import Levels, write_levels
from biox.domains.histology.heatmaps import Canvas, strips
from biox.domains.histology.tile_pixels import Source, TilePixels

MPP = 0.5
SIDE = 64


def bumps(height: int, width: int, *places: tuple[float, float, float]) -> np.ndarray:
    """Round hills (x, y, radius) in level-0 pixels over a slightly negative plain."""
    y, x = np.mgrid[:height, :width] + 0.5
    hills = [np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * r**2)) for a, b, r in places]
    return (np.sum(hills, axis=0) - 0.05 if hills else np.full((height, width), -0.05)).astype(np.float32)


def grid(height: int, width: int, size: int, stride: int) -> pd.DataFrame:
    """Tiles of ``size`` level-0 pixels at every ``stride``."""
    x, y = np.meshgrid(np.arange(0, width - size + 1, stride), np.arange(0, height - size + 1, stride))
    return pd.DataFrame({"x": x.ravel(), "y": y.ravel(), "size": size})


def cut(truth: np.ndarray, tiles: pd.DataFrame, pixels: int) -> np.ndarray:
    """The mean of a function on the pixels of every tile, shape (tile, pixels, pixels)."""
    down = int(tiles["size"].iloc[0]) // pixels
    places = tiles[["x", "y", "size"]].to_numpy()
    parts = [truth[y : y + s, x : x + s].reshape(pixels, down, pixels, down).mean((1, 3)) for x, y, s in places]
    return np.stack(parts).astype(np.float32)


def levels_of(truth: np.ndarray, folder, down: int = 2, stride: int = SIDE) -> Levels:
    """The heatmap of a function at every zoom."""
    height, width = truth.shape
    tiles = grid(height, width, SIDE * down, stride * down)
    values = cut(truth, tiles, SIDE)
    canvas = Canvas(width, height, (MPP, MPP), float(down))
    return write_levels(strips(lambda rows: values[rows], tiles, canvas), canvas, folder)


def write_slide(file, height: int, width: int) -> None:
    """A tiled TIFF that OpenSlide opens: pink on the left, violet on the right, with a dark square at 512, 256."""
    picture = np.full((height, width, 3), (235, 180, 205), np.uint8)
    picture[:, width // 2 :] = (170, 110, 180)
    picture[256:384, 512:640] = (60, 20, 80)
    options = {"photometric": "rgb", "tile": (256, 256), "compression": "zlib"}
    tifffile.imwrite(file, picture, resolution=(1e4 / MPP, 1e4 / MPP), resolutionunit="CENTIMETER", **options)


def cohort_of(files: dict, tiles: pd.DataFrame, side: int = SIDE) -> Cohort:
    """The same tiles on every slide, one patient a slide."""
    every = pd.concat([tiles.assign(slide=name, subject=name) for name in files], ignore_index=True)
    every = every.assign(sample=[f"t{i}" for i in range(len(every))], label="tumour")
    places = tuple(map(str, range(side)))
    axes = (Axis("colour", ("red", "green", "blue")), Axis("y", places, "px"), Axis("x", places, "px"))
    mpp = MPP * float(tiles["size"].iloc[0]) / side
    x = TilePixels({name: Source(file) for name, file in files.items()}, every, (side, mpp))
    return Cohort(x, every, axes, "8-bit intensity", ("normal", "tumour"), "trial")


def relevance_of(cohort: Cohort, values: np.ndarray, fold: int, test: np.ndarray, target: str = "tumour") -> Relevance:
    """Relevance of all samples by one fold's model, which tested the marked ones."""
    about = {"part": np.where(test, "test", "train"), "target": target, "logit": 1.0, "conservation": 0.0}
    return Relevance("main", fold, "lrp", {}, values, cohort.samples[["sample"]].assign(**about), cohort.axes[1:])
