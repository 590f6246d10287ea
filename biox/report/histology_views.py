"""How well the models do on other versions of the same tiles, and whom they misjudge."""

import math
from typing import Any

from biox.core.subjects import subject
from biox.report.blocks import Section, Table, Terms, section
from biox.report.found import records, shown_name, table
from biox.report.given import Given, positive
from biox.report.words import UNKNOWN, count, interval, percent

VIEWS = {
    "given": "as given",
    "clean": "without the artefact",
    "swapped": "with the artefact on the other class",
    "balanced": "with the artefact on both alike",
    "everywhere": "with the artefact on all tiles",
    "centred": "with the label in the centre",
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
    variants = [str(name) for name in dict.fromkeys(found["variant"])]
    known = {name: on_views(given, name) for name in variants}
    rows = []
    for view in dict.fromkeys(found["view"]):
        cells = [known[name].get(str(view)) for name in variants]
        rows.append((view_name(str(view)), *(UNKNOWN if c is None else share(c.auroc, c.low, c.high) for c in cells)))
    caption = (
        f"AUROC with 95 % intervals over {subject(given.cohort).many}, out of fold; 50 % is guessing, below it the "
        "classes are swapped."
    )
    return Table(("tiles", *(shown_name(name) for name in variants)), tuple(rows), caption)


def _false_alarms(given: Given) -> Table | None:
    found = table(given.evidence, "subclasses")
    rows = [] if found is None else records(found)
    variants = [str(name) for name in dict.fromkeys(row.variant for row in rows)]
    by = {(str(row.column), str(row.value), str(row.variant)): row for row in rows}
    cells = []
    for column, value in dict.fromkeys(key[:2] for key in by):
        own = [by.get((column, value, name)) for name in variants]
        of = next(row for row in own if row is not None)
        rates = (UNKNOWN if row is None else share(row.rate, row.low, row.high) for row in own)
        cells.append((f"{column.replace('_', ' ')}: {value}", *rates, count(of.tiles), count(of.patients)))
    caption = (
        f"False alarms: the share of these tiles, none of them labelled {positive(given)}, that are named so; "
        f"lower is better. 95 % intervals over {subject(given.cohort).many}."
    )
    head = ("of", *(shown_name(name) for name in variants), "tiles", subject(given.cohort).many)
    return Table(head, tuple(cells), caption) if cells else None
