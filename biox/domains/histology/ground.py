"""What lies where on a simulated slide: coarse maps of a region, every value a function of its place and the seed."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from biox.domains.histology.lattice_noise import hashed, smooth_noise
from biox.domains.histology.tissue_plan import Blob, TissuePlan, deepest_at, deepest_um

PITCH_UM = 4.0  # of the coarse maps; their nodes lie at its multiples on every slide
MARGIN_UM = 44.0  # beyond the region, for the cells that reach into it and for their neighbours
GLAND_PITCH_UM = 120.0
NEST_BIAS, INFLAMED_FROM = 0.15, 1.0  # a nest is where its noise exceeds -0.15, an infiltrate where it exceeds 1
BEND_UM = 55.0  # how far fibres are bent aside


@dataclass(frozen=True)
class Region:
    """A rectangle of a slide in pixels of its highest resolution: its left top corner (y, x) and its size."""

    y: int
    x: int
    height: int
    width: int

    def grown(self, by: int) -> "Region":
        """The rectangle with ``by`` more pixels on every side."""
        return Region(self.y - by, self.x - by, self.height + 2 * by, self.width + 2 * by)


@dataclass(frozen=True)
class Ground:
    """Coarse maps on the grid ys x xs (micrometres), each of shape (y, x).

    tissue, tumour, necrosis, gland: depth inside such an area in micrometres, negative outside.
    nest: above 0 where the tumour's cells lie together; inflamed: above 0 in infiltrates of lymphocytes.
    bend_y, bend_x: how far the fibres are displaced, in micrometres; turn: their direction on this slide (angle).
    glands: the glands that reach into the maps.
    """

    ys: np.ndarray
    xs: np.ndarray
    tissue: Float[np.ndarray, "y x"]
    tumour: Float[np.ndarray, "y x"]
    necrosis: Float[np.ndarray, "y x"]
    gland: Float[np.ndarray, "y x"]
    nest: Float[np.ndarray, "y x"]
    inflamed: Float[np.ndarray, "y x"]
    bend_y: Float[np.ndarray, "y x"]
    bend_x: Float[np.ndarray, "y x"]
    glands: tuple[Blob, ...]

    turn: float

    def at(self, name: str, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """One of the maps between its nodes, at points in micrometres."""
        values: np.ndarray = getattr(self, name)
        down, across = (y - self.ys[0]) / PITCH_UM, (x - self.xs[0]) / PITCH_UM
        i = np.clip(np.floor(down).astype(int), 0, len(self.ys) - 2)
        j = np.clip(np.floor(across).astype(int), 0, len(self.xs) - 2)
        t, s = down - i, across - j
        upper = values[i, j] * (1 - s) + values[i, j + 1] * s
        return upper * (1 - t) + (values[i + 1, j] * (1 - s) + values[i + 1, j + 1] * s) * t


def ground(plan: TissuePlan, region: Region) -> Ground:
    """The coarse maps of a region and its surroundings."""
    ys, xs = _nodes(region.y, region.height, plan.mpp), _nodes(region.x, region.width, plan.mpp)
    seed = plan.seed
    glands = _glands(plan, ys, xs)
    rough = 6 * smooth_noise((seed, 10), ys, xs, 22) + 3 * smooth_noise((seed, 11), ys, xs, 9)
    return Ground(
        ys=ys,
        xs=xs,
        tissue=deepest_um(plan.tissue, ys, xs) + rough if plan.tissue else np.full((len(ys), len(xs)), 1e3),
        tumour=deepest_um(plan.tumour, ys, xs),
        necrosis=deepest_um(plan.necrosis, ys, xs),
        gland=deepest_um(glands, ys, xs),
        nest=smooth_noise((seed, 12), ys, xs, 30) + 0.5 * smooth_noise((seed, 13), ys, xs, 13) + NEST_BIAS,
        inflamed=smooth_noise((seed, 14), ys, xs, 60) - INFLAMED_FROM,
        bend_y=BEND_UM * (smooth_noise((seed, 15), ys, xs, 90) + 0.2 * smooth_noise((seed, 16), ys, xs, 25)),
        bend_x=BEND_UM * smooth_noise((seed, 17), ys, xs, 90),
        glands=glands,
        turn=float(np.pi * hashed((seed, 18), np.zeros(1, int), np.zeros(1, int))[0]),
    )


def tissue_types(maps: Ground, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What lies at points (micrometres): ``background``, ``stroma``, ``gland``, ``tumour`` (a nest) or ``necrosis``."""
    y, x = np.broadcast_arrays(y, x)
    names = np.full(y.shape, "stroma", dtype="<U10")
    names[maps.at("gland", y, x) > 0] = "gland"
    names[(maps.at("tumour", y, x) > 0) & (maps.at("nest", y, x) > 0)] = "tumour"
    names[maps.at("necrosis", y, x) > 0] = "necrosis"
    names[maps.at("tissue", y, x) < 0] = "background"
    return names


def _nodes(start: int, length: int, mpp: float) -> np.ndarray:
    first = np.floor((start * mpp - MARGIN_UM) / PITCH_UM)
    last = np.ceil(((start + length) * mpp + MARGIN_UM) / PITCH_UM)
    return np.arange(first, last + 1) * PITCH_UM


def _glands(plan: TissuePlan, ys: np.ndarray, xs: np.ndarray) -> tuple[Blob, ...]:
    """The glands that reach into the grid: one in most squares of a wide lattice, where there is normal tissue."""
    rows = np.arange(np.floor(ys[0] / GLAND_PITCH_UM) - 1, np.ceil(ys[-1] / GLAND_PITCH_UM) + 1).astype(int)
    columns = np.arange(np.floor(xs[0] / GLAND_PITCH_UM) - 1, np.ceil(xs[-1] / GLAND_PITCH_UM) + 1).astype(int)
    i, j = (part.ravel() for part in np.meshgrid(rows, columns, indexing="ij"))
    draws = [hashed((plan.seed, 20 + k), i, j) for k in range(8)]
    y = (i + 0.5 + 0.3 * (draws[0] - 0.5)) * GLAND_PITCH_UM
    x = (j + 0.5 + 0.3 * (draws[1] - 0.5)) * GLAND_PITCH_UM
    radius = 26 + 18 * draws[2]
    there = (draws[3] < 0.6) & (np.maximum(deepest_at(plan.tumour, y, x), deepest_at(plan.necrosis, y, x)) < -radius)
    if plan.tissue:
        there &= deepest_at(plan.tissue, y, x) > radius
    waves = [tuple((0.13 * draws[4 + k][n], 6.28 * draws[6 + k][n]) for k in range(2)) for n in range(len(i))]
    return tuple(Blob(float(y[n]), float(x[n]), float(radius[n]), waves[n]) for n in np.flatnonzero(there))
