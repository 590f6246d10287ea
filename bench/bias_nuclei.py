"""Biases planted in real tiles: a coloured corner, pen ink or another stain on half of the tiles that hold a nucleus.

Eight tiles of 64 pixels of each of 107 stained fields (BBBC038, found through BIOX_SHARED_DATA). A field counts as a
patient, for patients are not known. Which stain a tile has stands in the column ``stain``, as a laboratory would know.
"""

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bias_kept import Made
from bias_studies import Run, seen

from biox.core.types import Cohort
from biox.domains.histology.image_masks import ImageMasks, image_masks
from biox.domains.histology.looks import regions
from biox.domains.histology.planted import Plant, planted

ARTEFACTS = ("corner", "pen", "stain")
SHARE, EACH = 0.5, 8
REMEDIES = {view: {"learn": {"view": view}} for view in ("clean", "balanced")}
MODEL = {"model": {"name": "bias_nets:strided", "widths": (12, 24, 32, 48)}}
TRAINING = {"epochs": 12, "batch": 64, "learning_rate": 5e-3, "balanced": True}


def nuclei(seed: int, artefact: str) -> Made:
    """Plant, find, measure, remove; and the same scan where nothing was planted."""
    cohort = planted(tiles(seed), Plant(artefact=artefact, share=SHARE, label="nucleus", seed=seed))
    stain = np.where(cohort.samples["planted"], "second laboratory", "first laboratory")
    told = {"stain": stain} if artefact == "stain" else {}
    cohort = replace(cohort, samples=cohort.samples.assign(**told))
    run = Run(cohort, seed, variants=REMEDIES, training=TRAINING, **MODEL)
    record: dict[str, Any] = {}
    for variant in run.study.all_variants():
        found = regions(cohort, run.maps(variant), positive=1)
        record[variant] = {view: run.auroc(variant, view) for view in ("given", "clean", "swapped")}
        record[variant] |= {"mass": _mean(found["artefact"]["RMA"]), "chance": _mean(found["artefact"]["chance"])}
        record[variant] |= {
            "in nuclei": _mean(found["object"]["RMA"]),
            "area of nuclei": _mean(found["object"]["chance"]),
        }
    plain = seen(untouched(seed))
    plain = replace(plain, cohort=replace(plain.cohort, samples=tiles(seed).samples.assign(**told)))
    return Made(record, {"scan": seen(run), "scan of clean tiles": plain})


@lru_cache(maxsize=1)
def untouched(seed: int) -> Run:
    """The same network trained on the tiles as they are."""
    return Run(tiles(seed), seed, training=TRAINING, **MODEL)


@lru_cache(maxsize=1)
def tiles(seed: int) -> Cohort:
    """Some tiles of every field, half of them without a nucleus where the field has so many."""
    folder = (
        Path(os.environ.get("BIOX_SHARED_DATA", Path(__file__).parent.parent / "../shared/data")) / "nuclei-dsb2018"
    )
    cohort = image_masks(ImageMasks(file=folder / "dsb2018_stage1_colour107.npz", index=folder / "index.csv"))
    table = pd.DataFrame({"subject": cohort.samples["subject"], "label": cohort.samples["label"]})
    table["order"] = np.random.default_rng([seed, 3]).permutation(len(table))
    kind = table.groupby(["subject", "label"])["order"].rank()
    first = kind.groupby(table["subject"]).rank(method="first") <= EACH
    return cohort.take(np.flatnonzero(first))


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values))
