"""Where the truth was planted: how much of the relevance found it, against chance."""

import math

from biox.report.blocks import Section, Table, Terms, Text, section, tidy
from biox.report.found import Claim, claims, parts
from biox.report.given import Given, first_method
from biox.report.words import interval, number, percent

TERMS = (
    ("Planted windows", "the places where the simulated classes were made different; the model was not told."),
    ("Mass", "the share of all relevance (its absolute value) that lies in the windows of the person's class."),
    ("Rank accuracy", "the share of the most relevant points, as many as the windows hold, that lie in them."),
    ("First class", "it has no windows of its own and is judged by those of all the others."),
)
MEASURES = {
    "relevance mass in windows": "mass in windows",
    "relevance mass over chance": "times chance",
    "rank accuracy in windows": "rank accuracy",
    "rank accuracy over chance": "times chance",
}


def truth(given: Given) -> Section | None:
    """One row an explanation and class: mass and rank accuracy in the planted windows."""
    found = [{parts(row.group): row for row in claims(given.evidence, name)} for name in MEASURES]
    groups = list(dict.fromkeys(group for rows in found for group in rows))
    if not found[0]:
        return None
    rows = tuple(
        (group[-1], group[0] if len(group) > 1 else "", *(_cell(own.get(group)) for own in found)) for group in groups
    )
    caption = "Means over people with 95 % bootstrap intervals. 1 times chance is what an even spread would give."
    strong = frozenset(k for k, row in enumerate(rows) if row[0] == "all")
    table = tidy(Table(("class", "explanation", *MEASURES.values()), rows, caption, names=2, strong=strong))
    sentence = truth_sentence(given)
    words = [Text(sentence)] if sentence else []
    return section("truth", "Does the relevance find the truth?", [Terms(TERMS), *words, table])


def truth_sentence(given: Given) -> str:
    """How much of the first method's relevance lies in the planted windows; "" where no truth is known."""
    mass, times = (_overall(given, name) for name in ("relevance mass in windows", "relevance mass over chance"))
    if mass is None or times is None:
        return ""
    verdict = "not shown to differ from chance"
    verdict = "more than chance" if times.low > 1 else "less than chance" if times.high < 1 else verdict
    return (
        f"The truth is known here: {percent(mass.value, 1)} of the relevance "
        f"(95 % interval {interval(mass.low, mass.high, 'share')}) lies in the planted windows, "
        f"{number(times.value)} times chance (95 % interval {interval(times.low, times.high)}): {verdict}."
    )


def _overall(given: Given, name: str) -> Claim | None:
    wanted = {("all",), (first_method(given), "all")}
    return next((row for row in claims(given.evidence, name) if parts(row.group) in wanted), None)


def _cell(row: Claim | None) -> str:
    if row is None:
        return "–"
    value = percent(row.value, 1) if row.unit == "share" else number(row.value)
    ends = interval(row.low, row.high, row.unit)
    return f"{value.removesuffix(' %')} ({ends})" if math.isfinite(row.low) else value
