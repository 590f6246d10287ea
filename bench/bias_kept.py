"""What the bias scan needs of a trained study, kept on disk: a scan that changes later needs no training anew."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from biox.core.types import Axis, Cohort
from biox.domains.histology.out_of_fold import Heatmaps

FIGURES = "figures.json"


@dataclass(frozen=True)
class Seen:
    """A cohort, the out-of-fold heatmaps of one network, and the shares of its heatmaps in four orientations."""

    cohort: Cohort
    maps: Heatmaps
    shares: np.ndarray


@dataclass(frozen=True)
class Made:
    """What a study gave: figures that need its networks, and by name what is to be scanned."""

    figures: dict[str, Any]
    seen: dict[str, Seen]


def write(folder: Path, made: Made) -> None:
    """Keep a study; the figures come last, so that a study that broke off is not taken for a whole one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, one in made.seen.items():
        one.cohort.samples.to_parquet(folder / f"{name}.parquet")
        about = {
            "classes": one.cohort.classes,
            "label_level": one.cohort.label_level,
            "unit": one.cohort.unit,
            "method": one.maps.method,
            "variant": one.maps.variant,
        }
        np.savez(
            folder / f"{name}.npz",
            x=np.asarray(one.cohort.x[np.arange(len(one.cohort.samples))]),
            rows=one.maps.rows,
            values=one.maps.values,
            target=one.maps.target.astype(str),
            fold=one.maps.fold,
            shares=one.shares,
            about=json.dumps(about),
        )
    (folder / FIGURES).write_text(json.dumps(made.figures, default=plain), encoding="utf-8")


def read(folder: Path) -> Made:
    """A kept study."""
    figures = json.loads((folder / FIGURES).read_text(encoding="utf-8"))
    return Made(figures, {file.stem: _seen(file) for file in sorted(folder.glob("*.npz"))})


def _seen(file: Path) -> Seen:
    with np.load(file, allow_pickle=False) as kept:
        about = json.loads(str(kept["about"]))
        x, shares = kept["x"], kept["shares"]
        maps = Heatmaps(
            method=about["method"],
            variant=about["variant"],
            rows=kept["rows"],
            values=kept["values"],
            target=kept["target"],
            fold=kept["fold"],
            settings={},
        )
    height, width = (Axis(name, tuple(map(str, range(n))), "px") for name, n in zip("yx", x.shape[2:], strict=True))
    cohort = Cohort(
        x=x,
        samples=pd.read_parquet(file.with_suffix(".parquet")),
        axes=(Axis("colour", ("red", "green", "blue")), height, width),
        unit=about["unit"],
        classes=tuple(about["classes"]),
        label_level=about["label_level"],
        bounds=(0.0, 255.0),
    )
    return Seen(cohort, maps, shares)


def plain(value: Any) -> Any:
    """Numbers of numpy as those of Python, for JSON."""
    return value.item() if isinstance(value, np.generic) else str(value)
