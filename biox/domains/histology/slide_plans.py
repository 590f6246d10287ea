"""Plans of simulated slides: who has a tumour, at which site, and where on the slide everything lies."""

from dataclasses import dataclass

import numpy as np

from biox.domains.histology.marks import INKS
from biox.domains.histology.scanners import SCANNERS, Stain, varied
from biox.domains.histology.simulation import Simulation
from biox.domains.histology.tissue_plan import Blob, Corner, Stroke, TissuePlan, blob

LARGE_UM = 3000.0  # slides from this side on hold several pieces of tissue
PIECES = 3
WIDEST_TUMOUR_UM = 1400.0
CORNER_COLOUR = (22, 178, 96)


@dataclass(frozen=True)
class SlidePlan:
    """One slide to be written: its name, what the sheet says of it, and its plan."""

    name: str
    about: dict[str, str]
    plan: TissuePlan


def slide_plans(settings: Simulation) -> list[SlidePlan]:
    """Every slide of a simulation, in the order of the sheet."""
    return [
        _slide(settings, patient, slide)
        for patient in range(settings.patients)
        for slide in range(settings.slides_each)
    ]


def _slide(settings: Simulation, patient: int, slide: int) -> SlidePlan:
    place = patient % len(settings.sites)
    site, scanner = settings.sites[place], settings.scanners[place % len(settings.scanners)]
    label = "tumour" if _ill(settings, site, patient // len(settings.sites), place) else "normal"
    rng = np.random.default_rng([settings.seed, 78, patient, slide])
    # The patient's stain: all slides of one person were stained in one laboratory.
    stain = varied(Stain(), np.random.default_rng([settings.seed, 79, patient]), settings.stain_spread)
    extent = settings.height * settings.mpp, settings.width * settings.mpp
    tissue = _tissue(rng, extent)
    tumour = _tumours(rng, tissue, settings.tumour_area) if label == "tumour" else ()
    necrosis = tuple(_necrosis(rng, one) for one in tumour if rng.random() < settings.necrosis)
    strokes = _strokes(rng, extent) if rng.random() < settings.pen else ()
    corner = Corner(settings.corner_um, CORNER_COLOUR) if rng.random() < settings.corner.get(label, 0) else None
    plan = TissuePlan(
        seed=int(rng.integers(2**31)),
        height=settings.height,
        width=settings.width,
        mpp=settings.mpp,
        tissue=tissue,
        tumour=tumour,
        necrosis=necrosis,
        contrast=settings.contrast,
        scanner=SCANNERS[scanner],
        stain=stain,
        strokes=strokes,
        corner=corner,
    )
    strength = sum(stain.haematoxylin) / sum(Stain().haematoxylin)
    about = {
        "patient": f"patient-{patient:03d}",
        "label": label,
        "site": site,
        "scanner": scanner,
        "stain": "strong" if strength > 1 else "pale",
        "pen": "yes" if strokes else "no",
        "corner": "yes" if corner else "no",
    }
    return SlidePlan(f"{about['patient']}-{slide}", about, plan)


def _ill(settings: Simulation, site: str, turn: int, place: int) -> bool:
    """Whether the patient who comes ``turn``-th to a site has a tumour: evenly spread, so that sites are alike."""
    share = settings.tumour_at.get(site, settings.tumour)
    start = place / len(settings.sites)  # so that where shares do not come out even not all sites lack the same one
    return bool(np.floor((turn + 1) * share + start) > np.floor(turn * share + start))


def _tissue(rng: np.random.Generator, extent: tuple[float, float]) -> tuple[Blob, ...]:
    """One piece that nearly fills a small slide; several beside each other on a large one."""
    height, width = extent
    pieces = 1 if min(extent) < LARGE_UM else PIECES
    step = width / pieces
    radius = 0.44 * min(height, step)
    centres = [(height * rng.uniform(0.47, 0.53), step * (k + rng.uniform(0.47, 0.53))) for k in range(pieces)]
    return tuple(blob(rng, centre, radius, rough=0.10) for centre in centres)


def _tumours(rng: np.random.Generator, tissue: tuple[Blob, ...], share: float) -> tuple[Blob, ...]:
    """As many tumours as make up about the share of the tissue, each wholly in one piece."""
    found: list[Blob] = []
    for piece in tissue:
        wide = min(np.sqrt(share) * piece.radius, WIDEST_TUMOUR_UM)
        for _ in range(max(1, round(share * (piece.radius / wide) ** 2))):
            radius = wide * rng.uniform(0.85, 1.1)
            aside, turn = np.sqrt(rng.random()) * max(0.0, 0.8 * piece.radius - radius), rng.uniform(0, 2 * np.pi)
            centre = (piece.y + aside * np.sin(turn), piece.x + aside * np.cos(turn))
            found.append(blob(rng, centre, radius, rough=0.14))
    return tuple(found)


def _necrosis(rng: np.random.Generator, tumour: Blob) -> Blob:
    turn, aside = rng.uniform(0, 2 * np.pi), 0.35 * tumour.radius
    centre = (tumour.y + aside * np.sin(turn), tumour.x + aside * np.cos(turn))
    return blob(rng, centre, 0.38 * tumour.radius, rough=0.10)


def _strokes(rng: np.random.Generator, extent: tuple[float, float]) -> tuple[Stroke, ...]:
    """One to three strokes of one pen, as if to mark the tissue."""
    ink = INKS[str(rng.choice(sorted(INKS)))]
    side = min(extent)
    width = float(np.clip(0.045 * side, 20, 700))
    return tuple(
        Stroke(
            y=rng.uniform(0.1, 0.7) * extent[0],
            x=rng.uniform(0.05, 0.5) * extent[1],
            angle=rng.uniform(-0.6, 1.2),
            length=rng.uniform(0.25, 0.5) * side,
            width=width * rng.uniform(0.8, 1.25),
            ink=ink,
        )
        for _ in range(int(rng.integers(1, 4)))
    )
