"""The gait study's own figures: mean curves coloured by relevance over the SPM curve, channel by channel."""

from collections.abc import Mapping

import numpy as np

from biox.report.blocks import Grid, Section, Table, Terms, Text, section, without_empty
from biox.report.curves import Curve, Key, comparisons, curves, main_comparison
from biox.report.found import Claim, claims, how_tested, pair, parts
from biox.report.gait_card import card
from biox.report.gait_people import single_people
from biox.report.gait_strips import strips
from biox.report.given import Given
from biox.report.words import interval, number, p_cell, percent

TERMS = (
    ("Stance", "the time one foot is on the ground, from first contact (0 %) to toe-off (100 %)."),
    (
        "Relevance",
        "how much each point of a curve spoke for (red) or against (blue) the class, as the model computed it (LRP).",
    ),
    ("SPM", "statistical parametric mapping: a test at every point that allows for neighbours being alike."),
    (
        "Threshold",
        "what t or F must exceed somewhere along the curve by chance in only 5 of 100 studies without a difference.",
    ),
    ("Cluster", "a stretch above the threshold (shaded): there the classes differ."),
    ("Hedges g", "the difference in units of the spread between people: 0.2 is small, 0.5 medium, 0.8 large."),
)


def gait(given: Given) -> tuple[Section | None, Section | None]:
    """The sections of a gait study: the cohort's curves, and single people."""
    found = curves(given)
    channels = list(dict.fromkeys(channel for kind, _, channel in found if kind == "mean"))
    if not channels:
        return None, single_people(given, found)
    limit = relevance_limit(found)
    classes = [name for name in given.cohort.classes if any(("relevance", name, c) in found for c in channels)]
    overview = Grid(tuple(strips(given, found, name, limit) for name in classes))
    cards = Grid(tuple(card(given, found, channel, limit) for channel in channels))
    blocks = [
        Terms(TERMS),
        Text("At a glance, all channels: where the model looked in each class.") if classes else None,
        overview if classes else None,
        Text(reading(found)),
        cards,
        difference_table(given),
    ]
    return section("curves", "Where the curves differ and where the model looked", blocks), single_people(given, found)


def relevance_limit(found: Mapping[Key, Curve]) -> float:
    """The largest mean relevance anywhere, so that one colour means the same in all channels."""
    values = [np.nanmax(np.abs(c.value)) for (kind, _, _), c in found.items() if kind == "relevance" and len(c.value)]
    return float(max(values, default=0.0))


def reading(found: Mapping[Key, Curve]) -> str:
    """How the cards are read."""
    statistic, group = main_comparison(found)
    pairs = [pair for pair in comparisons(found, "t") if pair == group]
    sign = f" Positive t: higher in {pairs[0].split(' - ')[0]}." if pairs and " - " in pairs[0] else ""
    return (
        "One card a channel. From top to bottom: the mean of each class with its band (± one standard deviation over "
        "people); each class again, coloured by relevance and thicker the more it counts, the other classes dotted; "
        f"the test curve ({statistic}) with its thresholds; the size of the difference.{sign} "
        "Move over a card, or tap it, to read the values."
    )


def difference_table(given: Given) -> Table | None:
    """What SPM found in each channel, with the largest effect."""
    tests = claims(given.evidence, "curves differ")
    if not tests:
        return None
    names = ("curves differ, permutation", "points significant", "largest effect")
    others = [{row.group: row for row in claims(given.evidence, name)} for name in names]
    rows = tuple(_row(row, *(by_group.get(row.group) for by_group in others)) for row in tests)
    head = (
        "channel",
        "comparison",
        "largest t or F",
        "p",
        "p, Holm",
        "p, permutation",
        "points",
        "Hedges g",
        "",
    )
    caption = (
        f"SPM per channel: {how_tested(tests[0])}. Points: share of the channel that differs. "
        "Hedges g: the largest, with its 95 % band and its place."
    )
    return without_empty(Table(head, rows, caption, names=2, notes=1))


def _row(test: Claim, permuted: Claim | None, share: Claim | None, effect: Claim | None) -> tuple[str, ...]:
    comparison, channel = (*parts(test.group), "")[:2]
    size = "–" if effect is None else f"{number(effect.value)} ({interval(effect.low, effect.high)})"
    shuffled = "–" if permuted is None else p_cell(permuted.p)
    points = "–" if share is None else percent(share.value)
    place = effect.method.partition(",")[0] if effect is not None and effect.method.startswith("at ") else ""
    return channel, pair(comparison), number(test.value), p_cell(test.p), p_cell(test.q), shuffled, points, size, place
