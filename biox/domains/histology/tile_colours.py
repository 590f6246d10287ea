"""Does a new slide look like those the models learnt from? Its colours beside those of the cohort's patients.

A patient (or slide) is a point: the mean over its tiles of what FEATURES names. Each feature is divided by its standard
deviation between the cohort's patients, and a new slide's distance is that to the nearest of them, so that a cohort of
several scanners is several clouds and not one wide one. How far is far: the same distance of every patient of the
cohort to the nearest of the others.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from skimage.color import rgb2hed

FEATURES = ("red", "green", "blue", "red spread", "green spread", "blue spread", "haematoxylin", "eosin")
AT_ONCE = 64
MOST = 2000  # tiles that are read of a cohort, spread evenly
COARSE = 2  # stains are separated at half the resolution: a mean over the tile needs no more
RARE = 0.01  # a tile is unusual where a feature lies among the outermost hundredth of the cohort's tiles


@dataclass(frozen=True)
class Likeness:
    """How a new slide's colours compare with a cohort's.

    distance: to the nearest patient, in standard deviations between patients; nearest: that patient. farther: share of
    the cohort's patients that lie at least as far from their nearest; patients: how many there are. unusual: share of
    the slide's tiles with a colour that is rare in the cohort; expected: the same share in the cohort itself.
    features: one row a feature with ``feature``, ``value``, ``mean``, ``low``, ``high`` (of the cohort's patients).
    nucleus, usual: how wide nuclei look on the slide and in the cohort, in pixels (``nucleus_size``); NaN if unknown.
    """

    distance: float
    nearest: str
    farther: float
    patients: int
    unusual: float
    expected: float
    features: pd.DataFrame
    nucleus: float = np.nan
    usual: float = np.nan

    @property
    def outside(self) -> bool:
        """Whether the slide lies farther from its nearest patient than all, or all but one in twenty, of the cohort."""
        return self.farther <= 0.05


def tile_colours(tiles: UInt8[np.ndarray, "tile 3 height width"]) -> pd.DataFrame:
    """Mean and spread (sd) of each colour (8-bit intensities) and mean stain of every tile; columns FEATURES."""
    values = np.asarray(tiles, np.float32)
    stains = rgb2hed(np.moveaxis(np.asarray(tiles)[:, :, ::COARSE, ::COARSE], 1, -1))[..., :2].mean(axis=(1, 2))
    found = np.concatenate([values.mean(axis=(2, 3)), values.std(axis=(2, 3)), stains], axis=1)
    return pd.DataFrame(found, columns=list(FEATURES))


def colours_of(x: Any, who: pd.Series) -> pd.DataFrame:
    """The colours of at most MOST samples, evenly chosen, with the column ``who``; a bag counts with all its tiles."""
    rows = evenly(len(who), MOST)
    pieces = [x[rows[start : start + AT_ONCE]] for start in range(0, len(rows), AT_ONCE)]
    table = pd.concat([tile_colours(as_tiles(piece)) for piece in pieces], ignore_index=True)
    return table.assign(who=np.repeat(who.to_numpy()[rows].astype(str), len(table) // len(rows)))


def likeness(new: pd.DataFrame, cohort: pd.DataFrame) -> Likeness:
    """Compare one new slide with a cohort; both tables are of ``colours_of``. One patient alone cannot be told from."""
    names = list(FEATURES)
    people = cohort.groupby("who", sort=True)[names].mean()
    spread = people.std(ddof=0).where(lambda sd: sd > 0, 1.0)
    points, here = (people / spread).to_numpy(), (new[names].mean() / spread).to_numpy()
    away = np.sqrt(((points - here) ** 2).sum(axis=1))
    between = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2)) + np.where(np.eye(len(points)), np.inf, 0.0)
    low, high = (cohort[names].quantile(q) for q in (RARE / 2, 1 - RARE / 2))
    facts = {"value": new[names].mean(), "mean": people.mean(), "low": people.min(), "high": people.max()}
    return Likeness(
        distance=float(away.min()),
        nearest=str(people.index[away.argmin()]),
        farther=float((between.min(axis=1) >= away.min()).mean()) if len(people) > 1 else 1.0,
        patients=len(people),
        unusual=_rare(new[names], low, high),
        expected=_rare(cohort[names], low, high),
        features=pd.DataFrame(facts).rename_axis("feature").reset_index(),
    )


def _rare(tiles: pd.DataFrame, low: pd.Series, high: pd.Series) -> float:
    return float(((tiles < low) | (tiles > high)).any(axis=1).mean())


def as_tiles(samples: np.ndarray) -> np.ndarray:
    """Tiles (tile, 3, height, width) as they are, bags (bag, 3, K, height, width) as their tiles one by one."""
    return samples if samples.ndim == 4 else np.moveaxis(samples, 2, 1).reshape(-1, 3, *samples.shape[3:])


def evenly(count: int, most: int) -> np.ndarray:
    """At most ``most`` of the rows 0 .. count - 1, from the first to the last at equal distances."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
