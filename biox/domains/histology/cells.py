"""The cells of a simulated slide: where their nuclei lie and how they look, a function of the place and the seed.

Candidates stand one to a square of a fine lattice; the tissue decides which of them are cells, and of two that would
overlap the one of lower rank gives way. Both need only the neighbourhood, so any region can be drawn alone.
"""

from dataclasses import dataclass, fields

import numpy as np

from biox.domains.histology.ground import Ground
from biox.domains.histology.lattice_noise import hashed, normal
from biox.domains.histology.tissue_plan import Blob, TissuePlan

KINDS = ("stroma", "lymphocyte", "epithelium", "tumour", "debris")
STROMA, LYMPHOCYTE, EPITHELIUM, TUMOUR, DEBRIS = range(5)
LATTICE_UM = 7.0
OVERLAP = 0.85  # of the sum of two radii: nearer nuclei make way
REACH_UM = 12.0  # no nucleus extends farther from its centre
RING_UM, RING_STEP_UM = 6.0, 7.4  # how deep the nuclei of a gland lie in its edge, and how far apart
# kind: radius (micrometres), long to short axis, irregularity, darkness, coarseness of chromatin, nucleolus: mean, sd
LOOK = {
    STROMA: ((2.9, 0.4), (3.2, 0.8), (0.04, 0.02), (1.05, 0.15), (0.12, 0.04), (0.0, 0.05)),
    LYMPHOCYTE: ((2.7, 0.3), (1.1, 0.08), (0.03, 0.02), (1.35, 0.15), (0.18, 0.05), (0.0, 0.05)),
    EPITHELIUM: ((3.6, 0.45), (1.35, 0.15), (0.05, 0.03), (0.98, 0.15), (0.15, 0.06), (0.1, 0.2)),
    DEBRIS: ((2.2, 0.9), (1.3, 0.25), (0.14, 0.06), (1.15, 0.35), (0.30, 0.10), (0.0, 0.1)),
}
# What makes a nucleus of the tumour differ from one of normal epithelium, at contrast 1: added to mean and sd.
MALIGNANT = ((0.85, 0.35), (0.05, 0.10), (0.05, 0.02), (0.02, 0.10), (0.20, 0.06), (0.45, 0.20))


