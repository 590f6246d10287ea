"""Slides as thumbnails, with the tissue that was found and the tiles that were cut, coloured by their label."""

import json
from typing import Any

import numpy as np
import pandas as pd

from biox.core.subjects import subject
from biox.domains.histology.thumbnails import thumbnails
from biox.domains.histology.tissue import Tissue
from biox.report import svg
from biox.report.blocks import Figure, Fold, Section, Table, section, tidy
from biox.report.found import records, table
from biox.report.given import Given, positive
from biox.report.marks import short, slug
from biox.report.pictures import image, stored
from biox.report.words import UNKNOWN, count, joined, percent

WIDTH = 360.0
MOST = 12
MERGED = 1500
Place = tuple[float, float, float]
"""Pixels of the drawing per level-0 pixel, and where the slide's left top corner lies."""


def pictures(given: Given) -> pd.DataFrame:
    """The thumbnails of at most twelve slides, from the evidence or read from the slides; no rows without slides."""
    found = table(given.evidence, "thumbnails")
    if found is not None:
        return found.head(MOST)
    samples = given.cohort.samples
    names = list(dict.fromkeys(samples["slide"].astype(str)))[:MOST] if "slide" in samples else []
    return thumbnails(given.cohort.x, names, Tissue(**given.study.data.options.get("tissue", {})))


def slides(given: Given, found: pd.DataFrame) -> tuple[Figure, ...]:
    """The thumbnails as figures, with tissue and tiles."""
    return tuple(_slide(given, row, k) for k, row in enumerate(records(found)))


def outlines(given: Given, found: pd.DataFrame) -> str:
    """How the thumbnails are read."""
    samples = given.cohort.samples
    total = samples["slide"].nunique() if "slide" in samples else len(found)
    first = f"{len(found)} of {total} slides. " if total > len(found) else ""
    return f"{first}Dark line: the tissue that was found. Coloured squares: the tiles that were cut, by their label."


def slide_results(given: Given) -> Section | None:
    """What came out for each slide, by the model that had not seen its patient."""
    found = table(given.evidence, "slides")
    if found is None:
        return None
    columns = {
        "subject": subject(given.cohort).one, "label": "label", "site": "site", "scanner": "scanner", "tiles": "tiles",
        "positive": f"labelled {positive(given)}", "accuracy": "accuracy", "auroc": "AUROC",
        "score": "mean probability",
    }  # fmt: skip
    there = [name for name in columns if name in found]
    rows = tuple((str(row.slide), *(_cell(getattr(row, name), name) for name in there)) for row in records(found))
    words = sum(name in ("subject", "label", "site", "scanner") for name in there)
    caption = f"Out of fold. Mean probability: of “{positive(given)}”, over the tiles of the slide. AUROC: among them."
    shown = tidy(Table(("slide", *(columns[name] for name in there)), rows, caption, names=1 + words))
    block = shown if len(rows) <= 2 * MOST else Fold(f"All {len(rows)} slides", (shown,))
    return section("slide-results", "Slide by slide", [block])


def _cell(value: Any, name: str) -> str:
    if name in ("subject", "label", "site", "scanner"):
        return "" if value is None or value != value else str(value)
    value = float(value)
    return count(value) if name == "tiles" else percent(value, 1) if np.isfinite(value) else UNKNOWN


def _slide(given: Given, row: Any, k: int) -> Figure:
    wide, high = float(row.width), float(row.height)
    place = scale, left, top = WIDTH / max(wide, high), 4.0, 26.0
    samples = given.cohort.samples
    own = samples[samples["slide"].astype(str) == str(row.slide)] if "slide" in samples else samples.iloc[:0]
    box = (left, top, wide * scale, high * scale)
    parts = [svg.text(4, 15, short(str(row.slide), 48), "head"), image(box, stored(bytes(row.image)), "")]
    parts += [squares(own[own["label"] == name], place, j) for j, name in enumerate(given.cohort.classes)]
    parts += [_ring(ring, place) for ring in rings(getattr(row, "tissue", ""))]
    parts += _legend(given, top + high * scale + 17)
    caption = _caption(given, str(row.slide), own)
    drawn = svg.picture((WIDTH + 8, top + high * scale + 24), f"Slide {row.slide}", caption, parts)
    return Figure(f"slide-{k + 1}-{slug(str(row.slide))}", drawn, caption, width=420)


def _caption(given: Given, slide: str, own: pd.DataFrame) -> str:
    known = {
        "subject": f"{subject(given.cohort).one} {{}}",
        "site": "site {}",
        "scanner": "scanner {}",
        "mpp": "tiles at {} µm per pixel",
    }
    facts = [words.format(own[name].iloc[0]) for name, words in known.items() if name in own and len(own)]
    tiles = joined(f"{count((own['label'] == name).sum())} {name}" for name in given.cohort.classes)
    return f"{', '.join([slide, *facts])}. Tiles: {tiles}."


def squares(tiles: pd.DataFrame, place: Place, k: int) -> str:
    """The tiles of one class. Of very many, neighbours in a row are one box: a large slide stays a small drawing."""
    if tiles.empty or not {"x", "y", "size"} <= set(tiles):
        return ""
    scale, left, top = place
    steps, boxes = [], tiles[["y", "size", "x"]].to_numpy(float)
    for y, size in np.unique(boxes[:, :2], axis=0):
        own = boxes[(boxes[:, 0] == y) & (boxes[:, 1] == size)]
        above, below = top + y * scale, top + (y + size) * scale
        lefts = np.sort(own[:, 2])
        for start, end in _runs(lefts, size) if len(tiles) > MERGED else zip(lefts, lefts + size, strict=True):
            a, b = left + start * scale, left + end * scale
            steps.append(f"M{a:.1f} {above:.1f}H{b:.1f}V{below:.1f}H{a:.1f}Z")
    return svg.element("path", {"d": "".join(steps), "class": f"tiles t{k % len(svg.CLASS_DASHES)}"})


def _runs(x: np.ndarray, size: float) -> list[tuple[float, float]]:
    """Where boxes of one size that touch each other begin and end."""
    cuts = np.flatnonzero(np.abs(np.diff(x) - size) > 1e-6) + 1
    return [(float(part[0]), float(part[-1] + size)) for part in np.split(x, cuts)]


def rings(text: object) -> list[list[tuple[float, float]]]:
    """The outlines of the tissue from their JSON text; none where it is empty."""
    return [[(float(x), float(y)) for x, y in ring] for ring in json.loads(str(text))] if text else []


def _ring(ring: list[tuple[float, float]], place: Place) -> str:
    scale, left, top = place
    return svg.line([(left + x * scale, top + y * scale) for x, y in [*ring, *ring[:1]]], "outline")


def _legend(given: Given, y: float) -> list[str]:
    parts, x = [], 8.0
    for k, name in enumerate(given.cohort.classes):
        box = {"x": x, "y": y - 8, "width": 10.0, "height": 9.0, "class": f"d{k % len(svg.CLASS_DASHES)}"}
        parts += [svg.element("rect", box), svg.text(x + 14, y, short(name, 20))]
        x += 26 + 6.1 * min(len(name), 20)
    return parts
