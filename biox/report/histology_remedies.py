"""Before and after each remedy: every measure as two dots, the interval of the change, and the change in words."""

import math
from typing import Any

import pandas as pd

from biox.core.subjects import subject
from biox.report import svg
from biox.report.blocks import Figure, Fold, Grid, Section, Table, Text, section, tidy
from biox.report.found import records, table
from biox.report.given import Given
from biox.report.histology_views import view_name
from biox.report.marks import short, slug
from biox.report.words import amount, capital, number, plural

DIRECTION = {
    "higher": "higher is better",
    "lower": "lower is better",
    "nearer to 1": "1 is even; without any shortcut it need not be 1",
}
HARDEST = ("clean", "swapped", "off-centre", "given")
"""Versions of the tiles by which a remedy is judged: the first two that were measured."""

AUROC, TWO, TOLD = "AUROC", 2, 3
LETTER, LINE = 5.6, 30
"""Width of a letter of a row's name, and how many of them stand in one line."""
ROW, HEAD, SPACE = 22.0, 18.0, 10.5
TINY = 1e-9
CAPTION = (
    "Hollow: this study's model. Filled: the model trained otherwise. Line: 95 % interval of the change over {many}, "
    "drawn from the hollow dot and cut at 0 and 100 %."
)


def remedies(given: Given) -> Section | None:
    """A panel a measure with one row a remedy, then the same numbers to read."""
    found = named(given)
    if found is None:
        return None
    measures = dict.fromkeys(str(name) for name in found["measure"])
    drawn = tuple(panel(found[found["measure"] == measure], measure) for measure in measures)
    caption = CAPTION.format(many=subject(given.cohort).many)
    blocks = [*(Text(words) for words in told(found)), Text(caption, "note"), Grid(drawn), _table(found)]
    return section("remedies", "Before and after the remedies", blocks)


def named(given: Given) -> pd.DataFrame | None:
    """The table of remedies in the order of the study file, with its groups as they are read.

    The method is no group where there is only one.
    """
    found = table(given.evidence, "remedies")
    if found is None:
        return None
    groups = []
    for row in records(found):
        group = str(row.group or "")
        alone = group in given.study.methods and len(given.study.methods) == 1
        groups.append("" if alone else view_name(group) if row.measure == AUROC else group.replace("_", " "))
    order = {name: k for k, name in enumerate(given.study.variants)}
    found = found.assign(group=groups, order=found["variant"].map(order))
    at = found.groupby(["measure", "group"], sort=False).ngroup()
    return found.assign(at=at).sort_values(["at", "order"], kind="stable").drop(columns=["at", "order"])


def told(found: pd.DataFrame, measures: tuple[str, ...] = (), most_views: int = TWO) -> list[str]:
    """Every measure (or some) in words, for all remedies in the order of the study file: none is chosen for its result.

    AUROC on the first versions of those that ask most (at most ``most_views``); of a measure on several tissues the one
    where most changed, for better or worse, which the sentence says.
    """
    rows = [row for row in records(found) if math.isfinite(row.gain) and (not measures or row.measure in measures)]
    said = []
    for measure in dict.fromkeys(str(row.measure) for row in rows):
        own = [row for row in rows if row.measure == measure]
        hardest = [name for view in HARDEST if (name := view_name(view)) in {row.group for row in own}]
        most = max(own, key=lambda row: abs(row.gain)).group
        groups = hardest[:most_views] if measure == AUROC and hardest else [most]
        several = len({row.group for row in own}) if groups == [most] else 1
        said += [sentence([row for row in own if row.group == group], several) for group in groups]
    return said


def sentence(rows: list[Any], several: int = 1) -> str:
    """One measure before, and after each remedy; of several groups, that this is the one where most changed."""
    of = f", of {several} the one that changed most" if several > 1 else ""
    after = "; ".join(_after(row) for row in rows[:TOLD])
    more = f"; {plural(len(rows) - TOLD, 'further remedy', 'further remedies')} in the table" * (len(rows) > TOLD)
    return f"{capital(_measure(rows[0]))}{of}: {amount(rows[0].before, _unit(rows[0]))} before; {after}{more}."


def _after(row: Any) -> str:
    """What a measure is after a remedy, with the interval of the change, and whether it helped."""
    unit, change = _unit(row), f"change {_change(row.gain, _unit(row))}"
    if unit == "share":
        change += " percentage points"
    if math.isfinite(row.low):
        change += f", 95 % interval {_change(row.low, unit)} to {_change(row.high, unit)}"
    better = _help(row)
    sure = not math.isfinite(row.low) or row.low > 0 or row.high < 0
    said = "helped" if better > 0 and sure else "made it worse" if better < 0 and sure else "was not shown to help"
    return f"{amount(row.after, unit)} with “{row.variant}”, which {said} ({change})"


def _change(value: float, unit: str) -> str:
    """A change of a share in percentage points, any other as it is."""
    return number(100 * value, 1) if unit == "share" else number(value)


def panel(found: pd.DataFrame, measure: str) -> Figure:
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
    parts += _axis(place, _unit(rows[0]) == "share")
    parts += _rows(place, rows, names, groups if headed else [])
    described = " ".join(sentence([row]) for row in rows)
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
    return (max(low, 0.0), min(high, 1.0)) if _unit(row) == "share" else (low, high)


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
