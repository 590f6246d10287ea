"""How much of the relevance lies in a known place (nucleus, artefact, border, ink), beside what chance would give."""

import math
from dataclasses import dataclass

from biox.core.subjects import subject
from biox.report import svg
from biox.report.blocks import Figure, Section, Table, Terms, Text, section, tidy
from biox.report.found import Claim, claims, parts, records, shown_name, table
from biox.report.given import Given, first_method
from biox.report.histology_views import share
from biox.report.marks import short
from biox.report.words import UNKNOWN, count, interval, joined, number, percent

TERMS = (
    ("Relevance mass", "the share of all relevance (its absolute value) that lies in the place."),
    ("Chance", "the share of the pixels that the place has: what relevance spread evenly would give."),
    ("Rank accuracy", "the share of the most relevant pixels, as many as the place has, that lie in it."),
    ("Positive relevance", "the share of what spoke for the explained class alone that lies in the place."),
)
INSIDE = {
    "object": "on the marked structures",
    "artefact": "on the planted artefact",
    "centre": "in the centre of the tile",
    "border": "on the border of the tile",
    "white": "on white background",
    "ink": "on pen ink",
}
NAMES = ("place", "model", "explanation")
NUMBERS = ("relevance mass", "chance", "times chance", "rank accuracy", "positive relevance")
UNEVEN = "A network that learnt no shortcut need not reach 1: most see less at the border, where tiles are padded."
KNOWN = ("object", "artefact")
MASS, RANK, POSITIVE = "RMA", "RRA", "mu"


@dataclass(frozen=True)
class Place:
    """Relevance in one place: its share with interval, chance, and rank accuracy and positive share where computed."""

    place: str
    variant: str
    method: str
    mass: float
    low: float
    high: float
    chance: float
    patients: float
    rank: str = UNKNOWN
    positive: str = UNKNOWN

    @property
    def times(self) -> float:
        """How many times chance; 1 is even, NaN where chance is nothing."""
        return self.mass / self.chance if self.chance > 0 else math.nan


def places(given: Given) -> Section | None:
    """The study's model in sentences, then one row a place, model and explanation."""
    rows = all_places(given)
    told = [Text(place_sentence(row)) for row in rows if _main(given, row) and row.place in KNOWN]
    centre = centre_sentence(given)
    told += [Text(centre)] if centre else []
    cells = tuple(_cells(row) for row in rows)
    many = subject(given.cohort).many
    caption = f"Means over tiles, out of fold, with 95 % intervals over {many}."
    figures = [chart(given, rows)] if rows else []
    shown = tidy(Table((*NAMES, *NUMBERS, many), cells, caption, names=3))
    title = "Where the relevance lies, against chance"
    return section("places", title, [Terms(TERMS), *told, *figures, shown]) if rows else None


def chart(given: Given, rows: list[Place]) -> Figure:
    """Relevance mass of every place as a dot with its interval, and chance as an upright line."""
    known = [v for row in rows for v in (row.mass, row.low, row.high, row.chance) if math.isfinite(v)]
    panel = svg.Panel(190, 12, 212, 22.0 * len(rows), (0.0, 1.04 * max(known)), (0, len(rows)))
    marks = svg.ticks(*panel.x, 4)
    parts = [svg.axes(panel, marks, [], False)]
    for value in marks:
        words = f"{100 * value:g} %"
        parts.append(svg.text(svg.at_x(panel, value), panel.top + panel.height + 13, words, "tick", "middle"))
    several = len({row.method for row in rows}) > 1
    for k, row in enumerate(rows):
        name = f"{row.place} – {row.method if several else row.variant}".removesuffix(" – main").replace("_", " ")
        parts += _place_row(panel, row, panel.top + 22 * k + 11, (short(name, 32), _main(given, row)))
    described = " ".join(f"{row.variant}, {row.method}: {place_sentence(row)}" for row in rows)
    size = (412, panel.top + panel.height + 20)
    drawn = svg.picture(size, "Relevance mass against chance", described, parts)
    caption = (
        "Share of the relevance that lies in each place, with its 95 % interval over "
        f"{subject(given.cohort).many}. Upright line: chance. Filled: this study's model."
    )
    return Figure("places", drawn, caption, width=560)


