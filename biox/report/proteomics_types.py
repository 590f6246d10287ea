"""Differences between the types of patients: edges whose strength differs, with the median of every type."""

from typing import Any

import numpy as np

from biox.domains.proteomics.types_differ import CONTROL
from biox.report import svg
from biox.report.blocks import Figure, Fold, Section, Table, Terms, Text, section
from biox.report.found import claim, records, table
from biox.report.given import Given
from biox.report.marks import short
from biox.report.proteomics_names import level
from biox.report.scatter import mark
from biox.report.words import count, number, p_cell, plural

DRAWN, LISTED = 15, 100
LEFT, WIDTH, TOP, ROW = 164.0, 250.0, 14.0, 19.0
TERMS = (
    (
        "Kruskal-Wallis",
        "tests whether the ranks of an edge's strength differ between the types, patient by patient; a larger "
        "statistic is a clearer difference. p is corrected over all pairs of predicted proteins, after Holm and as "
        "false-discovery rate (q). An influence grows with the distance of the levels from their mean.",
    ),
)


def types(given: Given) -> Section | None:
    """How many edges differ, the clearest with the median of each type, and the table."""
    found = table(given.evidence, "types")
    if found is None:
        return None
    best = found.sort_values(["statistic", "p"], ascending=[False, True], kind="stable")
    head = ("edge", "other end", "statistic", "p, Holm", "q", "strongest in", "weakest in")
    cells = tuple(
        (row.a, row.b, number(row.statistic, 1), p_cell(row.p_holm), p_cell(row.q), str(row.highest), str(row.lowest))
        for row in records(best.head(LISTED))
    )
    shown = Table(head, cells, names=2, notes=2)
    fold = Fold(f"The {plural(len(cells), 'edge')} that {'differ' if len(cells) > 1 else 'differs'} most", (shown,))
    return section("types", "Differences between types", [Terms(TERMS), Text(sentence(given)), medians(given), fold])


def sentence(given: Given) -> str:
    """How many of the listed edges differ between types, and which differs most clearly."""
    found = table(given.evidence, "types")
    if found is None:
        return ""
    kept = found[found["p_holm"] <= level(given.study)]
    if kept.empty:
        return "No edge was shown to differ in strength between the types (Kruskal-Wallis, Holm over all pairs tested)."
    best: Any = records(kept.sort_values("statistic", ascending=False, kind="stable"))[0]
    stated = claim(given.evidence, "edges that differ between types", "Holm")
    listed = f"At least {count(len(kept))}" if len(kept) == len(found) else count(len(kept))
    many = listed if stated is None else count(stated.value)
    return f"{_clearest(many, level(given.study), best)} {by_levels(given)}".strip()


def by_levels(given: Given) -> str:
    """In how many of the edges that differ one protein differs by itself, which needs no other wiring."""
    stated = claim(given.evidence, CONTROL, "control")
    if stated is None:
        return ""
    return (
        f"In {count(stated.value)} of them one of the two proteins differs between the types by itself (how far its "
        "level lies from the mean): that alone can make an edge stronger, so these do not show another wiring."
    )


def _clearest(many: str, alpha: float, best: Any) -> str:
    return (
        f"{many} {'edge differs' if many == '1' else 'edges differ'} in strength between the types (Kruskal-Wallis, "
        f"Holm over all pairs tested at {alpha:g}), most clearly {best.a} – {best.b}: strongest in "
        f"{best.highest}, weakest in {best.lowest}."
    )


def medians(given: Given) -> Figure | None:
    """The edges that differ most: one row an edge, one mark a type at its median strength."""
    found, values = table(given.evidence, "types"), table(given.evidence, "type_medians")
    if found is None or values is None:
        return None
    best = records(found.sort_values("statistic", ascending=False, kind="stable").head(DRAWN))
    own = {(row.a, row.b, row.type): float(row.median) for row in records(values)}
    names = [str(name) for name in dict.fromkeys(values["type"])]
    drawn_values = [own.get((row.a, row.b, name), np.nan) for row in best for name in names]
    known = [value for value in drawn_values if np.isfinite(value)]
    panel = svg.Panel(LEFT, TOP, WIDTH, ROW * len(best), (0.0, 1.05 * max(known, default=1.0) or 1.0), (0, 1))
    parts = [svg.axes(panel, svg.ticks(*panel.x, 5), [], True)]
    for k, row in enumerate(best):
        y = TOP + ROW * (k + 0.5)
        parts.append(svg.text(LEFT - 8, y + 3.5, f"{short(str(row.a), 13)} – {short(str(row.b), 13)}", "tick", "end"))
        parts += _row(panel, y, [own.get((row.a, row.b, name), np.nan) for name in names], (row, names))
    bottom = TOP + panel.height
    parts.append(svg.text(LEFT + WIDTH / 2, bottom + 28, "median strength of the type's patients", "label", "middle"))
    legend, height = _legend(names, bottom + 46)
    size, caption = (LEFT + WIDTH + 16, bottom + 46 + height), _caption(len(names))
    described = "; ".join(f"{row.a} – {row.b}: strongest in {row.highest}, weakest in {row.lowest}" for row in best)
    drawn = svg.picture(size, "Edges that differ between types", described, [*parts, *legend])
    return Figure("types", drawn, caption, width=620)


def _few(names: list[str]) -> bool:
    """Whether there are so few types that each has its own colour."""
    return len(names) <= len(svg.CLASS_DASHES)


def _caption(types: int) -> str:
    every = (
        "each type has its colour and shape"
        if types <= len(svg.CLASS_DASHES)
        else "the strongest and weakest are named"
    )
    return f"The edges that differ most between the types, the clearest first. A mark is the median of a type; {every}."


def _row(panel: svg.Panel, y: float, values: list[float], which: tuple[Any, list[str]]) -> list[str]:
    """The dots of one edge; with many types grey ones, of which the two ends carry their names."""
    row, names = which
    known = [svg.at_x(panel, value) for value in values if np.isfinite(value)]
    parts = [svg.line([(min(known), y), (max(known), y)], "thin")] if known else []
    for k, (name, value) in enumerate(zip(names, values, strict=True)):
        if not np.isfinite(value):
            continue
        look = f"m{k}" if _few(names) else "dot" if name in (row.highest, row.lowest) else "other"
        x = svg.at_x(panel, value)
        parts.append(svg.element("path", {"d": mark(x, y, 4.0, k if _few(names) else 0), "class": look}))
        if not _few(names) and name in (row.highest, row.lowest):
            inside = x > panel.left + 0.8 * panel.width
            parts.append(
                svg.text(x - 6 if inside else x + 6, y - 3.5, short(name, 14), "halo", "end" if inside else "start")
            )
    return parts


def _legend(names: list[str], top: float) -> tuple[list[str], float]:
    """The colours of few types, wrapped below the figure; and the height that it takes."""
    if not _few(names):
        return [], 0.0
    parts, x, y = [], 12.0, top
    for k, name in enumerate(names):
        words = short(name, 32)
        wide = 24 + 6.2 * len(words)
        if x > 12 and x + wide > LEFT + WIDTH:
            x, y = 12.0, y + 16
        parts += [svg.element("path", {"d": mark(x + 5, y - 4, 4.0, k), "class": f"m{k}"}), svg.text(x + 14, y, words)]
        x += wide
    return parts, y - top + 8
