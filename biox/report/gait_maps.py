"""Where the relevance of the classes differs along the curve: the test on the relevance maps, channel by channel."""

from collections.abc import Mapping

import numpy as np

from biox.report import svg
from biox.report.blocks import Figure
from biox.report.curves import Curve, Key, main_comparison, rows_of, spread
from biox.report.found import pair
from biox.report.given import Given, first_method
from biox.report.marks import axis_name, short, tiles

WIDTH = 400.0


def relevance_tests(given: Given, found: Mapping[Key, Curve]) -> tuple[Figure, ...]:
    """One small panel a channel: the test curve, its random-field threshold and shaded clusters; none if untested."""
    statistic, group = main_comparison(found, "relevance ")
    channels = [channel for kind, own, channel in found if (kind, own) == (statistic, group)]
    if not channels:
        return ()
    parts = [
        svg.text(8, 16, f"{statistic.removeprefix('relevance ')} of the relevance, {short(pair(group), 40)}", "head")
    ]
    places, bottom = tiles(len(channels), WIDTH, 30.0)
    for channel, (left, top, width, height) in zip(channels, places, strict=True):
        curve = found[(statistic, group, channel)]
        where = {"quantity": statistic, "comparison": group, "channel": channel, "explanation": first_method(given)}
        limits = [float(r.value) for r in rows_of(given, "thresholds", where) if r.method == "random field"]
        limits = [limit for limit in limits if np.isfinite(limit)]
        ends = [*limits, *([] if statistic.endswith("F") else [-limit for limit in limits])]
        y = spread([curve.value, np.array([0.0, *ends])])
        panel = svg.Panel(left, top, width, height, (float(curve.point[0]), float(curve.point[-1])), y)
        clusters = [row for row in rows_of(given, "clusters", where) if row.method == "random field"]
        parts += [svg.span(panel, row.start, row.end, "cluster") for row in clusters]
        parts += [svg.text(left, top - 4, short(channel, 22), "small")]
        parts.append(svg.axes(panel, svg.ticks(*panel.x, 2), svg.ticks(*y, 3), True))
        parts += [svg.level_line(panel, end, "field") for end in ends]
        parts += [svg.level_line(panel, 0.0, "zero"), svg.curve(panel, curve.point, curve.value, "fine")]
    parts.append(svg.text(WIDTH / 2, bottom + 4, axis_name(given.cohort), "label", "middle"))
    caption = "Shaded: where the relevance of the classes differs. Dashed: random-field threshold."
    drawn = svg.picture((WIDTH, bottom + 12), "Test of the relevance maps", f"Channels: {', '.join(channels)}.", parts)
    return (Figure("relevance-test", drawn, caption, width=560),)
