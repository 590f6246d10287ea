"""Two further questions to a known graph: whether the true direction is stronger, how many strong edges are known."""

import math

from biox.report.blocks import Fold, Table
from biox.report.found import Claim, claims, parts
from biox.report.given import Given
from biox.report.proteomics_names import name_of, scope_name
from biox.report.words import UNKNOWN, count, interval, number, p_cell, percent

STRONGER, BOTH_WAYS = "known edges whose true direction is stronger", "AUROC of true against reverse direction"
HITS = "known edges among the strongest "


def direction(given: Given) -> Table | None:
    """For every method the share of the known edges whose true direction is the stronger one; chance is a half."""
    areas = {row.group: row.value for row in claims(given.evidence, BOTH_WAYS)}
    rows = tuple(
        (
            *_which(row),
            percent(row.value, 1),
            interval(row.low, row.high, "share"),
            p_cell(row.p),
            count(row.n),
            number(areas.get(row.group, math.nan), 3),
        )
        for row in claims(given.evidence, STRONGER)
    )
    head = ("method", "known graph", "true direction stronger", "95 % interval", "p", "edges", "AUROC, both directions")
    caption = (
        "Does the network tell the direction? Of the known edges that point one way, those whose true direction is "
        "stronger; half of them by chance. AUROC: true directions against their reverse, pooled; 0.5 by chance."
    )
    return Table(head, rows, caption, names=2) if rows else None


def hits(given: Given) -> Fold | None:
    """For every method how many of its strongest pairs are known, with the hypergeometric test."""
    names = dict.fromkeys(given.evidence.claims["claim"])
    found = [row for name in names if str(name).startswith(HITS) for row in claims(given.evidence, str(name))]
    rows = tuple((*_which(row), _place(row), count(row.value), p_cell(row.p), row.method) for row in found)
    head = ("method", "known graph", "where", "known edges", "p", "how")
    title = "Known edges among the strongest, hypergeometric test"
    return Fold(title, (Table(head, rows, names=3, notes=1),)) if rows else None


def _which(row: Claim) -> tuple[str, str]:
    method, reference = (*parts(row.group), UNKNOWN)[:2]
    return name_of(method), reference


def _place(row: Claim) -> str:
    _, _, scope, pairs = (*parts(row.group), "average", "all")[:4]
    return scope_name(scope, pairs)
