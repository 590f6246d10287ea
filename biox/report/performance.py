"""How well the model tells the classes apart, beside the two baselines; where it confuses them; how sure it may be."""

import numpy as np
import pandas as pd

from biox.core.subjects import subject
from biox.report import svg
from biox.report.blocks import Figure, Grid, Section, Table, Terms, section
from biox.report.found import BASELINES, Claim, claims, shown_name, table
from biox.report.given import Given
from biox.report.words import amount, interval, percent

MEASURES = ("accuracy", "balanced accuracy", "AUROC")
FURTHER = ("accuracy by subject vote", "Brier score", "calibration error")
OFFICIAL = tuple(f"{measure}, official test" for measure in (*MEASURES, FURTHER[0]))
MODELS = ("main", *BASELINES)
TERMS = (
    ("Accuracy", "the share of samples whose class was named correctly; balanced accuracy averages over the classes."),
    ("AUROC", "how often a sample of one class scores higher than one of another; 50 % is guessing, 100 % perfect."),
    ("95 % interval", "made so that in about 95 of 100 studies it covers the true value (bootstrap over {many})."),
    ("Zero-rule", "always naming the most frequent class: what a model must beat to have learned anything."),
    ("Calibration", "whether a stated probability of 80 % is right in 80 of 100 cases."),
)


def performance(given: Given) -> Section | None:
    """Accuracy, balanced accuracy and AUROC with intervals as a plot and a table, then confusion and calibration."""
    rows = {measure: _of_models(claims(given.evidence, measure)) for measure in MEASURES}
    many = subject(given.cohort).many
    plot = dots(rows, many) if any(rows.values()) else None
    beside = tuple(figure for figure in (confusion(given), calibration(given)) if figure is not None)
    terms = Terms(tuple((term, words.replace("{many}", many)) for term, words in TERMS))
    blocks = [terms, plot, _table(given), Grid(beside) if beside else None]
    return section("performance", "How well the classes are told apart", blocks)


def dots(rows: dict[str, list[Claim]], many: str, name: str = "performance") -> Figure:
    """A dot and its interval for every model under each measure, on one scale in per cent."""
    kept = {measure: found for measure, found in rows.items() if found}
    known = [v for found in kept.values() for row in found for v in (row.value, row.low) if np.isfinite(v)]
    low = max(0.0, np.floor((min(known, default=0.5) - 0.04) * 10) / 10)
    parts, top = [], 8.0
    for measure, found in kept.items():
        panel = svg.Panel(128, top + 18, 270, 22.0 * len(found), (low, 1.0), (0, len(found)))
        parts += [svg.text(8, top + 10, measure, "head"), *_dot_rows(panel, found)]
        top += panel.height + 50
    title = "Accuracy of the model and of the baselines"
    described = "; ".join(f"{m}, {shown_name(r.group)}: {amount(r.value, 'share')}" for m, f in kept.items() for r in f)
    caption = f"Dot: value on {many} the model had not seen. Line: 95 % interval over {many}. Baselines are hollow."
    return Figure(name, svg.picture((420, top), title, described, parts), caption, width=560)


def _dot_rows(panel: svg.Panel, found: list[Claim]) -> list[str]:
    marks = svg.ticks(*panel.x, 5)
    parts = [svg.axes(panel, marks, [], False)]
    for value in marks:
        place = svg.at_x(panel, value)
        parts.append(svg.text(place, panel.top + panel.height + 12, f"{100 * value:.0f} %", "tick", "middle"))
    for k, row in enumerate(found):
        y = panel.top + 22 * k + 11
        parts.append(
            svg.text(panel.left - 8, y + 3.5, _short(row.group), "strong" if row.group == "main" else "label", "end")
        )
        if np.isfinite(row.low) and np.isfinite(row.high):
            ends = [(svg.at_x(panel, min(max(end, panel.x[0]), 1.0)), y) for end in (row.low, row.high)]
            parts.append(svg.line(ends, "whisker"))
        if np.isfinite(row.value):
            look = "hollow" if row.group in BASELINES else "dot"
            parts.append(svg.element("circle", {"cx": svg.at_x(panel, row.value), "cy": y, "r": 4.2, "class": look}))
    return parts


def _short(variant: str) -> str:
    name = {"main": "this model", "logistic": "logistic regression"}.get(variant, variant)
    return name if len(name) < 21 else name[:19] + "…"


def _of_models(found: list[Claim]) -> list[Claim]:
    return [row for model in MODELS for row in found if row.group == model]


