"""The label of a tile, from what was drawn on its slide: by the annotated share of the tile, or by its centre."""

from typing import Literal

import numpy as np
import pandas as pd
import shapely
from jaxtyping import Float
from pydantic import Field

from biox.core.study import Strict
from biox.domains.histology.annotations import Region

SHARE = "share:"  # columns "share:tumour"


class Labels(Strict):
    """How tiles get their labels.

    rule: ``share`` takes the class that covers most of the tile, if it covers ``at_least`` of it; ``centre`` the class
    at the tile's centre; ``slide`` the label of the slide in the sheet. other: the label of tiles without a class.
    between: whether tiles with some of a class, but less than ``at_least``, count as ``other`` or are left out.
    classes: the annotated classes that count, all if None. holes: classes that are cut out of all others.
    unannotated: whether slides without annotations stop the run, or hold nothing but ``other``.
    """

    rule: Literal["share", "centre", "slide"] = "share"
    at_least: float = Field(default=0.5, gt=0, le=1)
    other: str = "other"
    between: Literal["other", "leave out"] = "other"
    classes: tuple[str, ...] | None = None
    holes: tuple[str, ...] = ()
    unannotated: Literal["refuse", "other"] = "refuse"


def annotated(regions: tuple[Region, ...], tiles: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """What is drawn on each tile: ``share:CLASS`` (0 to 1) for every class, ``share_label`` and ``centre_label``.

    tiles: columns ``x``, ``y``, ``size``, ``size_y`` in level-0 pixels. Areas of one class that overlap count once.
    """
    areas = areas_of(regions, labels)
    left, top = tiles["x"].to_numpy(float), tiles["y"].to_numpy(float)
    width, height = tiles["size"].to_numpy(float), tiles["size_y"].to_numpy(float)
    boxes = shapely.box(left, top, left + width, top + height)
    centres = shapely.points(left + width / 2, top + height / 2)
    names = [*areas, labels.other]
    share = np.array([covered(area, boxes) for area in areas.values()]).reshape(len(areas), len(tiles)).T
    inside = np.array([_hit(area, centres) for area in areas.values()]).reshape(len(areas), len(tiles)).T
    return pd.DataFrame(
        {
            **{f"{SHARE}{name}": share[:, number] for number, name in enumerate(areas)},
            "share_label": _first(share, share.max(axis=1, initial=0.0) >= labels.at_least, names),
            "centre_label": _first(inside, inside.max(axis=1, initial=False), names),
        }
    )


def between(drawn: pd.DataFrame, labels: Labels) -> np.ndarray:
    """The tiles with some of a class, but too little for its label. drawn: as ``annotated`` gives it."""
    shares = drawn[[name for name in drawn if str(name).startswith(SHARE)]].to_numpy(float)
    most = shares.max(axis=1, initial=0.0)
    return (most > 0) & (most < labels.at_least)


def areas_of(regions: tuple[Region, ...], labels: Labels) -> dict[str, shapely.Geometry]:
    """All that was drawn of each class as one area, with the holes cut out."""
    holes = shapely.union_all([region.outline for region in regions if region.name in labels.holes])
    present = dict.fromkeys(region.name for region in regions if region.name not in labels.holes)
    wanted = [name for name in labels.classes or present if name in present]
    united = {name: shapely.union_all([r.outline for r in regions if r.name == name]) for name in wanted}
    return {name: shapely.difference(area, holes) for name, area in united.items()}


def covered(area: shapely.Geometry, boxes: np.ndarray) -> Float[np.ndarray, " tile"]:
    """Share of each box that an area covers, 0 to 1. Only boxes on the outline are cut."""
    tree, share = shapely.STRtree(boxes), np.zeros(len(boxes))
    for part in shapely.get_parts(area):
        shapely.prepare(part)
        whole = tree.query(part, predicate="contains")
        share[whole] = 1.0
        cut = np.setdiff1d(tree.query(part, predicate="intersects"), whole)
        share[cut] += shapely.area(shapely.intersection(boxes[cut], part)) / shapely.area(boxes[cut])
    return np.minimum(share, 1.0)


def _hit(area: shapely.Geometry, centres: np.ndarray) -> np.ndarray:
    found = np.zeros(len(centres), bool)
    if len(centres):
        found[shapely.STRtree(centres).query(area, predicate="intersects")] = True
    return found


def _first(values: np.ndarray, known: np.ndarray, names: list[str]) -> np.ndarray:
    """The class with the greatest value where ``known``, else the last name; the first class wins a tie."""
    if values.shape[1] == 0:
        return np.full(len(values), names[-1], dtype=object)
    return np.array(names, dtype=object)[np.where(known, values.argmax(axis=1), len(names) - 1)]
