"""Small valid pictures, and arrays of pictures with masks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.fuzz.targets import Case, Target

SIDE = 16
MANIFEST = """file,label,patient,site,age
0.png,tumour,p1,north,61
1.jpg,tumour,p2,north,50
2.tif,normal,p3,south,70
3.bmp,normal,p4,south,
"""


def _fields(count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, SIDE, SIDE, 3), dtype=np.uint8)


def _write_pictures(folder: Path) -> None:
    from PIL import Image

    for number, (field, suffix) in enumerate(zip(_fields(), ("png", "jpg", "tif", "bmp"), strict=True)):
        own = folder / ("tumour" if number < 2 else "normal")
        own.mkdir(exist_ok=True)
        for place in (own, folder):
            Image.fromarray(field).save(place / f"{number}.{suffix}")
    (folder / "manifest.csv").write_text(MANIFEST)


def _read_folder(**settings: Any) -> Callable[[Path], object]:
    from biox.domains.histology.tile_folder import TileFolder, tile_folder

    def read(folder: Path) -> object:
        manifest = {"manifest": folder / "manifest.csv"} if settings.get("manifest") else {"manifest": None}
        cohort = tile_folder(TileFolder.model_validate({"folder": folder} | settings | manifest))
        cohort.x[:]
        return cohort

    return read


def _write_masks(folder: Path) -> None:
    masks = np.zeros((4, SIDE, SIDE), np.int32)
    masks[:, 2:5, 2:5] = 3
    names = np.array([f"i{n}" for n in range(4)])
    np.savez(folder / "nuclei.npz", images=_fields(), instance_masks=masks, image_ids=names, organ=np.arange(4))
    (folder / "index.csv").write_text("image_id,organ_name,age\ni0,breast,1\ni1,lung,2\ni2,lung,3\ni3,breast,4\n")


def _read_masks(index: bool) -> Callable[[Path], object]:
    from biox.domains.histology.image_masks import ImageMasks, image_masks

    def read(folder: Path) -> object:
        given = {"file": folder / "nuclei.npz", "index": folder / "index.csv" if index else None, "tile": 8}
        cohort = image_masks(ImageMasks.model_validate(given))
        cohort.x[:]
        return cohort

    return read


def _read_pictures(name: str, **settings: Any) -> Callable[[Path], object]:
    from biox.domains.histology.pictures import Pictures, pictures

    return lambda folder: pictures(Pictures.model_validate({"file": folder / name, "tile": 8} | settings))


TARGETS = (
    Target(
        "tile_folder",
        (
            Case(_write_pictures, _read_folder(), ("*/*",)),
            Case(_write_pictures, _read_folder(mpp=0.5), ("*/*",)),
            Case(_write_pictures, _read_folder(manifest=True), ("manifest.csv",)),
            Case(_write_pictures, _read_pictures("tumour"), ("tumour/*",)),
        ),
    ),
    Target(
        "image_masks",
        (
            Case(_write_masks, _read_masks(False), ("nuclei.npz",)),
            Case(_write_masks, _read_masks(True), ("nuclei.npz", "index.csv")),
            Case(_write_masks, _read_pictures("nuclei.npz"), ("nuclei.npz",)),
        ),
    ),
)
