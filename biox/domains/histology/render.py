"""Pictures of simulated slides: any rectangle, at the highest resolution, as a function of the plan alone.

A rectangle drawn by itself equals the same part of a larger one, so slides of any size are written piece by piece.
Two maps are drawn, of haematoxylin and of eosin; the slide's stain and scanner turn the pair into a colour.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from biox.domains.histology.cells import Cells, cells
from biox.domains.histology.ground import PITCH_UM, Ground, Region, ground
from biox.domains.histology.marks import marked
from biox.domains.histology.scanners import LEVELS, MOST_E, MOST_H, blur_taps, colours
from biox.domains.histology.stamps import nuclear_stain, tumour_nuclei
from biox.domains.histology.textures import FIBRE_PX, GRAIN_PX, SPECKLE_PX, TEXEL_UM, fibres, grain, speckle
from biox.domains.histology.tissue_plan import TissuePlan

CYTOPLASM_UM = 15.0  # height of a gland's cells: what lies deeper is its lumen
EMPTY_UM = -60.0  # where the tissue is farther than this nothing needs drawing


@dataclass(frozen=True)
class Scene:
    """A region of a slide with what lies in it: the coarse maps and the cells (also those just outside)."""

    plan: TissuePlan
    region: Region
    ground: Ground
    cells: Cells


def scene(plan: TissuePlan, region: Region) -> Scene:
    """What lies in a region; draw it with ``picture``, ``tumour_mask``."""
    maps = ground(plan, region)
    return Scene(plan, region, maps, cells(plan, maps))


def render(plan: TissuePlan, region: Region) -> UInt8[np.ndarray, "y x 3"]:
    """The picture of a region of a slide, red, green and blue."""
    return picture(scene(plan, region))


def tumour_mask(view: Scene) -> Bool[np.ndarray, "y x"]:
    """Which pixels belong to the nucleus of a tumour cell."""
    return tumour_nuclei(view.cells, view.region, view.plan.mpp)


def dead_tissue(view: Scene) -> Bool[np.ndarray, "y x"]:
    """Which pixels lie in necrosis."""
    return _Upsampling(view.ground, view.region, view.plan.mpp)(view.ground.necrosis.astype(np.float32)) > 0


def picture(view: Scene) -> UInt8[np.ndarray, "y x 3"]:
    """The picture of a scene, red, green and blue."""
    plan, region = view.plan, view.region
    taps = blur_taps(plan.scanner, plan.mpp)
    noise = _noise(region)
    if view.ground.tissue.max() < EMPTY_UM:
        h, e = np.zeros(noise.shape, np.float32), np.zeros(noise.shape, np.float32)
    else:
        h, e = (_blurred(amount, taps) for amount in _stains(view, region.grown(len(taps) - 1)))
    h += np.float32(0.012) * noise
    e += np.float32(0.016) * noise
    level = _level(h, MOST_H).astype(np.uint32) * LEVELS + _level(e, MOST_E)
    packed = colours(plan.stain, plan.scanner).take(level)
    rgb = packed.view(np.uint8).reshape(*packed.shape, 4)[..., :3]
    return marked(np.ascontiguousarray(rgb), plan, region)


def _stains(view: Scene, region: Region) -> tuple[Float[np.ndarray, "y x"], Float[np.ndarray, "y x"]]:
    """Haematoxylin and eosin at each pixel, before the scanner's blur."""
    mpp = view.plan.mpp
    flat_h, flat_e, fibrous, grainy, solid = _amounts(view.ground)
    full = _Upsampling(view.ground, region, mpp)
    threads = _fibres(view, full)
    clumps = _clumps(region, mpp)
    nuclei = nuclear_stain(view.cells, region, mpp)
    rough = threads - np.float32(0.45)
    # Crisp edges of tissue and lumen, frayed by the fibres; clefts open where bundles are thin.
    there = np.clip((full(solid) + 3 * rough) * np.float32(0.6) + np.float32(0.5), 0, 1)
    woven = full(fibrous)
    e = full(flat_e) + woven * (threads * np.float32(1.25) - np.float32(0.12))
    texture = full(grainy) * clumps
    cover = np.minimum(nuclei * np.float32(1.4), 1)
    e = np.maximum(e + texture, 0) * there * (1 - np.float32(0.55) * cover)
    h = np.maximum(full(flat_h) + texture * np.float32(0.7) + woven * np.float32(0.10) * threads, 0)
    return h * there * (1 - np.float32(0.7) * cover) + nuclei, e


