"""A folder of whole slides: opened, searched for tissue, cut into tiles, judged and labelled."""

import numpy as np
import pandas as pd

from biox.core.errors import InputError
from biox.core.types import Cohort
from biox.domains.histology.planted import planted
from biox.domains.histology.slide_list import covariates, listed_slides
from biox.domains.histology.slide_settings import Slides
from biox.domains.histology.slide_tiles import all_tiles
from biox.domains.histology.tile_cohort import UNLABELLED, tile_cohort, unknown_patients
from biox.domains.histology.tile_labels import Labels
from biox.domains.histology.tile_pixels import TilePixels


def slides(settings: Slides) -> Cohort:
    """The tiles of whole slides, with where they lie, what they show and what is wrong with them.

    x: shape (tile, 3, side, side), 8-bit, left in the slides until asked for; with ``bag`` (slide, 3, K, side, side).
    Raises InputError with the reason for every slide that cannot be read (unless ``skip_unreadable``), holds no tissue
    or does not say its resolution, and for annotations that cannot be read or lie outside their slide.
    """
    table = listed_slides(settings.folder, settings.sheet, settings.annotations)
    labels = _rule(settings, table)
    tiles, notes = all_tiles(table, settings, labels)
    notes = notes if settings.sheet is not None else (*notes, unknown_patients("slide"))
    samples = _samples(tiles, table, labels)
    bags = None
    if settings.bag is not None:
        bags = _bags(samples["slide"], settings.bag)
        samples = _of_slides(samples, bags, table)
    with_tiles = table[table["slide"].isin(tiles["slide"].unique())]
    sources = {row["slide"]: settings.source(row) for _, row in with_tiles.iterrows()}
    size = (settings.tiles.side, settings.tiles.mpp)
    x = TilePixels(sources, tiles, size, workers=settings.workers, bags=bags, cached=settings.cache)
    return planted(tile_cohort(x, samples, _classes(samples, labels), notes), settings.plant)


def _rule(settings: Slides, table: pd.DataFrame) -> Labels | None:
    """The rule for labels, None for new slides of which nothing is known. A rule without its data is an InputError."""
    drawn = table["annotations"].notna()
    if settings.labels is None:
        by_slide = Labels(rule="slide") if "label" in table else None
        labels = Labels() if drawn.any() and settings.bag is None else by_slide
    else:
        labels = settings.labels
    if labels is None:
        return None
    where = settings.sheet or settings.folder
    if labels.rule != "slide" and settings.bag is not None:
        raise InputError(
            f"{where}: a bag holds tiles of every kind, so its label is that of its slide, not by {labels.rule!r}. "
            "Set `labels: {rule: slide}`, or leave out `bag`."
        )
    if labels.rule == "slide" and "label" not in table:
        raise InputError(f"{where}: labels by slide (and bags) need a sheet with a column 'label'.")
    if labels.rule != "slide" and labels.unannotated == "refuse" and not drawn.all():
        bare = table["slide"][~drawn]
        raise InputError(
            f"{where}: {len(bare)} slides have no annotations: {', '.join(bare[:5])}{' ...' if len(bare) > 5 else ''}. "
            f"Add them, or set `labels: {{unannotated: other}}` if these slides hold nothing but {labels.other!r}."
        )
    return labels


def _samples(tiles: pd.DataFrame, table: pd.DataFrame, labels: Labels | None) -> pd.DataFrame:
    """One row a tile: who, which label, which slide, then what is known of the slide and of the tile."""
    about = table.set_index("slide")[covariates(table)]
    own = about.loc[tiles["slide"]].reset_index(drop=True)
    if labels is None:
        label = pd.Series(UNLABELLED, index=tiles.index)
    else:
        label = own["label"] if labels.rule == "slide" else tiles[f"{labels.rule}_label"]
    names = tiles["slide"] + "_" + tiles["x"].astype(str) + "_" + tiles["y"].astype(str)
    samples = pd.DataFrame({"sample": names, "subject": own["subject"], "label": label, "slide": tiles["slide"]})
    if labels is not None and labels.rule != "slide" and "label" in own:
        samples = samples.assign(slide_label=own["label"])
    further = own.drop(columns=["subject", "label"], errors="ignore")
    return pd.concat([samples, further, tiles.drop(columns=["slide"])], axis=1)


def _bags(slide: pd.Series, tiles_each: int) -> np.ndarray:
    """For every slide the rows of its tiles that make up its bag, evenly chosen; a slide with few repeats its own."""
    rows = pd.Series(range(len(slide))).groupby(slide.to_numpy(), sort=False)
    return np.stack([own.to_numpy()[np.linspace(0, len(own) - 1, tiles_each).round().astype(int)] for _, own in rows])


def _of_slides(samples: pd.DataFrame, bags: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    """One row a slide, in the order of its bag."""
    first = samples.iloc[bags[:, 0]].reset_index(drop=True)
    kept = [name for name in covariates(table) if name in first and name not in ("subject", "label", "site")]
    counts = samples["slide"].value_counts().loc[first["slide"]].to_numpy()
    about = first[["subject", "label", "slide", "site", *kept]].assign(tiles=counts)
    about.insert(0, "sample", about["slide"])
    return about


def _classes(samples: pd.DataFrame, labels: Labels | None) -> tuple[str, ...]:
    """The labels that are there: ``other`` first, then in the order of the settings, then by name."""
    order = [] if labels is None else [labels.other, *(labels.classes or ())]
    present = set(samples["label"])
    return tuple(dict.fromkeys(name for name in [*order, *sorted(present)] if name in present))
