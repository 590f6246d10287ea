"""From slides to tiles: each slide is searched for tissue, cut, judged and compared with its annotations."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
import pandas as pd
from tqdm import tqdm

from biox.core.errors import InputError
from biox.domains.histology.annotations import read_annotations, refuse_outside
from biox.domains.histology.quality import flags
from biox.domains.histology.slide_settings import Slides
from biox.domains.histology.tile_labels import SHARE, Labels, annotated, between
from biox.domains.histology.tile_pixels import TilePixels
from biox.domains.histology.tiling import tile_index
from biox.domains.histology.tissue import tissue_mask
from biox.domains.histology.whole_slide import WholeSlide, open_slide

AT_ONCE = 128  # tiles in memory while their quality is judged


@dataclass(frozen=True)
class Judged:
    """The tiles of one slide with their flags, the slide's size in level-0 pixels, and how many tiles were left out."""

    tiles: pd.DataFrame
    size: tuple[int, int]
    left_out: int


def all_tiles(table: pd.DataFrame, settings: Slides, labels: Labels | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The tiles of all slides that can be read, and notes; InputError with every reason where some cannot."""
    found, notes, reasons = [], [], []
    rows = [row for _, row in table.iterrows()]
    for row, judged in zip(rows, _judged_slides(rows, settings), strict=True):
        if isinstance(judged, str):
            reasons.append(judged)
            continue
        drawn, more = _drawn(judged, row, labels)
        found.append(drawn.assign(slide=row["slide"]))
        left = f"{row['slide']}: {judged.left_out} of {judged.left_out + len(judged.tiles)} tiles left out by flags"
        notes += [*([left] if judged.left_out else []), *more]
    if reasons and not settings.skip_unreadable:
        skip = "Mend or remove them, or set `skip_unreadable: true` to leave them out."
        raise InputError("\n".join([f"{len(reasons)} of {len(table)} slides cannot be used:", *reasons, skip]))
    notes += [f"left out a slide: {reason}" for reason in reasons]
    tiles = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    if tiles.empty:
        raise InputError("\n".join([f"None of the {len(table)} slides gives a tile.", *reasons, *notes]))
    shares = [name for name in tiles if str(name).startswith(SHARE)]  # a class that a slide lacks covers none of it
    return tiles.assign(**{str(name): tiles[name].fillna(0.0) for name in shares}), tuple(notes)


def _judged_slides(rows: list[pd.Series], settings: Slides) -> Iterator[Judged | str]:
    """Each slide's tiles, or why it cannot be used; slide by slide, in as many processes as the settings say."""
    work, processes = partial(_tried, settings=settings), min(settings.workers, len(rows))
    if processes < 2:
        yield from tqdm(map(work, rows), total=len(rows), desc="slides", unit="slide", disable=None)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from tqdm(pool.map(work, rows), total=len(rows), desc="slides", unit="slide", disable=None)


def _tried(row: pd.Series, settings: Slides) -> Judged | str:
    try:
        slide = open_slide(row["file"], settings.source(row).mpp)
        tiles = _cut(slide, settings)
        bad = _flagged(tiles, row, settings)
    except InputError as error:
        return str(error)
    kept = ~bad[[f"flag_{name}" for name in settings.leave_out]].any(axis=1)
    left = pd.concat([tiles, bad], axis=1)[kept].reset_index(drop=True)
    return Judged(left, slide.size, len(tiles) - len(left))


def _cut(slide: WholeSlide, settings: Slides) -> pd.DataFrame:
    """The tiles of one slide; InputError where there is none."""
    tiles = tile_index(slide, tissue_mask(slide, settings.tissue), settings.tiles)
    if tiles.empty:
        raise InputError(
            f"{slide.file} gives no tile: nowhere is a tile of {settings.tiles.side} pixels of {settings.tiles.mpp:g} "
            f"micrometres with {settings.tiles.tissue:.0%} tissue. Take smaller tiles, or ask for less tissue."
        )
    if settings.most is None or len(tiles) <= settings.most:
        return tiles
    chosen = np.random.default_rng(settings.seed).choice(len(tiles), settings.most, replace=False)
    return tiles.iloc[np.sort(chosen)].reset_index(drop=True)


def _flagged(tiles: pd.DataFrame, row: pd.Series, settings: Slides) -> pd.DataFrame:
    """The flags of all tiles. Each tile is read once, so that a damaged slide is found out here."""
    size = (settings.tiles.side, settings.tiles.mpp)
    pixels = TilePixels({row["slide"]: settings.source(row)}, tiles.assign(slide=row["slide"]), size)
    pieces = (np.arange(start, min(start + AT_ONCE, len(tiles))) for start in range(0, len(tiles), AT_ONCE))
    return pd.concat([flags(pixels.read(rows), float(tiles["mpp"].iloc[0])) for rows in pieces], ignore_index=True)


def _drawn(judged: Judged, row: pd.Series, labels: Labels | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The tiles with what is drawn on them, and notes on the annotations."""
    tiles = judged.tiles
    if labels is None or (row["annotations"] is None and labels.rule == "slide"):
        return tiles, ()
    if row["annotations"] is None:
        drawn, notes = annotated((), tiles, labels), (f"{row['slide']} has no annotations: all its tiles are other",)
    else:
        areas = read_annotations(row["annotations"])
        refuse_outside(areas, judged.size, row["file"])
        drawn, notes = annotated(areas.regions, tiles, labels), areas.notes
    found = pd.concat([tiles, drawn], axis=1)
    if labels.rule == "share" and labels.between == "leave out":
        found = found[~between(drawn, labels)].reset_index(drop=True)
    return found, notes