def _amounts(maps: Ground) -> tuple[np.ndarray, ...]:
    """Coarse maps of what fills the space between nuclei: even haematoxylin and eosin, fibres, clumps, and depth inside
    what is solid (tissue, but not the lumen of a gland).
    """
    nest = np.clip(maps.nest / 0.2 + 0.5, 0, 1) * np.clip(maps.tumour / 8 + 0.5, 0, 1)
    gland = np.clip(maps.gland / 3 + 0.5, 0, 1)
    dead = np.clip(maps.necrosis / 10 + 0.5, 0, 1)
    inflamed = np.clip(maps.inflamed / 0.3 + 0.5, 0, 1)
    kinds = [np.ones_like(nest), inflamed, gland, nest, dead]
    # of stroma, infiltrate, gland, nest, necrosis: haematoxylin, eosin, fibres, clumps
    filling = ((0.05, 0.05, 0.62, 0.03), (0.23, 0.29, 0.22, 0.05), (0.24, 0.40, 0.05, 0.05),
               (0.27, 0.40, 0.08, 0.06), (0.20, 0.50, 0.06, 0.13))  # fmt: skip
    mixed = np.zeros((4, *nest.shape))
    for share, amounts in zip(kinds, filling, strict=True):
        mixed = mixed * (1 - share) + np.asarray(amounts)[:, None, None] * share
    lumen = np.where(maps.necrosis > -10, -99, maps.gland - CYTOPLASM_UM)
    solid = np.minimum(maps.tissue, -lumen)
    return tuple(np.asarray(part, np.float32) for part in (*mixed, np.clip(solid, -40, 40)))


class _Upsampling:
    """Coarse maps at the pixels of a region, by linear interpolation between their nodes."""

    def __init__(self, maps: Ground, region: Region, mpp: float) -> None:
        self.rows = _between(maps.ys, (region.y + np.arange(region.height) + 0.5) * mpp)
        self.columns = _between(maps.xs, (region.x + np.arange(region.width) + 0.5) * mpp)

    def __call__(self, values: Float[np.ndarray, "y x"]) -> Float[np.ndarray, "row column"]:
        (i, t), (j, s) = self.rows, self.columns
        down = values[i] + (values[i + 1] - values[i]) * t[:, None]
        step = np.diff(down, axis=1)
        return down.take(j, axis=1) + step.take(j, axis=1) * s


def _between(nodes: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The node before each place, and how far the place is from it, as a share of the pitch."""
    i = np.floor(at / PITCH_UM - round(nodes[0] / PITCH_UM)).astype(np.int64)
    return i, (at / PITCH_UM - np.floor(at / PITCH_UM)).astype(np.float32)


def _fibres(view: Scene, full: _Upsampling) -> Float[np.ndarray, "y x"]:
    """Thickness of the fibres at each pixel, 0 to 1, along their bent course."""
    maps, per = view.ground, np.float32(1 / TEXEL_UM)
    start = np.random.default_rng(view.plan.seed & 0xFFFFFFFF).integers(0, FIBRE_PX, 2)
    y = (maps.ys[full.rows[0]] + full.rows[1] * PITCH_UM) / TEXEL_UM
    x = (maps.xs[full.columns[0]] + full.columns[1] * PITCH_UM) / TEXEL_UM
    cos, sin = np.cos(maps.turn), np.sin(maps.turn)

    def turned(down: np.ndarray, across: np.ndarray) -> np.ndarray:
        # Whole periods are left out before the sum, so that it is exact enough anywhere on a large slide.
        return (down % FIBRE_PX).astype(np.float32)[:, None] + (across % FIBRE_PX).astype(np.float32)[None, :]

    bent_y = full(maps.bend_y) * per + turned(y * cos + start[0], x * sin)
    bent_x = full(maps.bend_x) * per + turned(-y * sin + start[1], x * cos)
    at = (bent_y.astype(np.int32) & (FIBRE_PX - 1)) * FIBRE_PX + (bent_x.astype(np.int32) & (FIBRE_PX - 1))
    return fibres().ravel().take(at) * np.float32(1 / 255)


def _clumps(region: Region, mpp: float) -> Float[np.ndarray, "y x"]:
    """Clumps of about a micrometre at each pixel."""
    rows = np.round((region.y + np.arange(region.height)) * mpp / TEXEL_UM).astype(np.int64) % SPECKLE_PX
    columns = np.round((region.x + np.arange(region.width)) * mpp / TEXEL_UM).astype(np.int64) % SPECKLE_PX
    return speckle().take(rows, axis=0).take(columns, axis=1)


def _noise(region: Region) -> Float[np.ndarray, "y x"]:
    """The scanner's noise at each pixel."""
    rows = (region.y + np.arange(region.height)) % GRAIN_PX
    columns = (region.x + np.arange(region.width)) % GRAIN_PX
    return grain().take(rows, axis=0).take(columns, axis=1)


def _blurred(amount: Float[np.ndarray, "y x"], taps: Float[np.ndarray, " tap"]) -> Float[np.ndarray, "y x"]:
    """The map smoothed down and across, smaller by the kernel's reach on every side."""
    reach = len(taps) - 1
    for _ in range(2):
        inner = amount.shape[0] - 2 * reach
        total = amount[reach : reach + inner] * taps[0]
        for k in range(1, reach + 1):
            total += (amount[reach - k : reach - k + inner] + amount[reach + k : reach + k + inner]) * taps[k]
        amount = total.T
    return np.ascontiguousarray(amount)


def _level(amount: Float[np.ndarray, "y x"], most: float) -> UInt8[np.ndarray, "y x"]:
    """The amount as one of 256 steps."""
    return np.clip(amount * np.float32((LEVELS - 1) / most) + np.float32(0.5), 0, LEVELS - 1).astype(np.uint8)
