"""The cohort of a histology study: patients, slides and tiles in numbers, and some tiles to look at."""

import pandas as pd

from biox.core.subjects import subject
from biox.report import svg
from biox.report.blocks import Figure, Grid, Section, Table, Text, section
from biox.report.explained_tiles import Explained, Shown, explained, strip
from biox.report.given import Given
from biox.report.histology_slides import outlines, pictures, slides
from biox.report.marks import slug
from biox.report.words import UNKNOWN, capital, count, number, percent, plural

GROUPS = ("site", "scanner", "stain", "stain_group", "tissue_type", "planted")
ROW, ROWS, SIDE = 6, 2, 84.0
YES_NO = {"True": "yes", "False": "no"}
MOST_GROUPS = 8
SLIDE_AXES = 5
"""Axes of a cohort whose samples are slides: slide, colour, tile, y, x."""


def cohort(given: Given) -> Section | None:
    """How many patients, slides and tiles of each class there are, where they come from, and what they look like."""
    found = pictures(given)
    sheets = tuple(f for name in given.cohort.classes if (f := sheet(given, name)) is not None)
    words = [Text(overview(given)), counts(given)]
    whole = [Text(outlines(given, found)), Grid(slides(given, found))] if len(found) else []
    notes = [Text(note, "note") for note in given.cohort.notes]
    blocks = [*words, *whole, Grid(sheets) if sheets else None, *notes]
    return section("cohort", "Patients, slides and tiles", blocks)


def overview(given: Given) -> str:
    """How much there is, and how large a tile is in pixels and, where the resolution is known, in micrometres."""
    samples, shape = given.cohort.samples, given.cohort.x.shape
    height, width = (int(side) for side in shape[-2:])
    known = samples["mpp"].dropna() if "mpp" in samples else pd.Series(dtype=float)
    scale = float(known.median()) if len(known) else 0.0
    wide = f" at {number(scale)} µm per pixel ({number(scale * width, 0)} µm wide)" if scale > 0 else ""
    bags = f" A sample is a slide, of which {shape[2]} tiles are read." if len(shape) == SLIDE_AXES else ""
    of = subject(given.cohort)
    many = plural(samples["subject"].nunique(), of.one)
    an = "an" if of.one[0] in "aeiou" else "a"
    apart = (
        f"All tiles of {an} {of.one} stand in the same fold, so that a model is never tested on {an} {of.one} it has "
        f"seen{'' if of.known else ', but it may have seen the patient: who the patients are is not known'}."
    )
    return f"{plural(len(samples), 'sample')} of {many}; a tile has {height} × {width} pixels{wide}.{bags} {apart}"


def counts(given: Given) -> Table:
    """One column a class: patients, slides, tiles, and the tiles of every site, scanner and stain group."""
    samples = given.cohort.samples
    groups = [*((name, samples[samples["label"] == name]) for name in given.cohort.classes), ("all", samples)]
    of = subject(given.cohort)
    slides = [("slides", "slide")] if "slide" in samples and of.many != "slides" else []
    units = [(of.many, "subject"), *slides] if of.many != "tiles" else slides
    rows = [(words, *(count(own[column].nunique()) for _, own in groups)) for words, column in units]
    rows.append(("samples", *(count(len(own)) for _, own in groups)))
    for column in GROUPS:
        levels = sorted(samples[column].dropna().astype(str).unique()) if column in samples else []
        if 1 < len(levels) <= MOST_GROUPS:
            named = [(f"{column.replace('_', ' ')}: {YES_NO.get(name, name)}", name) for name in levels]
            rows += [(words, *(_among(own, column, name) for _, own in groups)) for words, name in named]
    caption = f"{capital(of.many)} with samples of several classes count in each column. Shares are of the column."
    return Table(("", *(name for name, _ in groups)), tuple(rows), caption)


def _among(rows: pd.DataFrame, column: str, name: str) -> str:
    n = int((rows[column].astype(str) == name).sum())
    return f"{count(n)} ({percent(n / len(rows))})" if len(rows) else UNKNOWN


def sheet(given: Given, label: str) -> Figure | None:
    """Some tiles of a class, of as many patients as there are."""
    samples = given.cohort.samples
    own = samples[samples["label"] == label]
    turn = own.groupby("subject", sort=False).cumcount()
    own = own.assign(turn=turn).sort_values("turn", kind="stable").head(ROW * ROWS)
    tiles = explained(given, [str(name) for name in own["sample"]])
    shown = [
        Shown(Explained(tiles[str(name)].picture, None, ""), str(subject), "")
        for name, subject in zip(own["sample"], own["subject"], strict=True)
    ]
    if not shown:
        return None
    parts, bottom = [svg.text(8, 16, label, "head")], 24.0
    for start in range(0, len(shown), ROW):
        drawn, height = strip(shown[start : start + ROW], SIDE, bottom)
        parts, bottom = parts + drawn, bottom + height
    of = subject(given.cohort)
    caption = f"Tiles labelled {label}, of as many {of.many} as there are; under each its {of.one}."
    picture = svg.picture((ROW * (SIDE + 8) + 8, bottom), f"Tiles labelled {label}", caption, parts)
    return Figure(f"tiles-{slug(label)}", picture, caption, width=560)
