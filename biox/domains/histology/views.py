"""How well the models judge other versions of the tiles, tiles of one kind, and slide by slide."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from biox.core.types import Cohort, Evidence, claims_table
from biox.domains.histology.concerned import told
from biox.domains.histology.measures import Metric, area_under_curve, called
from biox.domains.histology.out_of_fold import Fits, logits_of
from biox.stats.bootstrap import Interval, Resample, claim_row

HOW = "out of fold; interval: bootstrap over patients"
WITHOUT = ("zero-rule",)  # it says the same of every tile


@dataclass(frozen=True)
class Judged:
    """Scores of every tile by variant and view: ``logits[variant][view]`` of shape (tile, class)."""

    cohort: Cohort
    logits: dict[str, dict[str, np.ndarray]]
    positive: int
    drawn: Resample


def judged(cohort: Cohort, fits: Fits, positive: int, drawn: Resample) -> Judged:
    """Ask every model about the tiles as given, and about their other views."""
    names = [name for name in fits[min(fits)] if name not in WITHOUT]
    views = ("given", *getattr(cohort.x, "views", ()))
    return Judged(cohort, {n: {v: logits_of(cohort, fits, n, v) for v in views} for n in names}, positive, drawn)


def curves(asked: Judged, centre: str) -> dict[tuple[str, str], Metric]:
    """The AUROC of each variant and view; and, where the class of the centre is known, with the positive tiles whose
    centre is positive ("centred") or is not ("off-centre").
    """
    y, parts = asked.cohort.y, centred(asked, centre)
    every = np.ones(len(y), bool)
    found = {
        (variant, view): area_under_curve(logits, y, every)
        for variant, views in asked.logits.items()
        for view, logits in views.items()
    }
    for name, rows in parts.items():
        found |= {(v, name): area_under_curve(views["given"], y, rows) for v, views in asked.logits.items()}
    return found


def centred(asked: Judged, centre: str) -> dict[str, np.ndarray]:
    """Which tiles (masks) are those with a positive or another centre and those that are not positive; if known."""
    if centre not in asked.cohort.samples:
        return {}
    other = asked.cohort.y != asked.positive
    at = (asked.cohort.samples[centre] == asked.cohort.classes[asked.positive]).to_numpy()
    parts = {"centred": other | at, "off-centre": other | ~at}
    return {name: rows for name, rows in parts.items() if len(set(asked.cohort.y[rows])) == len(asked.cohort.classes)}


def by_view(asked: Judged, metrics: dict[tuple[str, str], Metric], parts: dict[str, np.ndarray]) -> Evidence:
    """Does the model stay right when the artefact moves? AUROC by view (table ``views``).

    parts: the tiles (masks) of those views that are a part of the tiles.
    """
    rows, claims = [], []
    for (variant, view), metric in metrics.items():
        tiles = parts.get(view, np.ones(len(asked.cohort.y), bool))
        found = told(metric, asked.drawn, tiles)
        rows.append({"variant": variant, "view": view, "auroc": found.value, **_ends(found), "tiles": int(tiles.sum())})
        claims.append(claim_row(found, "AUROC by view", f"{variant} | {view}", HOW))
    return Evidence(claims_table(claims), {"views": pd.DataFrame(rows)})


def false_positives(asked: Judged, column: str) -> dict[tuple[str, str], Metric]:
    """By variant and kind of tissue: the share of the tiles that are not positive, but called so."""
    if column not in asked.cohort.samples:
        return {}
    kinds, negative = asked.cohort.samples[column].astype(str).to_numpy(), asked.cohort.y != asked.positive
    return {
        (variant, str(kind)): called(views["given"], asked.positive, (kinds == kind) & negative)
        for variant, views in asked.logits.items()
        for kind in np.unique(kinds[negative])
    }


def by_kind(asked: Judged, column: str, metrics: dict[tuple[str, str], Metric]) -> Evidence:
    """Of which tissue do the false alarms come? (table ``subclasses``)."""
    rows, claims = [], []
    for (variant, kind), metric in metrics.items():
        here = of_kind(asked, column, kind)
        found = told(metric, asked.drawn, here)
        figures = {"rate": found.value, **_ends(found), "tiles": int(here.sum())}
        rows.append({"variant": variant, "column": column, "value": kind, **figures})
        claims.append(claim_row(found, "false positive rate", f"{variant} | {kind}", HOW))
    return Evidence(claims_table(claims), {"subclasses": pd.DataFrame(rows)} if rows else {})


def of_kind(asked: Judged, column: str, kind: str) -> np.ndarray:
    """The tiles of a kind that are not positive, as a mask."""
    return (asked.cohort.y != asked.positive) & (asked.cohort.samples[column].astype(str) == kind).to_numpy()


def by_slide(asked: Judged) -> Evidence:
    """One row a slide: how many tiles, how many positive, and how right main is there (table ``slides``)."""
    samples, logits = asked.cohort.samples, asked.logits["main"]["given"]
    if "slide" not in samples:
        return Evidence(claims_table([]), {})
    score, y = softmax(logits, axis=1)[:, asked.positive], asked.cohort.y
    rows = []
    for slide, here in samples.groupby("slide", sort=True).indices.items():
        own = np.zeros(len(y), bool)
        own[here] = True
        rows.append(
            {
                "slide": str(slide),
                "subject": str(samples["subject"].iloc[here[0]]),
                **({"site": str(samples["site"].iloc[here[0]])} if "site" in samples else {}),
                "tiles": len(here),
                "positive": float((y[own] == asked.positive).mean()),
                "score": float(score[own].mean()),
                "auroc": float(area_under_curve(logits, y, own)(np.ones((1, len(y))))[0]),
                "accuracy": float((logits[own].argmax(1) == y[own]).mean()),
            }
        )
    return Evidence(claims_table([]), {"slides": pd.DataFrame(rows)})


def _ends(found: Interval) -> dict[str, Any]:
    return {"low": found.low, "high": found.high, "patients": found.n}
