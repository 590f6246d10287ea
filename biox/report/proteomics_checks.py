"""Whether edges hold: with every cohort centred or alone, in two halves of the patients, over folds and seeds."""

import pandas as pd

from biox.report.blocks import Block, Fold, Section, Table, Text, section, tidy
from biox.report.found import claims, records, table
from biox.report.given import Given
from biox.report.words import count, interval, number, percent, plural

FIRST = 15


def centred(given: Given) -> Section | None:
    """Edges that vanish when types or batches are centred, or taken alone, each arm by itself."""
    found = table(given.evidence, "confounders")
    if found is None:
        return None
    words = Text(
        "Proteins whose mean levels differ between types, or between batches, seem to predict each other even if "
        "nothing ties them within a patient. So the study was repeated with such differences taken out; an edge that "
        "then vanishes may be owed to them."
    )
    blocks: list[Block] = [words, *(Text(sentence) for sentence in by_seed(given))]
    for by, rows in found.groupby("by", sort=False):
        blocks += _arm(str(by), rows)
    return section("vanishing", "Edges that types or batches may explain", blocks)


def _arm(by: str, rows: pd.DataFrame) -> list[Block]:
    ordered = rows.assign(vanishes=rows["vanishes"].astype(bool)).sort_values(
        ["vanishes", "rank"], ascending=[False, True]
    )
    cells = tuple(
        (
            str(row.a),
            str(row.b),
            number(row.weight, 3),
            count(row.rank),
            number(row.weight_there, 3),
            count(row.rank_there),
            "vanishes" if row.vanishes else "",
        )
        for row in records(ordered)
    )
    gone = int(ordered["vanishes"].sum())
    there = f"in “{by}”"
    head = ("one protein", "other protein", "strength", "rank", f"strength {there}", f"rank {there}", "")
    return [
        Text(vanish_sentence(by, gone, len(rows))),
        *([Table(head, cells[:gone][:FIRST], "Edges that vanish.", names=2, notes=1)] if gone else []),
        Fold(f"All {plural(len(cells), 'edge')} looked at {there}", (Table(head, cells, names=2, notes=1),)),
    ]


def by_seed(given: Given) -> list[str]:
    """How many edges vanish by nothing but another seed: what the others must be held against."""
    found = [row for row in claims(given.evidence, "strongest edges that vanish with another seed") if row.value >= 0]
    if not found:
        return []
    most = max(found, key=lambda row: row.value)
    return [
        f"For comparison: with nothing changed but the seed of the training, {count(most.value)} of the "
        f"{plural(most.n, 'edge')} looked at {'vanishes' if most.value == 1 else 'vanish'}."
    ]


def vanish_sentence(by: str, gone: int, of: int) -> str:
    """How many edges vanish in one arm."""
    return f"Of the {plural(of, 'edge')} looked at, {count(gone)} {'vanishes' if gone == 1 else 'vanish'} in “{by}”."


def vanishing(given: Given) -> list[tuple[str, int, int]]:
    """For each arm its name, how many edges vanish in it, and of how many."""
    found = table(given.evidence, "confounders")
    if found is None:
        return []
    return [(str(by), int(rows["vanishes"].sum()), len(rows)) for by, rows in found.groupby("by", sort=False)]


def stable(given: Given) -> Section | None:
    """Two halves of the patients, the folds, and further seeds."""
    halves, found = table(given.evidence, "halves"), table(given.evidence, "stability")
    blocks: list[Block | None] = []
    if halves is not None:
        rows = tuple(
            (
                "this study" if r.arm == "main" else str(r.arm),
                str(r.measure),
                _value(r.measure, r.value),
                _ends(r.measure, r.low, r.high),
                count(r.n),
            )
            for r in records(halves)
        )
        caption = (
            "The average graphs of two halves of the patients, cut in two at random many times; the same networks "
            "explain both halves."
        )
        head = ("graph", "measure", "value", "middle 95 % of cuts", "patients")
        blocks.append(tidy(Table(head, rows, caption, names=2)))
    if found is not None:
        rows = tuple((str(r.kind), str(r.measure), _value(r.measure, r.value)) for r in records(found))
        caption = "Agreement of graphs from different folds, and from trainings with another seed."
        blocks.append(Table(("between", "measure", "value"), rows, caption, names=2))
    if not blocks:
        return None
    note = "A rank correlation of 1 is the same order of all edges; 0 is no relation."
    return section(
        "stability", "Would other patients, folds or seeds give the same graph?", [Text(note, "note"), *blocks]
    )


def _value(measure: str, value: float) -> str:
    return percent(value) if str(measure).startswith("share") else number(value)


def _ends(measure: str, low: float, high: float) -> str:
    return interval(low, high, "share" if str(measure).startswith("share") else "")
