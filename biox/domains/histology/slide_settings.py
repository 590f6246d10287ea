"""What a study file may say about its whole slides."""

from pathlib import Path

import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from biox.core.study import Strict
from biox.domains.histology.planted import Plant
from biox.domains.histology.quality import FLAGS
from biox.domains.histology.slide_list import listed_slides, parts_of
from biox.domains.histology.tile_labels import Labels
from biox.domains.histology.tile_pixels import Source
from biox.domains.histology.tiling import Tiling
from biox.domains.histology.tissue import Tissue


class Slides(Strict):
    """Where the slides are, what is known of them, and how they become tiles.

    sheet: a CSV with ``slide``, ``patient`` and any of ``file``, ``label``, ``site``, ``scanner``, ``stain``, ``mpp``,
    ``annotations`` and covariates. folder: of slides, or one slide; left out, that of the sheet; one of the two is
    needed. annotations: a folder with one GeoJSON or XML a slide. mpp: micrometres per level-0 pixel where a slide
    does not say. labels: how tiles are labelled; left out, by what is drawn on them, else by the slide's label, else
    not at all. leave_out: flags whose tiles are dropped. most: tiles taken of each slide at most, drawn with ``seed``.
    skip_unreadable: leave out slides that cannot be read, with a note. workers: processes that read. cache: keep a
    copy of all pixels. bag: K tiles of a slide make one sample.
    """

    sheet: Path | None = None
    folder: Path | None = Field(default=None, validate_default=True)
    annotations: Path | None = None
    mpp: float | None = Field(default=None, gt=0)
    tissue: Tissue = Tissue()
    tiles: Tiling = Tiling()
    labels: Labels | None = None
    leave_out: tuple[str, ...] = ()
    most: int | None = Field(default=None, ge=1)
    seed: int = 0
    skip_unreadable: bool = False
    workers: int = Field(default=1, ge=1)
    cache: bool = False
    bag: int | None = Field(default=None, ge=1)
    plant: Plant | None = None

    @field_validator("folder")
    @classmethod
    def _of_the_sheet(cls, folder: Path | None, info: ValidationInfo) -> Path | None:
        return info.data["sheet"].parent if folder is None and info.data.get("sheet") is not None else folder

    @field_validator("leave_out")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if set(names) - set(FLAGS):
            raise ValueError(f"the flags are {', '.join(FLAGS)}")
        return names

    def files_read(self) -> list[Path]:
        """The files of the slides and of what is drawn on them, and nothing else that lies in their folders.

        Before these folders are there, they stand for themselves; with ``skip_unreadable`` an absent slide is none.
        """
        given = [path for path in (self.sheet, self.folder, self.annotations) if path is not None]
        if not given or not all(path.exists() for path in given):
            return given
        table = listed_slides(self.folder, self.sheet, self.annotations)
        named = [part for file in table["file"] for part in parts_of(file) if file.exists() or not self.skip_unreadable]
        named += [file for file in table["annotations"] if file is not None]
        return list(dict.fromkeys([*([self.sheet] if self.sheet else []), *named]))

    def source(self, row: pd.Series) -> Source:
        """The file of a slide, and its resolution where the sheet or these settings say it."""
        return Source(row["file"], self.mpp if pd.isna(row["mpp"]) else float(row["mpp"]))
