"""Small drawings as SVG text: a panel with axes, lines, bands and words, and nothing that a figure here does not need.

Every mark carries a CSS class and no colour, so one drawing serves the light page, the dark page and, with
``standalone``, a file for a paper. The same numbers give the same bytes.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import escape

from biox.report.colour import STEPS, light

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, Inter, "Helvetica Neue", Arial, sans-serif'
CLASS_DASHES = ("none", "6 2.5", "1.5 2", "7 2 1.5 2", "3 2", "9 3", "1 3")


@dataclass(frozen=True)
class Panel:
    """A plotting area: its place in the picture (pixels) and the range of the data on both axes."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]


def at_x(panel: Panel, value: float) -> float:
    """Horizontal place of a value in the picture."""
    low, high = panel.x
    return panel.left + (value - low) / (high - low) * panel.width


def at_y(panel: Panel, value: float) -> float:
    """Vertical place of a value in the picture; larger values stand higher."""
    low, high = panel.y
    return panel.top + (high - value) / (high - low) * panel.height


def element(tag: str, attributes: Mapping[str, object], inner: str = "") -> str:
    """One element; attribute values are escaped, numbers rounded to a tenth of a pixel, ``inner`` taken as it is."""
    words = "".join(f' {name}="{escape(_plain(value))}"' for name, value in attributes.items())
    return f"<{tag}{words}>{inner}</{tag}>" if inner else f"<{tag}{words}/>"


def text(x: float, y: float, words: str, look: str = "label", anchor: str = "start") -> str:
    """Words at a place; ``anchor`` is start, middle or end."""
    attributes = {"x": x, "y": y, "class": look} | ({} if anchor == "start" else {"text-anchor": anchor})
    return element("text", attributes, str(escape(words)))


def line(points: Iterable[tuple[float, float]], look: str) -> str:
    """A line through places in the picture; a place that is not a number interrupts it."""
    steps, pen = [], "M"
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            pen = "M"
            continue
        steps.append(f"{pen}{_plain(x)} {_plain(y)}")
        pen = "L"
    return element("path", {"d": "".join(steps), "class": look}) if steps else ""


def curve(panel: Panel, x: np.ndarray, y: np.ndarray, look: str) -> str:
    """A curve of data values."""
    return line(((at_x(panel, a), at_y(panel, b)) for a, b in zip(x, y, strict=True)), look)


def band(panel: Panel, x: np.ndarray, edges: tuple[np.ndarray, np.ndarray], look: str) -> str:
    """The area between a lower and an upper curve, where both are known."""
    known = np.isfinite(edges[0]) & np.isfinite(edges[1])
    there = list(zip(x[known], edges[1][known], strict=True))
    back = list(zip(x[known], edges[0][known], strict=True))[::-1]
    points = " ".join(f"{_plain(at_x(panel, a))},{_plain(at_y(panel, b))}" for a, b in [*there, *back])
    return element("polygon", {"points": points, "class": look}) if there else ""


def span(panel: Panel, start: float, end: float, look: str) -> str:
    """A stretch of the horizontal axis, shaded over the panel's height."""
    a, b = at_x(panel, start), at_x(panel, end)
    return element("rect", {"x": a, "y": panel.top, "width": max(b - a, 1), "height": panel.height, "class": look})


def level_line(panel: Panel, value: float, look: str) -> str:
    """A horizontal line across the panel, if the value lies in its range."""
    if not panel.y[0] <= value <= panel.y[1]:
        return ""
    y = at_y(panel, value)
    return line([(panel.left, y), (panel.left + panel.width, y)], look)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values inside a range, about ``count`` of them, at steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min(size for size in (1, 2, 5, 10) if size * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def axes(panel: Panel, x_ticks: Sequence[float], y_ticks: Sequence[float], x_labels: bool) -> str:
    """The frame of a panel: faint lines at the ticks, with their values left of it and, if asked for, below it."""
    bottom, parts = panel.top + panel.height, []
    for value in y_ticks:
        y = at_y(panel, value)
        parts.append(line([(panel.left, y), (panel.left + panel.width, y)], "grid"))
        parts.append(text(panel.left - 5, y + 3.2, f"{value:g}".replace("-", "−"), "tick", "end"))
    for value in x_ticks:
        x = at_x(panel, value)
        parts.append(line([(x, panel.top), (x, bottom + (3 if x_labels else 0))], "grid"))
        parts.append(text(x, bottom + 13, f"{value:g}".replace("-", "−"), "tick", "middle") if x_labels else "")
    return "".join(parts)


def picture(size: tuple[float, float], title: str, description: str, parts: Iterable[str]) -> str:
    """A whole drawing; the title and description are what a screen reader says in its place."""
    head = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    box = f"0 0 {_plain(size[0])} {_plain(size[1])}"
    attributes = {"viewBox": box, "role": "img", "aria-label": f"{title}. {description}", "class": "figure"}
    return element("svg", attributes, head + "".join(parts))


def standalone(svg: str) -> str:
    """A drawing as a file of its own on white paper, with its style inside."""
    colours = light()
    style = re.sub(r"var\(--([\w-]+)\)", lambda match: colours[match.group(1)], look())
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert size, "a picture has a viewBox"
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[1]}" height="{size[2]}" '
    sheet = f'<style>{style}</style><rect width="100%" height="100%" fill="#ffffff"/>'
    return svg.replace("<svg ", opening, 1).replace("<title>", f"{sheet}<title>", 1) + "\n"


