"""Before and after each remedy: every measure as two dots, the interval of the change, and the change in words."""

import math
from typing import Any

import pandas as pd

from biox.report import svg
from biox.report.blocks import Figure, Fold, Grid, Section, Table, Text, section, tidy
from biox.report.found import records, table
from biox.report.given import Given
from biox.report.marks import short, slug
from biox.report.words import amount, capital, number

DIRECTION = {"higher": "higher is better", "lower": "lower is better"}
CAPTION = (
    "Hollow: this study's model. Filled: the model trained otherwise. Line: 95 % interval of the change over patients, "
    "drawn from the hollow dot."
)


def remedies(given: Given) -> Section | None:
    """A panel a measure with one row a remedy, then the same numbers to read."""
    found = table(given.evidence, "remedies")
    if found is None:
        return None
    measures = list(dict.fromkeys(_measure(row) for row in records(found)))
    named = found.assign(shown=[_measure(row) for row in records(found)])
    drawn = tuple(panel(named[named["shown"] == measure], measure) for measure in measures)
    blocks = [*(Text(sentence(row)) for row in best(found)), Text(CAPTION, "note"), Grid(drawn), _table(found)]
    return section("remedies", "Before and after the remedies", blocks)


def best(found: pd.DataFrame) -> list[Any]:
    """For every measure the remedy that helped most."""
    rows = [row for row in records(found) if math.isfinite(row.gain)]
    measures = dict.fromkeys(_measure(row) for row in rows)
    return [max((row for row in rows if _measure(row) == measure), key=_help) for measure in measures]


def sentence(row: Any) -> str:
    """From what to what a measure changed, with the interval of the change."""
    unit, change = str(row.unit), f"change {_change(row.gain, str(row.unit))}"
    if unit == "share":
        change += " percentage points"
    if math.isfinite(row.low):
        change += f", 95 % interval {_change(row.low, unit)} to {_change(row.high, unit)}"
    better = row.gain if row.better == "higher" else -row.gain
    sure = not math.isfinite(row.low) or row.low > 0 or row.high < 0
    said = "helped" if better > 0 and sure else "made it worse" if better < 0 and sure else "was not shown to help"
    before, after = amount(row.before, unit), amount(row.after, unit)
    return f"{capital(_measure(row))}: {before} before, {after} with “{row.variant}” ({change}): it {said}."


def _change(value: float, unit: str) -> str:
    """A change of a share in percentage points, any other as it is."""
    return number(100 * value, 1) if unit == "share" else number(value)


def panel(found: pd.DataFrame, measure: str) -> Figure:
    """One measure: a row a remedy, from the study's model to the one trained otherwise."""
    rows = records(found)
    known = [v for row in rows for v in (row.before, row.after, row.before + row.low, row.before + row.high)]
    known = [float(v) for v in known if math.isfinite(v)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    air = 0.06 * (high - low) + 1e-6
    place = svg.Panel(130, 40, 272, 26.0 * len(rows), (low - air, high + air), (0, len(rows)))
    parts = [svg.text(8, 16, short(capital(measure), 58), "head"), *_axis(place, str(rows[0].unit) == "share")]
    for k, row in enumerate(rows):
        parts += _dots(place, row, place.top + 26 * k + 13)
    bottom = place.top + place.height
    words = DIRECTION.get(str(rows[0].better), "")
    parts.append(svg.text(8, 31, words, "small"))
    described = "; ".join(sentence(row) for row in rows)
    drawn = svg.picture((412, bottom + 24), capital(measure), described, parts)
    return Figure(f"remedy-{slug(measure)}", drawn, capital(measure) + (f"; {words}." if words else "."), width=560)


def _axis(place: svg.Panel, share: bool) -> list[str]:
    marks = svg.ticks(*place.x, 4)
    parts = [svg.axes(place, marks, [], False)]
    for value in marks:
        words = (f"{100 * value:g} %" if share else f"{value:g}").replace("-", "−")
        parts.append(svg.text(svg.at_x(place, value), place.top + place.height + 14, words, "tick", "middle"))
    return parts


def _dots(place: svg.Panel, row: Any, y: float) -> list[str]:
    parts = [svg.text(place.left - 8, y + 3.5, short(str(row.variant), 20), "label", "end")]
    if not (math.isfinite(row.before) and math.isfinite(row.after)):
        return parts
    before, after = (svg.at_x(place, float(value)) for value in (row.before, row.after))
    parts.append(svg.line([(before, y), (after, y)], "thin"))
    if math.isfinite(row.low) and math.isfinite(row.high):
        parts.append(svg.line([(svg.at_x(place, row.before + end), y) for end in (row.low, row.high)], "whisker"))
    parts.append(svg.element("circle", {"cx": before, "cy": y, "r": 4.2, "class": "hollow"}))
    return [*parts, svg.element("circle", {"cx": after, "cy": y, "r": 4.2, "class": "dot"})]


def _measure(row: Any) -> str:
    """A measure with what it was measured on: ``AUROC (clean)``."""
    group = str(row.group or "")
    return f"{row.measure} ({group.replace('_', ' ')})" if group else str(row.measure)


def _help(row: Any) -> float:
    return float(row.gain if row.better == "higher" else -row.gain)


def _table(found: pd.DataFrame) -> Fold:
    rows = []
    for row in records(found):
        unit = str(row.unit)
        ends = f" ({_change(row.low, unit)} to {_change(row.high, unit)})" if math.isfinite(row.low) else ""
        change = _change(row.gain, unit) + ends
        rows.append((_measure(row), str(row.variant), amount(row.before, unit), amount(row.after, unit), change))
    head = ("measure", "remedy", "before", "after", "change (95 % interval)")
    caption = "Changes of shares in percentage points."
    return Fold("The same numbers as a table", (tidy(Table(head, tuple(rows), caption, names=2)),))
