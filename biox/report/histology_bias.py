"""Whether the model looks at something it should not: each test of the bias scan with its control and a verdict."""

import math
import re
from typing import Any

import pandas as pd

from biox.report.blocks import Block, Fold, Section, Table, Terms, Text, section, tidy
from biox.report.found import records, table
from biox.report.given import Given, first_method
from biox.report.words import capital, count, number, p_cell, p_value, plural

TERMS = (
    ("Bias scan", "tests, made in every study, of whether the heatmaps go with something that is not the tissue."),
    ("Chance", "what the same number is when patients are shuffled (the median), so that nothing is there to find."),
    ("Corrected", "with many tests some stand out by chance; the corrected p allows for their number (Holm)."),
    (
        "Tie to the label",
        "how closely the property goes with the class (0: not at all, 1: wholly); where both go together, what the "
        "model learned from the one cannot be told from the other.",
    ),
)
TESTS = {
    "cluster": "groups of heatmaps go with",
    "predict": "the heatmaps tell",
    "place": "one place of the tile draws relevance",
    "ink": "pen ink draws relevance",
    "pen": "pen ink draws relevance",
}
TOLD = 3
TIES = ("cluster", "predict")
TIED = 0.2
"""Cramer's V with the label from which a covariate is called tied to it (as in the scan)."""


def bias(given: Given) -> Section | None:
    """The verdict in words, then every test of this study's model; other models behind a title."""
    found = table(given.evidence, "scan")
    own = scanned(given)
    if found is None or own is None:
        return None
    others = found.drop(index=own.index)
    blocks: list[Block] = [Terms(TERMS), Text(verdict(given)), _table(own)]
    for variant, method in others[["variant", "method"]].drop_duplicates().itertuples(index=False, name=None):
        rows = others[(others["variant"] == variant) & (others["method"] == method)]
        alarms = int(_alarm(rows).sum())
        title = f"The same scan of “{variant}” ({method}): {plural(alarms, 'alarm')} in {plural(_tested(rows), 'test')}"
        blocks.append(Fold(title, (_table(rows),)))
    return section("bias", "The bias scan", blocks)


def scanned(given: Given) -> pd.DataFrame | None:
    """The tests of this study's model under its first method, the clearest first; those not made last."""
    found = table(given.evidence, "scan")
    if found is None:
        return None
    own = found[(found["variant"] == "main") & (found["method"] == first_method(given))]
    return None if own.empty else own.sort_values(["q", "p"], kind="stable", na_position="last")


def verdict(given: Given) -> str:
    """What the scan says in one sentence, with its number, chance and corrected p; "" where there was no scan."""
    own = scanned(given)
    if own is None:
        return ""
    made, found = _tested(own), records(own[_alarm(own)])
    if not made:
        return "The bias scan could make no test: too little is known of the patients, or there are too few."
    if not found:
        least = f"smallest corrected {p_value(float(own['q'].min()))}"
        return f"No bias was found: the bias scan raises no alarm in {plural(made, 'test')} ({least})."
    alarms = f"the bias scan raises {plural(len(found), 'alarm')} in {plural(made, 'test')}"
    lead = "A bias was found" if any(serious(row) for row in found) else "A possible bias"
    told = " ".join(sentence(row) for row in found[:TOLD])
    more = f" {len(found) - TOLD} more stand in the table of the scan." if len(found) > TOLD else ""
    return f"{lead}: {alarms}. {told}{more}"


def serious(row: Any) -> bool:
    """Whether an alarm is more than a tie that may be right: a place, ink, or what goes with the labels as well."""
    return str(row.test) not in TIES or (math.isfinite(row.label_tie) and row.label_tie >= TIED)


def sentence(row: Any) -> str:
    """One test in words, with its number, chance and corrected p."""
    words = re.sub(r"(?<=\d)%", " %", str(row.words or "")).rstrip(". ") or name(row)
    chance = f", by chance {number(row.chance)}" if math.isfinite(row.chance) else ""
    known = f"statistic {number(row.value)}{chance}; " if math.isfinite(row.value) else ""
    return f"{capital(words)} ({known}corrected {p_value(row.q)})."


def name(row: Any) -> str:
    """What was tested, as it is read: ``groups of heatmaps go with site``."""
    covariate = str(row.covariate or "").removeprefix("flag_").replace("_", " ")
    tested = TESTS.get(str(row.test), str(row.test))
    return f"{tested} {covariate}" if covariate and str(row.test) in TIES else tested


def _table(rows: pd.DataFrame) -> Table:
    head = ("tested", "found", "chance", "p", "p, corrected", "tie to the label", "patients", "verdict")
    cells = tuple(_cells(row) for row in records(rows))
    strong = frozenset(k for k, alarm in enumerate(_alarm(rows)) if alarm)
    caption = (
        f"{plural(len(cells), 'test')}, the clearest first. Found: each test's own statistic, to be compared with the "
        "chance beside it and not with other rows."
    )
    return tidy(Table(head, cells, caption, notes=1, strong=strong))


def _cells(row: Any) -> tuple[str, ...]:
    numbers = number(row.value), number(row.chance), p_cell(row.p), p_cell(row.q), number(row.label_tie), count(row.n)
    if not math.isfinite(row.p):
        return name(row), *numbers, f"not tested: {row.reason}" if row.reason else "not tested"
    return name(row), *numbers, "alarm" if bool(row.alarm) else "no alarm"


def _alarm(rows: pd.DataFrame) -> pd.Series:
    return rows["alarm"].fillna(False).astype(bool)


def _tested(rows: pd.DataFrame) -> int:
    return int(rows["p"].notna().sum())
