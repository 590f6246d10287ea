"""Tiles that are picture files already: one folder a class, or a manifest that says what each file is."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field, field_validator
from tqdm import tqdm

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.histology.planted import Plant, planted
from biox.domains.histology.quality import flags
from biox.domains.histology.sheets import as_numbers, read_sheet
from biox.domains.histology.tile_cohort import UNKNOWN, UNLABELLED, tile_cohort, unknown_patients
from biox.domains.histology.tile_files import TileFiles, read_picture

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
JUDGED_AT_ONCE = 64


class TileFolder(Strict):
    """Where the tiles are and what is known of them.

    folder: with one folder a class, or the place of the manifest's files. manifest: a CSV with ``file`` and any of
    ``label``, ``patient``, ``site`` and covariates. patient: where there is no manifest, a regular expression for the
    file's name whose first group is the patient; without it every tile counts as a patient of its own. mpp: micrometres
    per pixel, without which the tiles' quality is not judged. workers: files read at the same time. cache: keep a copy
    of all pixels.
    """

    folder: Path
    manifest: Path | None = None
    patient: str | None = None
    mpp: float | None = Field(default=None, gt=0)
    workers: int = Field(default=1, ge=1)
    cache: bool = False
    plant: Plant | None = None

    def files_read(self) -> list[Path]:
        """The manifest and the files that it names, or the pictures of all classes; nothing else in the folder."""
        given = [path for path in (self.manifest, self.folder) if path is not None]
        if not all(path.exists() for path in given):
            return given
        if self.manifest is None:
            return _pictures(self.folder)
        return [self.manifest, *(self.folder / name for name in read_sheet(self.manifest, ("file",), "file")["file"])]

    @field_validator("patient")
    @classmethod
    def _has_a_group(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern).groups if pattern is not None else 1
        except re.error as error:
            raise ValueError(f"it is no regular expression ({error})") from None
        if groups < 1:
            raise ValueError("it needs a group in parentheses, the patient")
        return pattern


def tile_folder(settings: TileFolder) -> Cohort:
    """Labelled picture files of one size, as they are shared for machine learning.

    x: shape (tile, 3, height, width), 8-bit, left in the files until asked for. Every file is read once here. Raises
    InputError for files that are missing, damaged or of another size than the first.
    """
    samples, notes = _from_manifest(settings) if settings.manifest else _from_folders(settings)
    files = [settings.folder / name for name in samples["file"]]
    size, judged = _checked(files, settings.mpp)
    samples = pd.concat([samples, judged], axis=1) if judged is not None else samples
    x = TileFiles(files, size, workers=settings.workers, cached=settings.cache)
    classes = tuple(sorted(set(samples["label"])))
    return planted(tile_cohort(x, samples, classes, notes), settings.plant)


def _from_folders(settings: TileFolder) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if not settings.folder.is_dir():
        raise InputError(f"There is no folder {settings.folder}; expected one with a folder for each class.")
    found = _pictures(settings.folder)
    if not found:
        raise InputError(
            f"{settings.folder} holds no folder with tiles; looked for CLASS/NAME with {', '.join(SUFFIXES)}."
        )
    names = [file.relative_to(settings.folder).as_posix() for file in found]
    table = pd.DataFrame({"sample": names, "subject": names, "label": [file.parent.name for file in found]})
    table = table.assign(site=UNKNOWN, file=names)
    if settings.patient is not None:
        return table.assign(subject=[_patient(file, settings.patient) for file in found]), ()
    return table, (unknown_patients("tile"),)


def _pictures(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*/*")) if file.suffix.lower() in SUFFIXES]


def _patient(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.name)
    if found is None or found[1] is None:
        raise InputError(f"{file}: its name does not fit the pattern {pattern!r} for patients.")
    return found[1]


def _from_manifest(settings: TileFolder) -> tuple[pd.DataFrame, tuple[str, ...]]:
    assert settings.manifest is not None
    table = read_sheet(settings.manifest, ("file",), unique="file").rename(columns={"patient": "subject"})
    for name in ("label", "subject", "site"):
        empty = table.index[table[name].str.strip() == ""] if name in table else []
        if len(empty):
            raise InputError(f"{settings.manifest}, row {empty[0] + 2}: column {name!r} is empty.")
    notes = () if "subject" in table else (unknown_patients("tile"),)
    given = {"sample": table["file"], "subject": table["file"], "label": UNLABELLED, "site": UNKNOWN}
    new = {name: values for name, values in given.items() if name not in table}
    further = {str(name): as_numbers(table[name]) for name in table if name not in (*given, "file")}
    table = table.assign(**new, **further)
    first = ["sample", "subject", "label", "site"]
    return table[[*first, *(name for name in table if name not in first)]], notes


def _checked(files: list[Path], mpp: float | None) -> tuple[tuple[int, int], pd.DataFrame | None]:
    """Height and width of all tiles, and their quality where their resolution is known. Reads every file once."""
    size, judged = read_picture(files[0]).shape[1:], []
    for start in tqdm(range(0, len(files), JUDGED_AT_ONCE), desc="tiles", unit="batch", disable=None):
        tiles = [read_picture(file) for file in files[start : start + JUDGED_AT_ONCE]]
        for file, tile in zip(files[start:], tiles, strict=False):
            if tile.shape[1:] != size:
                raise InputError(
                    f"{file} has {tile.shape[2]} x {tile.shape[1]} pixels, but {files[0]} has {size[1]} x {size[0]}; "
                    "all tiles need one size. Cut or resample them alike."
                )
        if mpp is not None:
            judged.append(flags(np.stack(tiles), mpp))
    table = pd.concat(judged, ignore_index=True).assign(mpp=mpp) if judged else None
    return (size[0], size[1]), table
