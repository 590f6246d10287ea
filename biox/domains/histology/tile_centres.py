"""Which cells of a simulated field become the centres of tiles."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.domains.histology.cells import KINDS, TUMOUR
from biox.domains.histology.ground import tissue_types
from biox.domains.histology.render import Scene, dead_tissue

DEAD_FROM = 0.5  # a tile counts as necrosis from this share on, as free of it below LIVE_BELOW
LIVE_BELOW = 0.1


@dataclass(frozen=True)
class Wanted:
    """How many tiles of each sort: a tumour cell at the centre; one elsewhere only; live without any; necrosis."""

    centred: int
    aside: int
    normal: int
    dead: int


def candidates(view: Scene, mask: np.ndarray, tile: int) -> pd.DataFrame:
    """Every cell that can be the centre of a tile: its corner, its kind, and what the tile around it holds."""
    found, mpp, side = view.cells, view.plan.mpp, view.region.height
    y, x = (np.floor(at / mpp).astype(int) - tile // 2 for at in (found.y, found.x))
    fits = (y >= 0) & (x >= 0) & (y + tile <= side) & (x + tile <= side)
    found, y, x = found.take(fits), y[fits], x[fits]
    centre = np.zeros((side, side), int)
    inside = view.cells.take(view.cells.kind == TUMOUR)
    rows, columns = (np.floor(at / mpp).astype(int) for at in (inside.y, inside.x))
    kept = (rows >= 0) & (columns >= 0) & (rows < side) & (columns < side)
    np.add.at(centre, (rows[kept], columns[kept]), 1)
    return pd.DataFrame(
        {
            "y": y,
            "x": x,
            "centre_cell": np.asarray(KINDS)[found.kind],
            "tissue_type": tissue_types(view.ground, found.y, found.x),
            "tumour_cells": _inside(centre, y, x, tile),
            "touched": _inside(mask, y, x, tile),
            "necrosis": _inside(dead_tissue(view), y, x, tile) / tile**2,
        }
    )


def _inside(image: np.ndarray, y: np.ndarray, x: np.ndarray, tile: int) -> np.ndarray:
    """The sum of an image over each tile."""
    total = np.zeros((image.shape[0] + 1, image.shape[1] + 1), np.int64)
    total[1:, 1:] = image.cumsum(0, dtype=np.int64).cumsum(1)
    return total[y + tile, x + tile] - total[y, x + tile] - total[y + tile, x] + total[y, x]


def chosen_centres(centres: pd.DataFrame, wanted: Wanted, rng: np.random.Generator) -> pd.DataFrame:
    """Candidates drawn at random, so many of each sort; tiles merely touched by a tumour cell are never among them.

    Where a sort has too few, others of the same label stand in, and at last some are taken twice.
    """
    tumour = (centres["tumour_cells"] > 0).to_numpy()
    at_centre = (centres["centre_cell"] == "tumour").to_numpy()
    free = (centres["touched"] == 0).to_numpy()
    necrosis = centres["necrosis"].to_numpy()
    sorts = [
        (wanted.centred, tumour & at_centre, tumour),
        (wanted.aside, tumour & ~at_centre, tumour),
        (wanted.normal, free & (necrosis < LIVE_BELOW), free),
        (wanted.dead, free & (necrosis >= DEAD_FROM), free),
    ]
    rows: list[int] = []
    for count, first, instead in sorts:
        new = np.ones(len(centres), bool)
        new[rows] = False
        pools = [np.flatnonzero(pool) for pool in (first & new, instead & ~first & new, first, instead)]
        pool = np.concatenate([rng.permutation(one) for one in pools])
        rows += np.resize(pool, count).tolist() if len(pool) else []
    return centres.iloc[rows].reset_index(drop=True)