def _table(given: Given) -> Table | None:
    """The same numbers to read, with the further measures where they were computed."""
    found = {m: _of_models(claims(given.evidence, m)) for m in (*MEASURES, *FURTHER, *OFFICIAL)}
    models = [model for model in MODELS if any(row.group == model for rows in found.values() for row in rows)]
    rows = []
    for measure, own in found.items():
        cells = {row.group: _cell(row) for row in own}
        rows += [(measure, *(cells.get(model, "–") for model in models))] if cells else []
    caption = (
        f"On {subject(given.cohort).many} the model had not seen, with 95 % intervals. Higher is better, but for the "
        "Brier score and the calibration error lower is better."
    )
    return Table(("", *(_short(model) for model in models)), tuple(rows), caption) if rows else None


def _cell(row: Claim) -> str:
    value, ends = amount(row.value, row.unit), interval(row.low, row.high, row.unit)
    return value if ends == "–" or row.low == row.high else f"{value.removesuffix(' %')} ({ends})"


def confusion(given: Given) -> Figure | None:
    """The confusion matrix of the study's model: rows are the true class, columns the named one."""
    found = table(given.evidence, "confusion")
    if found is None:
        return None
    names = list(given.cohort.classes)
    own = found[found["variant"] == "main"]
    counts = pd.crosstab(own["true"], own["predicted"], own["count"], aggfunc="sum").reindex(index=names, columns=names)
    counts, cell, left = counts.fillna(0).to_numpy(), 270.0 / len(names), 138.0
    height, parts = min(cell, 62.0), [svg.text(left + 135, 14, "named by the model", "small", "middle")]
    for i, row in enumerate(counts):
        y = 40 + i * height
        parts.append(svg.text(left - 8, y + height / 2 + 4, _short(names[i]), "label", "end"))
        parts.append(svg.text(left + (i + 0.5) * cell, 32, _fitted(names[i], cell), "label", "middle"))
        for j, value in enumerate(row):
            share = float(value / row.sum()) if row.sum() else 0.0
            x = left + j * cell
            box = {"x": x + 1, "y": y + 1, "width": cell - 2, "height": height - 2, "class": "d4" if i == j else "d5"}
            parts.append(svg.element("rect", {**box, "rx": 3, "fill-opacity": f"{0.04 + 0.46 * share:.2f}"}))
            parts.append(svg.text(x + cell / 2, y + height / 2, f"{value:.0f}", "strong", "middle"))
            parts.append(svg.text(x + cell / 2, y + height / 2 + 13, percent(share), "small", "middle"))
    pairs = [f"{names[i]} named {names[j]}: {counts[i, j]:.0f}" for i in range(len(names)) for j in range(len(names))]
    drawn = svg.picture((420, 48 + height * len(names)), "Confusion matrix", "; ".join(pairs), parts)
    caption = "Samples of each true class (row) by the class that the model named (column), with the share of the row."
    return Figure("confusion", drawn, caption, width=480)


def _fitted(name: str, width: float) -> str:
    letters = max(3, int(width / 6))
    return name if len(name) <= letters else name[: letters - 1] + "…"


def calibration(given: Given) -> Figure | None:
    """Stated confidence against how often it was right; on the diagonal the model means what it says."""
    found = table(given.evidence, "calibration")
    if found is None or found[(found["variant"] == "main") & (found["n"] > 0)].empty:
        return None
    own = found[(found["variant"] == "main") & (found["n"] > 0)].sort_values("low")
    panel = svg.Panel(50, 12, 250, 250, (0.0, 1.0), (0.0, 1.0))
    marks = [0, 0.25, 0.5, 0.75, 1]
    parts = [svg.axes(panel, marks, marks, True), svg.line([(50, 262), (300, 12)], "zero")]
    x, y, n = (own[name].to_numpy(float) for name in ("confidence", "accuracy", "n"))
    parts.append(svg.curve(panel, x, y, "ink"))
    for a, b, size in zip(x, y, n, strict=True):
        radius = 2.5 + 6 * float(np.sqrt(size / n.max()))
        parts.append(
            svg.element("circle", {"cx": svg.at_x(panel, a), "cy": svg.at_y(panel, b), "r": radius, "class": "dot"})
        )
    parts.append(svg.text(175, 292, "stated probability of the named class", "label", "middle"))
    rotated = {"transform": "translate(14 137) rotate(-90)"}
    parts.append(svg.element("g", rotated, svg.text(0, 0, "share that was right", "label", "middle")))
    described = "; ".join(f"stated {a:.2f}, right {b:.2f}, {s:.0f} samples" for a, b, s in zip(x, y, n, strict=True))
    caption = "Calibration: on the diagonal a probability is right as often as it says; below it the model is too sure."
    return Figure("calibration", svg.picture((312, 300), "Calibration", described, parts), caption, width=360)
