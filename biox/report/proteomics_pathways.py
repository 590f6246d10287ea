"""Pathways that hold more of the strongest edges than chance would put there."""

from biox.report.blocks import Fold, Section, Table, Text, section
from biox.report.found import records, table
from biox.report.given import Given
from biox.report.proteomics_names import level
from biox.report.words import count, number, p_cell, plural

FIRST = 20


def pathways(given: Given) -> Section | None:
    """A sentence, the clearest pathways with their edges, and all that were tested behind a title."""
    found = table(given.evidence, "pathways")
    if found is None:
        return None
    rows = records(found.sort_values(["p", "pathway"], kind="stable"))
    cells = tuple(
        (
            str(row.pathway),
            count(row.size),
            count(row.hits),
            number(row.expected, 1),
            p_cell(row.p),
            p_cell(row.q),
            str(row.edges),
        )
        for row in rows
    )
    head = ("pathway", "proteins", "edges inside", "by chance", "p", "q", "which")
    caption = "An edge lies inside a pathway if both its proteins belong to it. q: false-discovery rate over pathways."
    more = Fold(f"All {len(cells)} pathways", (Table(head, cells, notes=1),)) if len(cells) > FIRST else None
    shown = Table(head, cells[:FIRST], caption, notes=1)
    return section("pathways", "Pathways", [Text(sentence(given)), shown, more])


def sentence(given: Given) -> str:
    """How many pathways hold more of the strongest edges than chance, and the clearest."""
    found = table(given.evidence, "pathways")
    if found is None:
        return ""
    kept = records(found[found["q"] <= level(given.study)].sort_values("p", kind="stable"))
    if not kept:
        return f"None of {plural(len(found), 'pathway')} holds more of the strongest edges than chance would put there."
    best = kept[0]
    return (
        f"{count(len(kept))} of {plural(len(found), 'pathway')} {'holds' if len(kept) == 1 else 'hold'} more of the "
        f"strongest edges than chance would put there, most clearly “{best.pathway}” ({count(best.hits)} edges, "
        f"{number(best.expected, 1)} expected)."
    )
