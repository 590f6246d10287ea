"""The figure of a measure before and after its remedies: two dots a row, and the interval of the change."""

import math
from typing import Any

import pandas as pd

from biox.report import svg
from biox.report.blocks import Figure
from biox.report.found import records
from biox.report.marks import short, slug
from biox.report.words import capital

AUROC = "AUROC"
DIRECTION = {
    "higher": "higher is better",
    "lower": "lower is better",
    "nearer to 1": "1 is even; without any shortcut it need not be 1",
}
ROW, HEAD, SPACE = 22.0, 18.0, 10.5
LETTER, LINE = 5.6, 30
"""Width of a letter of a row's name, and how many of them stand in one line."""


def panel(found: pd.DataFrame, measure: str, described: str) -> Figure:
    """One measure: a row a version or tissue and remedy, from the study's model to the one trained otherwise."""
    rows = records(found)
    known = [float(v) for row in rows for v in (row.before, row.after, *_ends(row)) if math.isfinite(v)]
    low, high_value = min(known, default=0.0), max(known, default=1.0)
    air = 0.06 * (high_value - low) + 1e-6
    several, groups = found["variant"].nunique() > 1, [str(group) for group in dict.fromkeys(found["group"])]
    headed = several and groups != [""]
    names = [wrapped(str(row.variant if several else row.group or row.variant)) for row in rows]
    longest = max(len(line) for name in names for line in name)
    left, high = 20 + LETTER * longest, ROW * len(rows) + HEAD * len(groups) * headed
    place = svg.Panel(left, 40, 402 - left, high, (low - air, high_value + air), (0, 1))
    words = DIRECTION.get(str(rows[0].better), "")
    parts = [svg.text(8, 16, short(capital(measure), 58), "head"), svg.text(8, 31, words, "small")]
    parts += _axis(place, unit_of(rows[0]) == "share")
    parts += _rows(place, rows, names, groups if headed else [])
    drawn = svg.picture((412, place.top + high + 24), capital(measure), described, parts)
    caption = f"{capital(measure)}{f'; {words}' if words else ''}" + ("" if several else f"; remedy: {rows[0].variant}")
    return Figure(f"remedy-{slug(measure)}", drawn, caption + ".", width=560)


def _rows(place: svg.Panel, rows: list[Any], names: list[tuple[str, ...]], groups: list[str]) -> list[str]:
    """The rows of a panel from top to bottom, under the title of their group where there are such."""
    parts, top = [], place.top
    for group in groups or [None]:
        if group is not None:
            parts.append(svg.text(8, top + 13, short(group, 60), "halo"))
            top += HEAD
        for name, row in zip(names, rows, strict=True):
            if group is None or row.group == group:
                first = top + 14.5 - SPACE / 2 * (len(name) - 1)
                lines = [
                    svg.text(place.left - 8, first + SPACE * k, words, "label", "end") for k, words in enumerate(name)
                ]
                parts += [*lines, *_dots(place, row, top + 11)]
                top += ROW
    return parts


def wrapped(name: str) -> tuple[str, ...]:
    """A name in one line or, where it is long, in two; only what does not fit there either is cut."""
    if len(name) <= LINE:
        return (name,)
    cut = name.rfind(" ", 0, LINE + 1)
    cut = cut if cut > 0 else LINE
    return name[:cut].rstrip(), short(name[cut:].lstrip(), LINE)


def _axis(place: svg.Panel, share: bool) -> list[str]:
    marks = svg.ticks(*place.x, 5)
    parts = [svg.axes(place, marks, [], False)]
    for value in marks:
        words = (f"{100 * value:g} %" if share else f"{value:g}").replace("-", "−")
        parts.append(svg.text(svg.at_x(place, value), place.top + place.height + 14, words, "tick", "middle"))
    return parts


def _dots(place: svg.Panel, row: Any, y: float) -> list[str]:
    if not (math.isfinite(row.before) and math.isfinite(row.after)):
        return []
    before, after = (svg.at_x(place, float(value)) for value in (row.before, row.after))
    parts = [svg.line([(before, y), (after, y)], "thin")]
    if math.isfinite(row.low) and math.isfinite(row.high):
        parts.append(svg.line([(svg.at_x(place, end), y) for end in _ends(row)], "whisker"))
    parts.append(svg.element("circle", {"cx": before, "cy": y, "r": 4.2, "class": "hollow"}))
    return [*parts, svg.element("circle", {"cx": after, "cy": y, "r": 4.2, "class": "dot"})]


def _ends(row: Any) -> tuple[float, float]:
    """Where the interval of the change begins and ends, from the value before; a share lies from 0 to 100 %."""
    low, high = float(row.before + row.low), float(row.before + row.high)
    return (max(low, 0.0), min(high, 1.0)) if unit_of(row) == "share" else (low, high)


def unit_of(row: Any) -> str:
    """AUROC is read as a share here as everywhere in the report."""
    return "share" if row.measure == AUROC else str(row.unit)