def _place_row(panel: svg.Panel, row: Place, y: float, name: tuple[str, bool]) -> list[str]:
    """A place's name (stressed where it is the study's model), chance, interval and value at a height."""
    chance, (words, own) = svg.at_x(panel, row.chance), name
    parts = [svg.text(panel.left - 8, y + 3.5, words, "strong" if own else "label", "end")]
    parts.append(svg.line([(chance, y - 8), (chance, y + 8)], "chance"))
    if math.isfinite(row.low) and math.isfinite(row.high):
        parts.append(svg.line([(svg.at_x(panel, end), y) for end in (row.low, row.high)], "whisker"))
    place = {"cx": svg.at_x(panel, row.mass), "cy": y, "r": 4.0, "class": "dot" if own else "hollow"}
    return [*parts, svg.element("circle", place)]


def all_places(given: Given) -> list[Place]:
    """Known structures and artefacts first, then parts of the tile."""
    found, areas = table(given.evidence, "localisation"), table(given.evidence, "areas")
    made = []
    for row in [] if found is None else records(found[found["measure"] == MASS]):
        beside = found[(found["method"] == row.method) & (found["variant"] == row.variant)]  # type: ignore[index]
        others = {str(o.measure): o for o in records(beside[beside["region"] == row.region])}
        more = [share(o.value, o.low, o.high) if (o := others.get(m)) else UNKNOWN for m in (RANK, POSITIVE)]
        numbers = row.value, row.low, row.high, row.chance, row.patients
        made.append(Place(str(row.region), str(row.variant), str(row.method), *numbers, *more))
    for row in [] if areas is None else records(areas):
        numbers = row.share, row.low, row.high, row.chance, row.patients
        made.append(Place(str(row.area), str(row.variant), str(row.method), *numbers))
    order = list(INSIDE)
    trained = ["main", *given.study.variants]
    made.sort(key=lambda row: (_at(order, row.place), _at(trained, row.variant)))
    return [row for row in made if math.isfinite(row.mass) and math.isfinite(row.chance)]


def _at(order: list[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def of_main(given: Given) -> list[Place]:
    """The places of the study's model under its first method."""
    return [row for row in all_places(given) if _main(given, row)]


def place_sentence(row: Place) -> str:
    """One place in one sentence, with interval and chance."""
    ends = f"95 % interval {interval(row.low, row.high, 'share')}; " if math.isfinite(row.low) else ""
    where = INSIDE.get(row.place, f"on {row.place.replace('_', ' ')}")
    verdict = "as chance would have it"
    verdict = "more than chance" if row.low > row.chance else "less than chance" if row.high < row.chance else verdict
    times = f", {number(row.times, 1)} times" if math.isfinite(row.times) else ""
    control = f"{ends}chance {percent(row.chance, 1)}{times}"
    return f"{percent(row.mass, 1)} of the relevance lies {where} ({control}): {verdict}."


def centre_sentence(given: Given) -> str:
    """Whether the centre of a tile gets more relevance than the rest; "" where it was not measured."""
    rows = [row for row in claims(given.evidence, "centre ratio") if math.isfinite(row.value)]
    rows = [row for row in rows if first_method(given) in parts(row.group)] or rows
    by: dict[str, Claim] = {}
    for row in rows:
        by.setdefault(next((name for name in given.study.variants if name in parts(row.group)), "main"), row)
    own = by.pop("main", None)
    if own is None:
        return ""
    ends = f"95 % interval {interval(own.low, own.high)}; " if math.isfinite(own.low) else ""
    times = f"{number(own.value)} times the relevance of one elsewhere"
    others = joined(f"{number(by[name].value)} with “{name}”" for name in given.study.variants if name in by)
    beside = f" Models trained otherwise: {others}." if others else ""
    return f"A pixel in the centre of a tile has {times} ({ends}1 is even).{beside} {UNEVEN}"


def _main(given: Given, row: Place) -> bool:
    return (row.method, row.variant) == (first_method(given), "main")


def _cells(row: Place) -> tuple[str, ...]:
    mass = share(row.mass, row.low, row.high)
    words = row.place.replace("_", " "), shown_name(row.variant), row.method
    return *words, mass, percent(row.chance, 1), number(row.times, 1), row.rank, row.positive, count(row.patients)