@dataclass(frozen=True)
class Cells:
    """Nuclei, one entry each. y, x, long, short: micrometres; angle of the long axis; kind: index into KINDS.

    irregular, dark, coarse, nucleolus: how the outline strays, how much stain, how clumped, how strong the nucleolus;
    pick: a whole number that chooses the nucleus's own chromatin.
    """

    y: np.ndarray
    x: np.ndarray
    kind: np.ndarray
    long: np.ndarray
    short: np.ndarray
    angle: np.ndarray
    irregular: np.ndarray
    dark: np.ndarray
    coarse: np.ndarray
    nucleolus: np.ndarray
    pick: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: np.ndarray) -> "Cells":
        """The chosen nuclei."""
        return Cells(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


def cells(plan: TissuePlan, maps: Ground) -> Cells:
    """All nuclei whose centre lies within the maps, less the outermost ``MARGIN_UM - REACH_UM`` micrometres."""
    scattered, rings = _scattered(plan, maps), _rings(plan, maps)
    joined = {
        one.name: np.concatenate([getattr(scattered, one.name), getattr(rings, one.name)]) for one in fields(Cells)
    }
    return Cells(**joined)


def _scattered(plan: TissuePlan, maps: Ground) -> Cells:
    """The nuclei outside glands."""
    i = np.arange(np.ceil(maps.ys[0] / LATTICE_UM), np.floor(maps.ys[-1] / LATTICE_UM)).astype(int)[:, None]
    j = np.arange(np.ceil(maps.xs[0] / LATTICE_UM), np.floor(maps.xs[-1] / LATTICE_UM)).astype(int)[None, :]
    seed = plan.seed
    y = (i + 0.5 + 0.8 * (hashed((seed, 30), i, j) - 0.5)) * LATTICE_UM
    x = (j + 0.5 + 0.8 * (hashed((seed, 31), i, j) - 0.5)) * LATTICE_UM
    kind = _kinds(maps, y, x, (hashed((seed, 32), i, j), hashed((seed, 33), i, j)))
    rank = hashed((seed, 34), i, j)
    look = _look(plan, kind, (np.broadcast_to(i, y.shape), np.broadcast_to(j, y.shape)))
    kept = (kind >= 0) & ~_beaten(y, x, np.where(kind >= 0, look["short"] * 0.7 + look["long"] * 0.3, -99), rank)
    # Fibres run where the bent coordinate across them stays the same: at right angles to its slope.
    along = np.arctan2(-np.sin(maps.turn) - _slope(maps, y, x, 1), np.cos(maps.turn) + _slope(maps, y, x, 0))
    free = 2 * np.pi * hashed((seed, 35), i, j)
    angle = np.where(kind == STROMA, along + 0.3 * (free - np.pi) / np.pi, free)
    return Cells(y=y[kept], x=x[kept], kind=kind[kept], angle=angle[kept], **{k: v[kept] for k, v in look.items()})


def _kinds(maps: Ground, y: np.ndarray, x: np.ndarray, draws: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Which kind of cell each candidate is, -1 for none: the tissue at its place says how likely each is."""
    there, which = draws
    tumour, nest = maps.at("tumour", y, x), maps.at("nest", y, x)
    inflamed, necrosis = maps.at("inflamed", y, x) > 0, maps.at("necrosis", y, x)
    density = np.where(inflamed, 0.85, 0.26)
    kind = np.where(which < np.where(inflamed, 0.8, 0.15), LYMPHOCYTE, STROMA)
    within = tumour > 0
    kind = np.where(within & (which > 0.93), TUMOUR, kind)  # a few lone cells between the nests
    in_nest = within & (nest > 0)
    kind = np.where(in_nest, np.where(which < 0.08, LYMPHOCYTE, TUMOUR), kind)
    density = np.where(in_nest, 0.92, density)
    dead = necrosis > 0
    kind, density = np.where(dead, DEBRIS, kind), np.where(dead, 0.5, density)
    outside = (maps.at("tissue", y, x) < 4) | ((maps.at("gland", y, x) > -4) & ~dead)
    return np.where((there < density) & ~outside, kind, -1)


def _look(plan: TissuePlan, kind: np.ndarray, place: tuple[np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    """Size and appearance of nuclei at lattice places."""
    table = _table(plan.contrast)[kind]
    drawn = [table[..., k, 0] + table[..., k, 1] * normal((plan.seed, 40 + k), *place) for k in range(6)]
    radius, aspect = np.clip(drawn[0], 1.0, 7.0), np.clip(drawn[1], 1.0, 5.0)
    long = np.minimum(radius * np.sqrt(aspect), REACH_UM - 3)
    return {
        "long": long,
        "short": np.maximum(radius**2 / long, 0.7),
        "irregular": np.clip(drawn[2], 0, 0.25),
        "dark": np.clip(drawn[3], 0.35, 1.9),
        "coarse": np.clip(drawn[4], 0.02, 0.6),
        "nucleolus": np.clip(drawn[5], 0, 1),
        "pick": (hashed((plan.seed, 50), *place) * 2**24).astype(np.int64),
    }


def _table(contrast: float) -> np.ndarray:
    """Mean and standard deviation of each property, shape (kind, property, 2)."""
    looks = {**LOOK, TUMOUR: np.asarray(LOOK[EPITHELIUM]) + contrast * np.asarray(MALIGNANT)}
    return np.stack([np.asarray(looks[kind]) for kind in range(len(KINDS))])


def _beaten(y: np.ndarray, x: np.ndarray, radius: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Whether a candidate overlaps one of higher rank; neighbours are up to two lattice squares away."""
    beaten = np.zeros(y.shape, bool)
    shifts = [(a, b) for a in range(3) for b in range(-2, 3) if (a, b) > (0, 0)]
    for a, b in shifts:
        here = np.s_[: y.shape[0] - a, max(0, -b) : y.shape[1] - max(0, b)]
        there = np.s_[a:, max(0, b) : y.shape[1] - max(0, -b)]
        apart = (y[here] - y[there]) ** 2 + (x[here] - x[there]) ** 2
        reach = np.maximum(OVERLAP * (radius[here] + radius[there]), 0)
        near, lower = apart < reach**2, rank[here] < rank[there]
        beaten[here] |= near & lower
        beaten[there] |= near & ~lower
    return beaten


def _slope(maps: Ground, y: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    """How the fibres' displacement changes down (axis 0) or across (axis 1), per micrometre."""
    step = (2.0, 0.0) if axis == 0 else (0.0, 2.0)
    return (maps.at("bend_y", y + step[0], x + step[1]) - maps.at("bend_y", y - step[0], x - step[1])) / 4


def _rings(plan: TissuePlan, maps: Ground) -> Cells:
    """The nuclei of the glands, in one row along the edge of each."""
    parts = [_ring(number, gland) for number, gland in enumerate(maps.glands)]
    y, x, angle = (np.concatenate([np.empty(0), *(part[k] for part in parts)]) for k in range(3))
    inside = (y > maps.ys[0]) & (y < maps.ys[-1]) & (x > maps.xs[0]) & (x < maps.xs[-1])
    y, x, angle = y[inside], x[inside], angle[inside]
    place = (np.floor(y * 16).astype(np.int64), np.floor(x * 16).astype(np.int64))
    shaken = angle + 0.25 * normal((plan.seed, 51), *place)
    y = y + 0.7 * normal((plan.seed, 52), *place)
    kind = np.full(y.shape, EPITHELIUM)
    there = (maps.at("tissue", y, x) > 4) & (hashed((plan.seed, 53), *place) < 0.95)
    look = _look(plan, kind, place)
    return Cells(
        y=y[there], x=x[there], kind=kind[there], angle=shaken[there], **{k: v[there] for k, v in look.items()}
    )


def _ring(number: int, gland: Blob) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = round(2 * np.pi * (gland.radius - RING_UM) / RING_STEP_UM)
    angle = np.arange(count) * 2 * np.pi / count
    from_centre = gland.edge_um(angle) - RING_UM
    return gland.y + from_centre * np.sin(angle), gland.x + from_centre * np.cos(angle), angle
