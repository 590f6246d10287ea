"""Before and after each remedy: every measure as two dots, the interval of the change, and the change in words."""

import math
from typing import Any

import pandas as pd

from biox.report import svg
from biox.report.blocks import Figure, Fold, Grid, Section, Table, Text, section, tidy
from biox.report.found import records, table
from biox.report.given import Given
from biox.report.histology_views import view_name
from biox.report.marks import short, slug
from biox.report.words import amount, capital, number

DIRECTION = {"higher": "higher is better", "lower": "lower is better", "nearer to 1": "1 is even"}
HARDEST = ("clean", "swapped", "off-centre", "given")
"""Versions of the tiles by which a remedy is judged: the first two that were measured."""

AUROC, NAMES, TWO = "AUROC", 37, 2
ROW, HEAD = 22.0, 18.0
TINY = 1e-9
CAPTION = (
    "Hollow: this study's model. Filled: the model trained otherwise. Line: 95 % interval of the change over patients, "
    "drawn from the hollow dot."
)


def remedies(given: Given) -> Section | None:
    """A panel a measure with one row a remedy, then the same numbers to read."""
    found = named(given)
    if found is None:
        return None
    measures = dict.fromkeys(str(name) for name in found["measure"])
    drawn = tuple(panel(found[found["measure"] == measure], measure) for measure in measures)
    blocks = [*(Text(sentence(row)) for row in told(found)), Text(CAPTION, "note"), Grid(drawn), _table(found)]
    return section("remedies", "Before and after the remedies", blocks)


def named(given: Given) -> pd.DataFrame | None:
    """The table of remedies with its groups as they are read; the method is no group where there is only one."""
    found = table(given.evidence, "remedies")
    if found is None:
        return None
    groups = []
    for row in records(found):
        group = str(row.group or "")
        alone = group in given.study.methods and len(given.study.methods) == 1
        groups.append("" if alone else view_name(group) if row.measure == AUROC else group.replace("_", " "))
    return found.assign(group=groups)


def told(found: pd.DataFrame) -> list[Any]:
    """The rows to put in words: of several remedies always the one that helped most there.

    AUROC on the versions of the tiles that ask most; of a measure on several tissues the one where most changed, for
    better or worse.
    """
    rows = [row for row in records(found) if math.isfinite(row.gain)]
    chosen = []
    for measure in dict.fromkeys(str(row.measure) for row in rows):
        own = [row for row in rows if row.measure == measure]
        hardest = [name for view in HARDEST if (name := view_name(view)) in {row.group for row in own}]
        most = max(own, key=lambda row: abs(row.gain)).group
        groups = hardest[:TWO] if measure == AUROC and hardest else [most]
        chosen += [max((row for row in own if row.group == group), key=_help) for group in groups]
    return chosen


def sentence(row: Any) -> str:
    """From what to what a measure changed, with the interval of the change."""
    unit, change = _unit(row), f"change {_change(row.gain, _unit(row))}"
    if unit == "share":
        change += " percentage points"
    if math.isfinite(row.low):
        change += f", 95 % interval {_change(row.low, unit)} to {_change(row.high, unit)}"
    better = _help(row)
    sure = not math.isfinite(row.low) or row.low > 0 or row.high < 0
    said = "helped" if better > 0 and sure else "made it worse" if better < 0 and sure else "was not shown to help"
    before, after = amount(row.before, unit), amount(row.after, unit)
    return f"{capital(_measure(row))}: {before} before, {after} with “{row.variant}” ({change}): it {said}."


def _change(value: float, unit: str) -> str:
    """A change of a share in percentage points, any other as it is."""
    return number(100 * value, 1) if unit == "share" else number(value)


def panel(found: pd.DataFrame, measure: str) -> Figure:
    """One measure: a row a version or tissue and remedy, from the study's model to the one trained otherwise."""
    rows = records(found)
    known = [v for row in rows for v in (row.before, row.after, row.before + row.low, row.before + row.high)]
    known = [float(v) for v in known if math.isfinite(v)]
    low, high_value = min(known, default=0.0), max(known, default=1.0)
    air = 0.06 * (high_value - low) + 1e-6
    several, groups = found["variant"].nunique() > 1, [str(group) for group in dict.fromkeys(found["group"])]
    headed = several and groups != [""]
    names = [short(str(row.variant if several else row.group or row.variant), NAMES) for row in rows]
    left, high = 20 + 5.6 * max(len(name) for name in names), ROW * len(rows) + HEAD * len(groups) * headed
    place = svg.Panel(left, 40, 402 - left, high, (low - air, high_value + air), (0, 1))
    words = DIRECTION.get(str(rows[0].better), "")
    parts = [svg.text(8, 16, short(capital(measure), 58), "head"), svg.text(8, 31, words, "small")]
    parts += _axis(place, _unit(rows[0]) == "share")
    parts += _rows(place, rows, names, groups if headed else [])
    described = " ".join(sentence(row) for row in rows)
    drawn = svg.picture((412, place.top + high + 24), capital(measure), described, parts)
    caption = f"{capital(measure)}{f'; {words}' if words else ''}" + ("" if several else f"; remedy: {rows[0].variant}")
    return Figure(f"remedy-{slug(measure)}", drawn, caption + ".", width=560)


def _rows(place: svg.Panel, rows: list[Any], names: list[str], groups: list[str]) -> list[str]:
    """The rows of a panel from top to bottom, under the title of their group where there are such."""
    parts, top = [], place.top
    for group in groups or [None]:
        if group is not None:
            parts.append(svg.text(8, top + 13, short(group, 60), "halo"))
            top += HEAD
        for name, row in zip(names, rows, strict=True):
            if group is None or row.group == group:
                parts += [svg.text(place.left - 8, top + 14.5, name, "label", "end"), *_dots(place, row, top + 11)]
                top += ROW
    return parts


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
        parts.append(svg.line([(svg.at_x(place, row.before + end), y) for end in (row.low, row.high)], "whisker"))
    parts.append(svg.element("circle", {"cx": before, "cy": y, "r": 4.2, "class": "hollow"}))
    return [*parts, svg.element("circle", {"cx": after, "cy": y, "r": 4.2, "class": "dot"})]


def _measure(row: Any) -> str:
    """A measure with what it was measured on: ``AUROC without the artefact``."""
    inside = row.group if row.measure == AUROC else f"({row.group})"
    return f"{row.measure} {inside}" if row.group else str(row.measure)


def _unit(row: Any) -> str:
    """AUROC is read as a share here as everywhere in the report."""
    return "share" if row.measure == AUROC else str(row.unit)


def _help(row: Any) -> float:
    """How much a remedy helped, in the measure's own unit: negative where it made things worse."""
    if row.better == "nearer to 1":
        return abs(math.log(max(row.before, TINY))) - abs(math.log(max(row.after, TINY)))
    return float(row.gain if row.better == "higher" else -row.gain)


def _table(found: pd.DataFrame) -> Fold:
    rows = []
    for row in records(found):
        unit = _unit(row)
        ends = f" ({_change(row.low, unit)} to {_change(row.high, unit)})" if math.isfinite(row.low) else ""
        change = _change(row.gain, unit) + ends
        rows.append((_measure(row), str(row.variant), amount(row.before, unit), amount(row.after, unit), change))
    head = ("measure", "remedy", "before", "after", "change (95 % interval)")
    caption = "Changes of shares in percentage points."
    return Fold("The same numbers as a table", (tidy(Table(head, tuple(rows), caption, names=2)),))
