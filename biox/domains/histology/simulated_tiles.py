"""Small tiles of simulated patients, in memory: a tumour task whose truth is known down to the pixel.

Each patient is one small field of simulated tissue (``tissue_plan``, ``render``) with a tumour in it; tiles are cut
around cells, as in Haegele et al. 2020, and are labelled by whether any tumour cell lies in them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from biox.core.study import Strict
from biox.core.types import Axis, Cohort
from biox.domains.histology.ground import Region
from biox.domains.histology.masked_tiles import MaskedTiles
from biox.domains.histology.planted import Plant, planted
from biox.domains.histology.render import Scene, picture, scene, tumour_mask
from biox.domains.histology.scanners import SCANNERS, Stain, varied
from biox.domains.histology.simulation import Share, check_sites, known_scanners
from biox.domains.histology.tile_centres import Wanted, candidates, chosen_centres
from biox.domains.histology.tissue_plan import TissuePlan, blob

CLASSES = ("normal", "tumour")
ROOM = 1.35  # side of a patient's field over that of all tiles laid side by side
NECROSIS_UM = 52.0


class SimulatedTiles(Strict):
    """How the simulated patients and their tiles look.

    tiles_each: tiles a patient. tile: side in pixels of ``mpp`` micrometres. tumour: share of tiles with a tumour cell;
    off_centre: share of these whose centre cell is normal; necrosis: share of the tiles without tumour that are
    necrosis. contrast: how far tumour nuclei differ (1 moderate, 0 not at all). sites: each is a hospital with the
    scanner of the same place in ``scanners`` (begun again when too few); patients take turns. tumour_at: another share
    of tumour tiles at some sites (a confounder). stain_spread: how far stains vary between patients.
    """

    patients: int = Field(default=16, ge=1)
    tiles_each: int = Field(default=40, ge=2)
    tile: int = Field(default=48, ge=16)
    mpp: float = Field(default=1.0, gt=0.1, le=2)
    tumour: float = Field(default=0.5, ge=0, le=1)
    off_centre: float = Field(default=0.6, ge=0, le=1)
    necrosis: float = Field(default=0.2, ge=0, le=1)
    contrast: float = Field(default=1.0, ge=0, le=2)
    sites: tuple[str, ...] = Field(min_length=1, default=("north", "south"))
    scanners: tuple[str, ...] = ("A", "B")
    tumour_at: dict[str, Share] = Field(default={})
    stain_spread: float = Field(default=0.06, ge=0, le=0.3)
    seed: int = 0
    plant: Plant | None = None

    @field_validator("scanners")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return known_scanners(names)

    @model_validator(mode="after")
    def _at_known_sites(self) -> "SimulatedTiles":
        check_sites(self.sites, self.tumour_at)
        return self


@dataclass(frozen=True)
class _Cut:
    """Tiles of one patient: pixels, masks of tumour nuclei and their table."""

    pixels: np.ndarray
    masks: np.ndarray
    samples: pd.DataFrame


def simulated_tiles(settings: SimulatedTiles) -> Cohort:
    """Tiles of simulated patients, labelled tumour where any tumour cell lies in them.

    x: ``MaskedTiles`` of shape (tile, 3, y, x), 8-bit red, green, blue, with the mask of the tumour nuclei.
    samples: beside the contract's columns ``centre_label`` (class of the cell at the centre), ``centre_cell`` (its
    kind), ``tissue_type`` at the centre (stroma, gland, tumour, necrosis), ``necrosis`` (share of the tile) and
    ``tumour_cells`` (how many).
    """
    cuts = [_patient(settings, number) for number in range(settings.patients)]
    names = tuple(str(place) for place in range(settings.tile))
    cohort = Cohort(
        x=MaskedTiles(np.concatenate([cut.pixels for cut in cuts]), np.concatenate([cut.masks for cut in cuts])),
        samples=pd.concat([cut.samples for cut in cuts], ignore_index=True),
        axes=(Axis("colour", ("red", "green", "blue")), Axis("y", names, "px"), Axis("x", names, "px")),
        unit="8-bit intensity",
        classes=CLASSES,
        label_level="trial",
        notes=("These tiles are simulated; every cell in them is known.",),
        bounds=(0.0, 255.0),
    )
    return planted(cohort, settings.plant) if settings.plant else cohort


def _patient(settings: SimulatedTiles, number: int) -> _Cut:
    rng = np.random.default_rng([settings.seed, 77, number])
    side = round(settings.tile * (np.sqrt(settings.tiles_each) * ROOM + 2))
    view = scene(_plan(settings, number, rng, side), Region(0, 0, side, side))
    rgb, mask = picture(view), tumour_mask(view)
    centres = candidates(view, mask, settings.tile)
    site = settings.sites[number % len(settings.sites)]
    chosen = chosen_centres(centres, _wanted(settings, site), rng)
    corners = list(zip(chosen["y"], chosen["x"], strict=True))
    cut = np.s_[: settings.tile]
    tiles = [rgb[y:, x:][cut, cut].transpose(2, 0, 1) for y, x in corners]
    masks = [mask[y:, x:][cut, cut] for y, x in corners]
    return _Cut(np.stack(tiles), np.stack(masks), _table(chosen, view, settings, number))


def _plan(settings: SimulatedTiles, number: int, rng: np.random.Generator, side: int) -> TissuePlan:
    """A field full of tissue with one tumour, and necrosis at its edge."""
    extent = side * settings.mpp
    middle = rng.uniform(0.42, 0.58, 2) * extent
    turn = rng.uniform(0, 2 * np.pi)
    dead = middle + 0.3 * extent * np.array([np.sin(turn), np.cos(turn)])
    tumour = blob(rng, (middle[0], middle[1]), 0.34 * extent)
    necrosis = blob(rng, (dead[0], dead[1]), max(NECROSIS_UM, 0.14 * extent), rough=0.05)
    scanner = settings.scanners[number % len(settings.sites) % len(settings.scanners)]
    return TissuePlan(
        seed=int(rng.integers(2**31)),
        height=side,
        width=side,
        mpp=settings.mpp,
        tissue=(),
        tumour=(tumour,),
        necrosis=(necrosis,) if settings.necrosis > 0 else (),
        contrast=settings.contrast,
        scanner=SCANNERS[scanner],
        stain=varied(Stain(), rng, settings.stain_spread),
    )


def _wanted(settings: SimulatedTiles, site: str) -> Wanted:
    """How many tiles of each sort a patient of this site has."""
    ill = round(settings.tiles_each * settings.tumour_at.get(site, settings.tumour))
    aside, dead = round(ill * settings.off_centre), round((settings.tiles_each - ill) * settings.necrosis)
    return Wanted(centred=ill - aside, aside=aside, normal=settings.tiles_each - ill - dead, dead=dead)


def _table(chosen: pd.DataFrame, view: Scene, settings: SimulatedTiles, number: int) -> pd.DataFrame:
    """The sample table of one patient."""
    subject, place = f"patient-{number:03d}", number % len(settings.sites)
    strength = sum(view.plan.stain.haematoxylin) / sum(Stain().haematoxylin)
    table = pd.DataFrame(
        {
            "sample": [f"{subject}-{tile:03d}" for tile in range(len(chosen))],
            "subject": subject,
            "label": np.where(chosen["tumour_cells"] > 0, "tumour", "normal"),
            "centre_label": np.where(chosen["centre_cell"] == "tumour", "tumour", "normal"),
            "slide": subject,
            "site": settings.sites[place],
            "scanner": settings.scanners[place % len(settings.scanners)],
            "stain": "strong" if strength > 1 else "pale",
        }
    )
    kept = chosen[["centre_cell", "tissue_type", "necrosis", "tumour_cells", "x", "y"]]
    return pd.concat([table, kept.assign(size=settings.tile, mpp=settings.mpp, tissue=1.0)], axis=1)
