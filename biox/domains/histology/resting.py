"""What the heatmap of a new slide rests on: on few tiles or many, on nuclei, on glass, on borders, on flawed tiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from skimage.color import rgb2hed

from biox.domains.histology.measures import border
from biox.domains.histology.tile_colours import AT_ONCE, as_tiles, evenly

MOST = 2000  # tiles whose pixels are looked at, spread evenly
GLASS_FROM = 215  # intensities: a pixel all of whose colours are brighter is bare glass
NUCLEAR = 0.2  # the share of a tile's pixels with most haematoxylin


@dataclass(frozen=True)
class _Places:
    """For some tiles: positive relevance and pixels in each place, and in all."""

    relevance: np.ndarray
    pixels: np.ndarray


PLACES = ("bluest", "glass", "border")


def resting(relevance: Any, pixels: Any, tiles: pd.DataFrame) -> pd.DataFrame:
    """Where the positive relevance of a slide lies; one row a place: ``place``, ``share``, ``chance`` and ``words``.

    relevance: shape (tile, height, width), or (bag, K, height, width); pixels: the same samples, 8-bit; tiles: one row
    a sample, with ``flag_...`` columns where its quality was judged. share: of the positive relevance (what spoke for
    the class); chance: what relevance spread evenly over tiles or pixels would reach. ``half``: the smallest share of
    tiles that holds half of it (chance 0.5); ``flagged``: on tiles with a flaw; ``bluest``: on the fifth of each tile's
    pixels with most haematoxylin, where nuclei are; ``glass`` and ``border`` (the outermost pixels of tiles).
    """
    total = each_tile_sum(relevance)
    rows = [_row("half", concentration(total.ravel()), 0.5, "smallest share of tiles that holds half of it")]
    flagged = tiles[[name for name in tiles if str(name).startswith("flag_")]]
    if len(flagged.columns) and total.ndim == 1:
        bad = flagged.any(axis=1).to_numpy(bool)
        rows.append(_row("flagged", _share(total[bad].sum(), total.sum()), float(bad.mean()), "on tiles with a flaw"))
    found = _places(relevance, pixels)
    words = {
        "bluest": "on the fifth of each tile with most haematoxylin (nuclei)",
        "glass": "on bare glass",
        "border": "on the outermost pixels of tiles",
    }
    rows += [
        _row(
            name,
            _share(found.relevance[k], found.relevance[-1]),
            float(found.pixels[k] / found.pixels[-1]),
            words[name],
        )
        for k, name in enumerate(PLACES)
    ]
    return pd.DataFrame(rows)


def each_tile_sum(relevance: Any) -> np.ndarray:
    """The positive relevance of every tile, shape (tile,) or (bag, K); read piece by piece."""
    pieces = [np.asarray(relevance[k : k + AT_ONCE]) for k in range(0, len(relevance), AT_ONCE)]
    return np.concatenate([np.maximum(piece, 0).sum(axis=(-2, -1), dtype=float) for piece in pieces])


def concentration(total: np.ndarray) -> float:
    """The smallest share of tiles that holds half of the sum; NaN where there is none. Low: a few tiles decide."""
    if not total.sum() > 0:
        return np.nan
    held = np.cumsum(np.sort(total)[::-1]) / total.sum()
    return float((np.searchsorted(held, 0.5) + 1) / len(total))


def _places(relevance: Any, pixels: Any) -> _Places:
    """Sums over at most MOST samples."""
    rows = evenly(len(relevance), MOST)
    held, area = np.zeros(len(PLACES) + 1), np.zeros(len(PLACES) + 1)
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        values = np.maximum(np.asarray(relevance[some], float), 0)
        values = values.reshape(-1, *values.shape[-2:])
        masks = masks_of(as_tiles(np.asarray(pixels[some])))
        for k, mask in enumerate([*masks.values(), np.ones(values.shape, bool)]):
            held[k] += values[mask].sum()
            area[k] += mask.sum()
    return _Places(held, area)


def masks_of(tiles: np.ndarray) -> Mapping[str, np.ndarray]:
    """The places of PLACES in some tiles (tile, 3, height, width), each a mask (tile, height, width)."""
    stain = rgb2hed(np.moveaxis(tiles, 1, -1))[..., 0]
    least = np.quantile(stain, 1 - NUCLEAR, axis=(1, 2), keepdims=True)
    return {
        "bluest": stain > least,
        "glass": tiles.min(axis=1) >= GLASS_FROM,
        "border": np.broadcast_to(border(*stain.shape[1:]), stain.shape),
    }


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else np.nan


def _row(place: str, share: float, chance: float, words: str) -> dict[str, Any]:
    return {"place": place, "share": share, "chance": chance, "words": words}
