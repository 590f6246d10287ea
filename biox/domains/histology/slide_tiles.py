"""From slides to tiles: each slide is searched for tissue, cut, judged and compared with its annotations."""

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

JUDGED_AT_ONCE = 128  # tiles in memory while their quality is judged


def all_tiles(table: pd.DataFrame, settings: Slides, labels: Labels | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The tiles of all slides that can be read, and notes; InputError with every reason where some cannot."""
    found, notes, reasons = [], [], []
    for _, row in tqdm(list(table.iterrows()), desc="slides", unit="slide", disable=None):
        try:
            slide = open_slide(row["file"], settings.source(row).mpp)
            tiles = _judged(slide, row, settings)
        except InputError as error:
            reasons.append(str(error))
            continue
        drawn, more = _drawn(slide, row, tiles, labels)
        found.append(drawn.assign(slide=row["slide"]))
        notes += more
    if reasons and not settings.skip_unreadable:
        skip = "Mend or remove them, or set `skip_unreadable: true` to leave them out."
        raise InputError("\n".join([f"{len(reasons)} of {len(table)} slides cannot be used:", *reasons, skip]))
    notes += [f"left out a slide: {reason}" for reason in reasons]
    tiles = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    if tiles.empty:
        raise InputError("\n".join([f"None of the {len(table)} slides gives a tile.", *reasons]))
    shares = [name for name in tiles if str(name).startswith(SHARE)]  # a class that a slide lacks covers none of it
    return tiles.assign(**{str(name): tiles[name].fillna(0.0) for name in shares}), tuple(notes)


def _judged(slide: WholeSlide, row: pd.Series, settings: Slides) -> pd.DataFrame:
    """The tiles of one slide with their flags. Each is read once, so that a damaged slide is found out here."""
    tiles = tile_index(slide, tissue_mask(slide, settings.tissue), settings.tiles)
    if settings.most is not None and len(tiles) > settings.most:
        chosen = np.random.default_rng(settings.seed).choice(len(tiles), settings.most, replace=False)
        tiles = tiles.iloc[np.sort(chosen)].reset_index(drop=True)
    if tiles.empty:
        raise InputError(
            f"{slide.file} gives no tile: nowhere is a tile of {settings.tiles.side} pixels of {settings.tiles.mpp:g} "
            f"micrometres with {settings.tiles.tissue:.0%} tissue. Take smaller tiles, or ask for less tissue."
        )
    size = (settings.tiles.side, settings.tiles.mpp)
    pixels = TilePixels({row["slide"]: settings.source(row)}, tiles.assign(slide=row["slide"]), size)
    pieces = [np.arange(len(tiles))[start : start + JUDGED_AT_ONCE] for start in range(0, len(tiles), JUDGED_AT_ONCE)]
    bad = pd.concat([flags(pixels.read(piece), float(tiles["mpp"].iloc[0])) for piece in pieces], ignore_index=True)
    kept = ~bad[[f"flag_{name}" for name in settings.leave_out]].any(axis=1)
    return pd.concat([tiles, bad], axis=1)[kept].reset_index(drop=True)


def _drawn(
    slide: WholeSlide, row: pd.Series, tiles: pd.DataFrame, labels: Labels | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The tiles with what is drawn on them, and notes on the annotations."""
    if labels is None or (row["annotations"] is None and labels.rule == "slide"):
        return tiles, ()
    if row["annotations"] is None:
        drawn, notes = annotated((), tiles, labels), (f"{row['slide']} has no annotations: all its tiles are other",)
    else:
        areas = read_annotations(row["annotations"])
        refuse_outside(areas, slide.size, slide.file)
        drawn, notes = annotated(areas.regions, tiles, labels), areas.notes
    found = pd.concat([tiles, drawn], axis=1)
    if labels.rule == "share" and labels.between == "leave out":
        found = found[~between(drawn, labels)].reset_index(drop=True)
    return found, notes
