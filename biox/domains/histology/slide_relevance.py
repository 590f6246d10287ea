"""The out-of-fold relevance of each slide's tiles: by the model that never saw the patient, wherever it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float32

from biox.core.types import Cohort, Relevance
from biox.domains.histology.as_seen import Lay, as_seen, untouched

PLACE = ("slide", "x", "y", "size")


@dataclass(frozen=True)
class SlideRelevance:
    """The tiles of one slide with their relevance, read when asked for.

    tiles: one row a tile, with ``x``, ``y`` and ``size`` in level-0 pixels.
    read: relevance of some of these rows, shape (tile, h, w); shape: (h, w).
    targets: what was explained, with the number of tiles; labels: the slide's labels.
    lay: changes pictures of the slide so that they show what the study planted on the tiles.
    """

    name: str
    tiles: pd.DataFrame
    read: Callable[[np.ndarray], Float32[np.ndarray, "tile h w"]]
    shape: tuple[int, int]
    targets: Mapping[str, int]
    labels: tuple[str, ...]
    lay: Lay = untouched


def by_slide(cohort: Cohort, relevances: Mapping[int, Relevance]) -> dict[str, SlideRelevance]:
    """The out-of-fold relevance of every slide, by its name; empty where the samples have no place on a slide.

    relevances: by fold. A sample may be a tile, or a bag of tiles of one slide (its tiles are then those of the
    cohort's pixels). Relevance is not copied: only what is read is in memory.
    """
    tables = [
        relevance.samples.reset_index(drop=True)
        .assign(fold=fold, row=lambda table: np.arange(len(table)))
        .query("part == 'test'")
        for fold, relevance in sorted(relevances.items())
    ]
    found = pd.concat(tables)[["sample", "target", "fold", "row"]].merge(_placed(cohort), on="sample")
    if not set(PLACE) <= set(found):
        return {}
    found = found.sort_values(["slide", "tile"], kind="stable")
    slides = {str(name): part for name, part in found.groupby("slide", sort=True)}
    return {name: replace(_slide(name, part, relevances), lay=_lay(cohort, part)) for name, part in slides.items()}


def _lay(cohort: Cohort, found: pd.DataFrame) -> Lay:
    """What was planted on the tiles of a slide; ``tile`` is the row of the cohort."""
    if "planted" not in found or getattr(cohort.x, "bags", None) is not None:
        return untouched
    marked = found[found["planted"].to_numpy(bool)].drop_duplicates("tile")
    return as_seen(cohort.x, marked["tile"].to_numpy(), marked)


def _placed(cohort: Cohort) -> pd.DataFrame:
    """Where every tile of every sample lies; ``tile`` numbers the tiles, ``place`` is that in its bag (-1: no bag)."""
    bags: Any = getattr(cohort.x, "bags", None)
    if bags is None:
        return cohort.samples.assign(place=-1, tile=np.arange(len(cohort.samples)))
    count = bags.shape[1]
    flat = np.asarray(bags).ravel()
    own = cohort.samples[["sample", "label"]].loc[np.repeat(np.arange(len(bags)), count)].reset_index(drop=True)
    tiles = cohort.x.tiles.drop(columns=["sample", "label"], errors="ignore").iloc[flat].reset_index(drop=True)
    return pd.concat([own, tiles], axis=1).assign(place=np.tile(np.arange(count), len(bags)), tile=flat)


def _slide(name: str, found: pd.DataFrame, relevances: Mapping[int, Relevance]) -> SlideRelevance:
    """One slide's tiles. A tile that is in a bag several times has the sum of its relevance: that is its influence."""
    tiles = found.drop_duplicates("tile").reset_index(drop=True)
    places = found[["fold", "row", "place"]].to_numpy(np.int64)
    ends = np.flatnonzero(np.diff(found["tile"].to_numpy())) + 1
    copies = np.split(places, ends)  # ``found`` is in the order of the tiles
    in_bags = bool((places[:, 2] >= 0).any())

    def one(fold: int, row: int, place: int) -> np.ndarray:
        return np.asarray(relevances[fold].values[row], np.float32)[place]

    def read(rows: np.ndarray) -> np.ndarray:
        if in_bags:
            return np.stack([np.sum([one(*copy) for copy in copies[k]], axis=0) for k in rows])
        return _rows(relevances, np.concatenate([copies[k] for k in rows]))

    shape = relevances[int(tiles["fold"].iloc[0])].values.shape[-2:]
    targets = {str(target): int(count) for target, count in tiles["target"].value_counts().items()}
    labels = found["slide_label"] if "slide_label" in found else found["label"]
    return SlideRelevance(name, tiles, read, (shape[0], shape[1]), targets, tuple(sorted(set(labels))))


def _rows(relevances: Mapping[int, Relevance], places: np.ndarray) -> np.ndarray:
    """Relevance of tiles that are samples themselves: each fold's rows in one request, in their order on disk."""
    parts = np.empty((len(places), *relevances[int(places[0, 0])].values.shape[1:]), np.float32)
    for fold in np.unique(places[:, 0]):
        own = np.flatnonzero(places[:, 0] == fold)
        own = own[np.argsort(places[own, 1], kind="stable")]
        parts[own] = np.asarray(relevances[int(fold)].values[places[own, 1]])
    return parts
