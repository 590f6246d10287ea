"""How well the models do on other versions of the same tiles, and whom they misjudge."""

import math
from typing import Any

from biox.report.blocks import Section, Table, Terms, section, tidy
from biox.report.found import records, shown_name, table
from biox.report.given import Given
from biox.report.words import UNKNOWN, count, interval, number, percent

VIEWS = {
    "given": "as given",
    "clean": "without the artefact",
    "swapped": "with the artefact on the other class",
    "balanced": "with the artefact on both classes alike",
    "everywhere": "with the artefact on all tiles",
    "centred": "with a cell of the label in the centre",
    "off-centre": "with the label off the centre",
}
TERMS = (
    ("Version", "the same tiles, or some of them, shown otherwise: a model that looks at the tissue does as well."),
    ("False alarm", "a tile without the structure that the model names as having it."),
)


def views(given: Given) -> Section | None:
    """AUROC of every model (rows) on every version of the tiles (columns); then false alarms on parts of the tissue."""
    blocks = [_grid(given), _false_alarms(given)]
    if not any(blocks):
        return None
    return section("views", "Does it hold on other versions of the tiles?", [Terms(TERMS), *blocks])


def on_views(given: Given, variant: str) -> dict[str, Any]:
    """The rows of a model by view, where the AUROC is known."""
    found = table(given.evidence, "views")
    rows = [] if found is None else records(found[found["variant"] == variant])
    return {str(row.view): row for row in rows if math.isfinite(row.auroc)}


def view_name(view: str) -> str:
    """A view as it is read: ``without the artefact``."""
    return VIEWS.get(view, f"in the version “{view.replace('_', ' ')}”")


def share(value: float, low: float, high: float) -> str:
    """A share with its interval as it stands in a table."""
    ends = interval(low, high, "share")
    return percent(value, 1) if ends == UNKNOWN else f"{percent(value, 1).removesuffix(' %')} ({ends})"


def _grid(given: Given) -> Table | None:
    found = table(given.evidence, "views")
    if found is None:
        return None
    seen = list(dict.fromkeys(found["view"]))
    rows = []
    for variant in dict.fromkeys(found["variant"]):
        own = on_views(given, str(variant))
        cells = (share(own[v].auroc, own[v].low, own[v].high) if v in own else UNKNOWN for v in seen)
        rows.append((shown_name(str(variant)), *cells))
    caption = (
        "AUROC with 95 % intervals over patients, out of fold; 50 % is guessing, below it the classes are swapped."
    )
    strong = frozenset(k for k, row in enumerate(rows) if row[0] == shown_name("main"))
    return Table(("model", *(view_name(str(view)) for view in seen)), tuple(rows), caption, strong=strong)


def _false_alarms(given: Given) -> Table | None:
    found = table(given.evidence, "subclasses")
    rows = [] if found is None else records(found)
    cells = tuple(
        (
            shown_name(str(row.variant)),
            f"{str(row.column).replace('_', ' ')}: {row.value}",
            share(row.rate, row.low, row.high),
            _relevance(row),
            count(row.tiles),
            count(row.patients),
        )
        for row in rows
    )
    head = ("model", "tiles with", "false alarms", "relevance for the class", "tiles", "patients")
    caption = (
        f"False alarms: the share of these tiles, none of them labelled {given.cohort.classes[-1]}, that are named so; "
        "lower is better. Relevance: the mean over tiles of what spoke for that class, in units of its score."
    )
    return tidy(Table(head, cells, caption, names=2)) if cells else None


def _relevance(row: Any) -> str:
    ends = interval(row.positive_low, row.positive_high)
    return number(row.positive_relevance) + ("" if ends == UNKNOWN else f" ({ends})")
