"""What a study may say about the slides that it simulates."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from biox.core.errors import listed
from biox.core.study import Strict
from biox.domains.histology.scanners import SCANNERS

Label = Literal["normal", "tumour"]
Share = Annotated[float, Field(ge=0, le=1)]


class Simulation(Strict):
    """Simulated patients and their slides.

    height, width: of every slide in pixels of ``mpp`` micrometres. tumour: share of patients with a tumour, elsewhere
    at the sites named in ``tumour_at`` (a confounder); tumour_area: its share of the tissue; necrosis: share of tumours
    with a dead centre; contrast: how far tumour nuclei differ (1 moderate, 0 not at all). sites: hospitals, each with
    the scanner of its place in ``scanners`` (begun again when too few); patients take turns. stain_spread: how far
    stains vary between patients. pen: share of slides with pen strokes; corner: share of the slides of a label with a
    coloured square, ``corner_um`` a side, in the left top corner. quality: of the JPEG in the slides.
    """

    patients: int = Field(default=12, ge=1)
    slides_each: int = Field(default=1, ge=1)
    height: int = Field(default=2048, ge=256)
    width: int = Field(default=2048, ge=256)
    mpp: float = Field(default=0.5, ge=0.2, le=2)
    tumour: float = Field(default=0.5, ge=0, le=1)
    tumour_at: dict[str, Share] = Field(default={})
    tumour_area: float = Field(default=0.35, gt=0, le=0.7)
    necrosis: float = Field(default=0.5, ge=0, le=1)
    contrast: float = Field(default=1.0, ge=0, le=2)
    sites: tuple[str, ...] = Field(min_length=1, default=("north", "south"))
    scanners: tuple[str, ...] = ("A", "B")
    stain_spread: float = Field(default=0.06, ge=0, le=0.3)
    pen: float = Field(default=0.0, ge=0, le=1)
    corner: dict[Label, Share] = Field(default={})
    corner_um: float = Field(default=60.0, gt=0)
    quality: int = Field(default=85, ge=30, le=100)
    seed: int = 0

    @field_validator("scanners")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return known_scanners(names)

    @model_validator(mode="after")
    def _at_known_sites(self) -> "Simulation":
        check_sites(self.sites, self.tumour_at)
        return self


def known_scanners(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names if each is a scanner; a ValueError lists those that there are."""
    if not names or set(names) - set(SCANNERS):
        raise ValueError(f"the scanners are {listed(SCANNERS)}")
    return names


def check_sites(sites: tuple[str, ...], tumour_at: dict[str, float]) -> None:
    """A ValueError if a share of tumours is given for a site that is not there."""
    unknown = sorted(set(tumour_at) - set(sites))
    if unknown:
        raise ValueError(f"tumour_at names {listed(unknown)}, but the sites are {listed(sites)}")
