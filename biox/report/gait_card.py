"""One channel of a gait study as a card: curves, relevance, test curve and effect size over the same stance axis."""

from collections.abc import Mapping

from biox.report import svg
from biox.report.blocks import Figure, Hover
from biox.report.curves import Curve, Key, comparisons, main_comparison, stretches
from biox.report.found import pair
from biox.report.gait_layers import Channel, Layer, effect, means, relevance, test
from biox.report.given import Given
from biox.report.marks import axis_name, axis_unit, colour_bar, legend, rounded, short, slug
from biox.report.words import joined, p_value

WIDTH, LEFT, PLOT = 400.0, 46.0, 340.0


def card(given: Given, found: Mapping[Key, Curve], channel: str, limit: float) -> Figure:
    """The card of one channel, with the values under the cursor."""
    shown = Channel(given, found, channel, limit)
    key, height = legend(LEFT, 34, shown.classes, PLOT)
    layers = [means(shown), *(relevance(shown, name) for name in shown.classes), *test(shown), *effect(shown)]
    top = 30.0 + height
    drawn, bottom = stacked(shown, layers, top)
    words = svg.text(LEFT + PLOT / 2, bottom + 20, axis_name(given.cohort), "label", "middle")
    cursor = svg.line([(0.0, top + 14), (0.0, bottom - 8)], "cursor")
    explained = any(("relevance", name, channel) in found for name in shown.classes)
    parts = [svg.text(8, 16, short(channel, 56), "head"), *key, *drawn, words, cursor]
    parts += colour_bar(LEFT, bottom + 32, limit) if explained else []
    title, differ = f"{channel}: curves, relevance and test", difference(shown)
    picture = svg.picture((WIDTH, bottom + (54 if explained else 28)), title, differ, parts)
    brown = " Bar along the top and shading: where the truth was planted." if _planted(shown) else ""
    index = given.cohort.axes[0].labels.index(channel)
    return Figure(f"curves-{index + 1}-{slug(channel)}", picture, f"{channel}. {differ}{brown}", _hover(shown), 520)


def stacked(shown: Channel, layers: list[Layer], top: float) -> tuple[list[str], float]:
    """The panels one below the other over one axis, and where the last one ends."""
    points = shown.found[("mean", shown.classes[0], shown.name)].point
    across = (float(points[0]), float(points[-1])) if len(points) > 1 else (float(points[0]), float(points[0]) + 1)
    parts = []
    for layer in layers:
        panel = svg.Panel(LEFT, top + 14, PLOT, layer.height, across, layer.y)
        y_marks = svg.ticks(*layer.y, 4 if layer.height > 80 else 3) if layer.scaled else []
        parts.append(svg.text(LEFT, top + 9, short(layer.heading, 66 - len(layer.aside)), "small"))
        parts.append(svg.text(LEFT + PLOT, top + 9, layer.aside, "small", "end") if layer.aside else "")
        parts += [svg.axes(panel, svg.ticks(*across, 4), y_marks, layer is layers[-1]), *layer.draw(panel)]
        top += layer.height + 22
    return parts, top


def difference(shown: Channel) -> str:
    """Where SPM finds the classes to differ in this channel, in words."""
    statistic, group = main_comparison(shown.found)
    if (statistic, group, shown.name) not in shown.found:
        return "Not tested."
    kept = stretches(shown.given, (statistic, group), shown.name)
    unit = axis_unit(shown.given.cohort)
    each = [f"{row.start:.0f}–{row.end:.0f} {unit} ({p_value(float(row.p))})" for row in kept]
    return f"The classes differ at {joined(each)}." if kept else "SPM finds no stretch that differs."


def _planted(shown: Channel) -> bool:
    keys = [("truth", name, shown.name) for name in shown.classes]
    return any(bool(shown.found[key].value.any()) for key in keys if key in shown.found)


def _hover(shown: Channel) -> Hover:
    """The numbers under the cursor: means, relevances, test and effect."""
    statistic, group = main_comparison(shown.found)
    wanted = [(name, ("mean", name, shown.name), 3) for name in shown.classes]
    wanted += [(f"relevance, {name}", ("relevance", name, shown.name), 4) for name in shown.classes]
    wanted += [(statistic, (statistic, group, shown.name), 2)]
    wanted += [(f"g, {pair(two)}", ("effect", two, shown.name), 2) for two in comparisons(shown.found, "effect")]
    series = tuple((words, rounded(shown.found[key].value, n)) for words, key, n in wanted if key in shown.found)
    points = shown.found[("mean", shown.classes[0], shown.name)].point
    positions = tuple(f"{p:g}" for p in points)
    return Hover(LEFT / WIDTH, (LEFT + PLOT) / WIDTH, positions, axis_unit(shown.given.cohort), series)