def look() -> str:
    """The style of every mark, with colours as CSS variables."""
    rules = [
        f".figure text {{ font-family: {FONT}; fill: var(--ink); }}",
        ".figure .label { font-size: 11px; } .figure .tick { font-size: 10px; fill: var(--soft); }",
        ".figure .small { font-size: 10px; fill: var(--soft); }",
        ".figure .head { font-size: 12.5px; font-weight: 600; }",
        ".figure .strong { font-size: 11px; font-weight: 600; }",
        ".figure path { fill: none; stroke-linejoin: round; stroke-linecap: butt; }",
        ".figure .grid { stroke: var(--line); stroke-width: .7; }",
        ".figure .zero { stroke: var(--soft); stroke-width: .8; }",
        ".figure .thin { stroke: var(--soft); stroke-width: .8; }",
        ".figure .trial { stroke: var(--soft); stroke-width: .7; opacity: .35; }",
        ".figure .fine { stroke: var(--ink); stroke-width: .9; }",
        ".figure .ink { stroke: var(--ink); stroke-width: 1.5; }",
        ".figure .pale { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 2; opacity: .7; }",
        ".figure .greyband { fill: var(--soft); opacity: .16; } .figure .cluster { fill: var(--shade); }",
        ".figure .field { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 5 3; }",
        ".figure .permutation { stroke: var(--accent); stroke-width: 1; stroke-dasharray: 1.5 2; }",
        ".figure .planted { fill: var(--mark); } .figure .plantedspan { fill: var(--mark); opacity: .12; }",
        ".figure .frame { fill: none; stroke: var(--mark); stroke-width: 1.4; }",
        ".figure .bar { fill: var(--ink); } .figure .barsoft { fill: var(--soft); opacity: .45; }",
        ".figure .dot { fill: var(--ink); } .figure .other { fill: var(--soft); opacity: .35; }",
        ".figure .hollow { fill: var(--card); stroke: var(--ink); stroke-width: 1.3; }",
        ".figure .whisker { stroke: var(--ink); stroke-width: 1.6; } .figure .warn { fill: var(--warn); }",
        ".figure .warnline { stroke: var(--warn); stroke-width: 1.4; stroke-dasharray: 4 2; }",
        ".figure .chance { stroke: var(--warn); stroke-width: 2; }",
        ".figure .ring { fill: none; stroke: var(--warn); stroke-width: 1; } .figure .accent { fill: var(--accent); }",
        ".figure .person { stroke: var(--ink); stroke-width: 2.2; }",
        ".figure .halo { font-size: 10px; paint-order: stroke; stroke: var(--card); stroke-width: 3px; }",
        ".figure .outline { stroke: #1b2126; stroke-width: 1; }",
        ".figure .tiles { stroke-width: .6; fill-opacity: .16; }",
        ".figure .number { font-size: 14px; font-weight: 700; paint-order: stroke; }",
        ".figure .number { stroke: var(--card); stroke-width: 4px; }",
        ".figure .cursor { stroke: var(--ink); stroke-width: .8; opacity: 0; }",
    ]
    for k, dash in enumerate(CLASS_DASHES):
        rules.append(f".figure .c{k} {{ stroke: var(--c{k}); stroke-width: 2; stroke-dasharray: {dash}; }}")
        rules.append(f".figure .b{k} {{ fill: var(--c{k}); opacity: .2; }} .figure .d{k} {{ fill: var(--c{k}); }}")
        rules.append(f".figure .m{k} {{ fill: var(--c{k}); stroke: var(--ink); stroke-width: .3; }}")
        rules.append(f".figure .t{k} {{ fill: var(--c{k}); stroke: var(--c{k}); }}")
    for step in range(-STEPS, STEPS + 1):
        width = 1.6 + 3.6 * abs(step) / STEPS
        rules.append(f".figure .r{step} {{ stroke: var(--r{step}); stroke-width: {width:.2f}; }}")
        rules.append(f".figure .f{step} {{ fill: var(--r{step}); }}")
    rules.append(".figure .faint { opacity: .5; stroke-width: 1.2; }")
    return "\n".join(rules)


def _plain(value: object) -> str:
    """A number to a tenth of a pixel, without a needless ".0" or a negative zero; anything else as text."""
    return f"{round(float(value), 1) + 0.0:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
