"""The panels of a channel's card: means, each class coloured by relevance, the test, the effect size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from biox.report import svg
from biox.report.curves import Curve, Key, comparisons, main_comparison, rows_of, spread, stretches
from biox.report.found import pair
from biox.report.given import Given
from biox.report.marks import band_look, class_look, levels, relevance_curve, runs, short
from biox.report.words import number, p_value

NARROW = 48.0
LINES = {"random field": ("field", "field", "- -"), "permutation": ("permutation", "permutation", "···")}


@dataclass(frozen=True)
class Channel:
    """What a card shows: the study, its curves, the channel, and the value that the strongest colour stands for."""

    given: Given
    found: Mapping[Key, Curve]
    name: str
    limit: float

    @property
    def classes(self) -> list[str]:
        """The classes that have a mean curve here."""
        return [name for name in self.given.cohort.classes if ("mean", name, self.name) in self.found]


@dataclass(frozen=True)
class Layer:
    """A panel of a card: its heading, its height, the range of its values, and what is drawn in it.

    aside: words at the right end of the heading; scaled: whether the vertical axis has values.
    """

    heading: str
    height: float
    y: tuple[float, float]
    draw: Callable[[svg.Panel], list[str]]
    aside: str = ""
    scaled: bool = True


def means(shown: Channel) -> Layer:
    """The mean of every class with its band, and along the top where the truth was planted."""
    places = [shown.given.cohort.classes.index(name) for name in shown.classes]
    own = [(k, shown.found[("mean", name, shown.name)]) for k, name in zip(places, shown.classes, strict=True)]

    def draw(panel: svg.Panel) -> list[str]:
        bands = [svg.band(panel, c.point, (c.low, c.high), band_look(k)) for k, c in own]
        lines = [svg.curve(panel, c.point, c.value, class_look(k)) for k, c in own]
        bars = replace(panel, height=4.0)
        return [*bands, *lines, *(s for name in shown.classes for s in planted(shown, bars, (name, "planted")))]

    heading = f"mean ± sd over people, {shown.given.cohort.unit}"
    return Layer(heading, 112, spread([e for _, c in own for e in (c.value, c.low, c.high)]), draw)


def relevance(shown: Channel, name: str) -> Layer:
    """The mean of one class coloured by its relevance, the other classes dotted behind it."""
    own = shown.found[("mean", name, shown.name)]
    explained = shown.found.get(("relevance", name, shown.name))
    others = [shown.found[("mean", other, shown.name)] for other in shown.classes if other != name]

    def draw(panel: svg.Panel) -> list[str]:
        window = planted(shown, panel, (name, "plantedspan"))
        pale = [svg.curve(panel, c.point, c.value, "pale") for c in others]
        behind = [*window, svg.band(panel, own.point, (own.low, own.high), "greyband"), *pale]
        if explained is None:
            return [*behind, svg.curve(panel, own.point, own.value, "ink")]
        return [*behind, relevance_curve(panel, own.point, own.value, levels(explained.value, shown.limit))]

    words = "coloured by relevance" if explained is not None else "not explained"
    y = spread([own.value, own.low, own.high, *(c.value for c in others)])
    return Layer(f"{short(name, 34)}, {words}", 74, y, draw)


def test(shown: Channel) -> list[Layer]:
    """The test curve with thresholds and shaded clusters, then a strip for each pair where there are several."""
    statistic, group = main_comparison(shown.found)
    own = shown.found.get((statistic, group, shown.name))
    if own is None:
        return []
    where = {"quantity": statistic, "comparison": group, "channel": shown.name}
    clusters = rows_of(shown.given, "clusters", where)
    limits = [(row.method, float(row.value)) for row in rows_of(shown.given, "thresholds", where)]
    limits = [(method, value) for method, value in limits if np.isfinite(value) and method in LINES]
    highest = max((value for _, value in limits), default=0.0)
    signs = (1,) if statistic == "F" else (1, -1)

    def draw(panel: svg.Panel) -> list[str]:
        lines = [svg.level_line(panel, s * value, LINES[m][0]) for m, value in limits for s in signs]
        curve = svg.curve(panel, own.point, own.value, "ink")
        words = [_word(panel, row, _free(panel, row, highest)) for row in clusters]
        return [*(_shade(panel, r) for r in clusters), *lines, svg.level_line(panel, 0.0, "zero"), curve, *words]

    y = spread([own.value, np.zeros(1), *(np.array([s * value for s in signs]) for _, value in limits)])
    aside = ",  ".join(f"{LINES[m][1]} {number(value)} ({LINES[m][2]})" for m, value in limits)
    return [Layer(f"{statistic}, {pair(group)}", 92, y, draw, aside), *_pairs(shown, group)]


def _shade(panel: svg.Panel, row: object) -> str:
    """A cluster: shaded over the panel if found by random field theory, a bar at its foot if by permutation."""
    start, end, method = (getattr(row, name) for name in ("start", "end", "method"))
    foot = replace(panel, top=panel.top + panel.height - 3, height=3.0)
    return svg.span(panel, start, end, "cluster") if method == "random field" else svg.span(foot, start, end, "accent")


def _word(panel: svg.Panel, row: object, place: float) -> str:
    """The p-value of a random-field cluster that is wide enough, at a height where the curve is not."""
    start, end, method, p = (getattr(row, name) for name in ("start", "end", "method", "p"))
    if method != "random field" or svg.at_x(panel, end) - svg.at_x(panel, start) < NARROW:
        return ""
    return svg.text(svg.at_x(panel, (start + end) / 2), place, p_value(float(p)), "halo", "middle")


def _free(panel: svg.Panel, row: object, limit: float) -> float:
    """Where the words of a cluster go: for F just above the threshold, for t on the other side of zero."""
    if panel.y[0] > -limit:
        return svg.at_y(panel, limit) - 4
    return svg.at_y(panel, 0.0) + (11 if getattr(row, "sign", 1) > 0 else -4)


def _pairs(shown: Channel, group: str) -> list[Layer]:
    """For each pair of several classes a thin strip that is dark where the two differ."""

    def drawn(two: str) -> Callable[[svg.Panel], list[str]]:
        kept = stretches(shown.given, ("t", two), shown.name)
        return lambda panel: [svg.span(panel, row.start, row.end, "bar") for row in kept]

    pairs = [two for two in comparisons(shown.found, "t") if two != group]
    return [Layer(f"{pair(two)}: where they differ", 6, (0.0, 1.0), drawn(two), scaled=False) for two in pairs]


def effect(shown: Channel) -> list[Layer]:
    """The effect size of the only pair with its band, or of every class against the first in the class colours."""
    pairs = comparisons(shown.found, "effect")
    first = shown.classes[0]
    kept = pairs if len(pairs) == 1 else [two for two in pairs if two.endswith(f" - {first}")]
    own = [(two, c) for two in kept if (c := shown.found.get(("effect", two, shown.name))) is not None]
    if not own:
        return []
    looks = [
        ("ink", "greyband") if len(pairs) == 1 else _looks(shown, two.removesuffix(f" - {first}")) for two, _ in own
    ]

    def draw(panel: svg.Panel) -> list[str]:
        both = list(zip((c for _, c in own), looks, strict=True))
        bands = [svg.band(panel, c.point, (c.low, c.high), look[1]) for c, look in both]
        lines = [svg.curve(panel, c.point, c.value, look[0]) for c, look in both]
        return [*bands, svg.level_line(panel, 0.0, "zero"), *lines]

    against = pair(kept[0]) if len(kept) == 1 else f"each class against {first}"
    y = spread([np.zeros(1), *(e for _, c in own for e in (c.value, c.low, c.high))], 1.0)
    return [Layer(f"Hedges g, {against}", 70, y, draw, "95 % band, simultaneous")]


def _looks(shown: Channel, name: str) -> tuple[str, str]:
    classes = shown.given.cohort.classes
    k = classes.index(name) if name in classes else len(classes)
    return class_look(k), band_look(k)


def planted(shown: Channel, panel: svg.Panel, which: tuple[str, str]) -> list[str]:
    """The planted windows of one class of a simulated cohort; ``which`` is the class and the look."""
    truth = shown.found.get(("truth", which[0], shown.name))
    return [] if truth is None else [svg.span(panel, start, end, which[1]) for start, end in runs(truth)]
