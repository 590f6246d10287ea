"""The plan of a simulated slide: where tissue, tumour and necrosis lie, how it was stained, scanned and marked.

All places are micrometres from the slide's left top corner. The plan is a few numbers: what it leaves open (cells,
fibres, glands) is drawn by ``render`` as a function of the place and of the seed. No part stands for a real organ.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from biox.domains.histology.scanners import SCANNERS, Scanner, Stain

CORNERS = 180  # of an outline's polygon
FAR = -1e4


@dataclass(frozen=True)
class Blob:
    """A star-shaped outline about (y, x): ``radius`` in micrometres, and waves (size, phase) of 2, 3, 4 ... lobes."""

    y: float
    x: float
    radius: float
    waves: tuple[tuple[float, float], ...] = ()

    def edge_um(self, angle: np.ndarray) -> np.ndarray:
        """Distance from the centre to the outline in each direction."""
        edge = np.ones_like(angle)
        for k, (size, phase) in enumerate(self.waves, start=2):
            edge = edge + size * np.cos(k * angle + phase)
        return self.radius * edge

    def depth_um(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """How far inside the outline each point lies along its ray (negative outside); ``y`` and ``x`` broadcast."""
        down, across = y - self.y, x - self.x
        return self.edge_um(np.arctan2(down, across)) - np.hypot(down, across)

    def polygon(self) -> Float[np.ndarray, "corner 2"]:
        """The outline's corners (x, y) in micrometres."""
        angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
        edge = self.edge_um(angle)
        return np.stack([self.x + edge * np.cos(angle), self.y + edge * np.sin(angle)], axis=1)

    def reach_um(self) -> float:
        """No point of the outline is farther from the centre."""
        return self.radius * (1 + sum(abs(size) for size, _ in self.waves))


@dataclass(frozen=True)
class Stroke:
    """A pen stroke from (y, x) on in direction ``angle``, wavering; lengths in micrometres; ink: light let through."""

    y: float
    x: float
    angle: float
    length: float
    width: float
    ink: tuple[float, float, float]


@dataclass(frozen=True)
class Corner:
    """A coloured square in the slide's left top corner, side in micrometres."""

    side: float
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class TissuePlan:
    """Everything that says how one simulated slide looks.

    height, width: pixels at the highest resolution, of ``mpp`` micrometres each.
    contrast: how far tumour nuclei differ from normal ones; 1 is a task of moderate difficulty, 0 none.
    """

    seed: int
    height: int
    width: int
    mpp: float
    tissue: tuple[Blob, ...]
    tumour: tuple[Blob, ...] = ()
    necrosis: tuple[Blob, ...] = ()
    contrast: float = 1.0
    scanner: Scanner = field(default=SCANNERS["A"])
    stain: Stain = field(default=Stain())
    strokes: tuple[Stroke, ...] = ()
    corner: Corner | None = None


def blob(rng: np.random.Generator, centre: tuple[float, float], radius: float, rough: float = 0.12) -> Blob:
    """A random outline about a centre (y, x)."""
    waves = tuple((rough / k * rng.uniform(-1, 1) * 2, rng.uniform(0, 2 * np.pi)) for k in range(1, 7))
    return Blob(centre[0], centre[1], radius, waves)


def deepest_um(blobs: tuple[Blob, ...], ys: np.ndarray, xs: np.ndarray) -> Float[np.ndarray, "y x"]:
    """How far inside the nearest of several outlines each point of a grid lies; far outside counts as ``FAR``."""
    deepest = np.full((len(ys), len(xs)), FAR)
    for one in blobs:
        reach = one.reach_um() + 60
        rows, columns = np.abs(ys - one.y) < reach, np.abs(xs - one.x) < reach
        if rows.any() and columns.any():
            part = np.ix_(rows, columns)
            deepest[part] = np.maximum(deepest[part], one.depth_um(ys[rows][:, None], xs[columns][None, :]))
    return deepest


def deepest_at(blobs: tuple[Blob, ...], y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The same at single points."""
    return np.max([one.depth_um(y, x) for one in blobs], axis=0, initial=FAR)
