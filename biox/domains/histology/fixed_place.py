r"""Does the evidence always lie at one place of the tile, such as a corner? Tissue knows no up and no left.

Every tile is also shown to its model mirrored, upside down and turned by 180 degrees, and the four heatmaps are laid
back on each other. What the model does at a place of the *frame* (its padding, the weights of that place) then turns
with the frame and cancels; what belongs to the *picture* stays. Of tissue, the mean heatmap of many tiles must be
the same in all four orientations; a mark that always sits in one corner is not.

With s_i the shares of \|R\| of tile i on a grid, and d_i = s_i - (mean of s_i over the four orientations)

    Z(g) = sum_p n_p D_p(g) / sqrt(sum_p n_p^2 <D_p^2>(g))

for each class, D_p the mean of d_i over the n_p tiles of patient p and <> the mean over the four places that mirror g.
The largest Z counts. Null: every patient's tiles are laid down in an orientation of their own, drawn at random, all
tiles of a patient alike, because tiles of one patient are not independent (a fibre runs through all of them).
Places near the centre mirror onto themselves and are left out; for them there is the centre ratio.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

FEWEST_PATIENTS = 5
CENTRE = 0.5  # half width of the square that is left out, of half the side
ORIENTATIONS = ((), (-1,), (-2,), (-2, -1))  # axes along which a tile is flipped: none, left-right, up-down, both

Maps = Float[np.ndarray, "tile cell cell"]


@dataclass(frozen=True)
class Place:
    """The place with the most relevance beyond its mirrored places.

    z: the statistic; p: of the largest z over places and classes; group: number of the class. row, column: the cell,
    of ``cells`` a side. share: mean share of |R| there; mirrored: of the three places that mirror it. patients: how
    many. least: the smallest p so few can reach. reason: why nothing could be said ("" if it could).
    """

    z: float
    p: float
    group: int
    row: int
    column: int
    cells: int
    share: float
    mirrored: float
    patients: int
    least: float = np.nan
    reason: str = ""


def shares(relevance: Float[np.ndarray, "tile height width"], cells: int) -> Maps:
    """The share of each tile's |R| in every cell of a grid; a tile without relevance is even."""
    size = np.abs(relevance)
    edges = [np.linspace(0, n, cells + 1).round().astype(int)[:-1] for n in size.shape[1:]]
    pooled = np.add.reduceat(np.add.reduceat(size, edges[0], axis=1), edges[1], axis=2).astype(float)
    total = pooled.sum((1, 2), keepdims=True)
    return np.divide(pooled, total, out=np.full(pooled.shape, cells**-2.0), where=total > 0)


def fixed_place(
    maps: Maps, group: np.ndarray, patient: np.ndarray, *, draws: int, seed: int, fewest: int = FEWEST_PATIENTS
) -> Place:
    """Test whether relevance prefers one place of the tile, in any class; the largest z over places and classes counts.

    maps: shares of |R|, averaged over the four orientations laid back on each other (``turned_shares``). group: class
    of each tile. patient: whose it is. Higher z is stranger.
    """
    people, person = np.unique(patient, return_inverse=True)
    if len(people) < fewest:
        reason = f"{len(people)} patients; at least {fewest} are needed"
        return Place(np.nan, np.nan, 0, 0, 0, maps.shape[1], np.nan, np.nan, len(people), reason=reason)
    groups = np.unique(group)
    sums = np.zeros((len(people), len(groups), *maps.shape[1:]))
    np.add.at(sums, (person, np.searchsorted(groups, group)), maps - _mirrored(maps))
    scale = np.sqrt(_mirrored(sums**2).sum(0))
    tested = off_centre(maps.shape[1]) & (scale > 1e-12)
    z = np.divide(_turned(sums), scale, out=np.zeros((4, *sums.shape)), where=tested)
    observed = z[0].sum(0)
    rng = np.random.default_rng(seed)
    drawn = np.eye(4)[rng.integers(0, 4, (draws, len(people)))].transpose(0, 2, 1)
    null = (drawn.reshape(draws, -1) @ z.reshape(4 * len(people), -1)).max(1)
    best = np.unravel_index(observed.argmax(), observed.shape)
    own = maps[group == groups[best[0]]]
    share, around = (m.mean(0)[best[1:]] for m in (own, _mirrored(own)))
    return Place(
        z=float(observed.max()),
        p=float((1 + (null >= observed.max() - 1e-9).sum()) / (1 + draws)),
        group=int(groups[best[0]]),
        row=int(best[1]),
        column=int(best[2]),
        cells=maps.shape[1],
        share=float(share),
        mirrored=float((4 * around - share) / 3),
        patients=len(people),
        least=float((1 + (np.abs(null - observed.max()) < 1e-9).sum()) / (1 + draws)),
    )


def off_centre(cells: int) -> np.ndarray:
    """Which cells of a grid are outside the central square, shape (cell, cell)."""
    away = np.abs((np.arange(cells) + 0.5) / cells * 2 - 1)
    return np.maximum(away[:, None], away[None]) >= CENTRE


def _turned(maps: np.ndarray) -> np.ndarray:
    """All four orientations, as a new first axis."""
    return np.stack([np.flip(maps, axes) for axes in ORIENTATIONS])


def _mirrored(maps: np.ndarray) -> np.ndarray:
    """The mean over the four orientations."""
    return _turned(maps).mean(0)
