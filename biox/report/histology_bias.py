"""Whether the model looks at something it should not: each test of the bias scan with its control and a verdict."""

import math
import re
from typing import Any

import pandas as pd

from biox.core.subjects import subject
from biox.report.blocks import Block, Fold, Section, Table, Terms, Text, section, tidy
from biox.report.found import records, table
from biox.report.given import Given, first_method
from biox.report.words import capital, count, number, p_cell, p_value, plural

TERMS = (
    ("Bias scan", "tests, made in every study, of whether the heatmaps go with something that is not the tissue."),
    ("Chance", "what the same number is when {many} are shuffled (the median), so that nothing is there to find."),
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
    others = others.assign(reason=[_of_units(str(reason), given) for reason in others["reason"]])
    many = subject(given.cohort).many
    terms = Terms(tuple((term, words.replace("{many}", many)) for term, words in TERMS))
    blocks: list[Block] = [terms, Text(verdict(given)), _table(own, many)]
    for variant, method in others[["variant", "method"]].drop_duplicates().itertuples(index=False, name=None):
        rows = others[(others["variant"] == variant) & (others["method"] == method)]
        alarms = int(_alarm(rows).sum())
        title = f"The same scan of “{variant}” ({method}): {plural(alarms, 'alarm')} in {plural(_tested(rows), 'test')}"
        blocks.append(Fold(title, (_table(rows, many),)))
    return section("bias", "The bias scan", blocks)


def scanned(given: Given) -> pd.DataFrame | None:
    """The tests of this study's model under its first method, the clearest first; those not made last."""
    found = table(given.evidence, "scan")
    if found is None:
        return None
    own = found[(found["variant"] == "main") & (found["method"] == first_method(given))]
    own = own.assign(reason=[_of_units(str(reason), given) for reason in own["reason"]])
    return None if own.empty else own.sort_values(["q", "p"], kind="stable", na_position="last")


def verdict(given: Given) -> str:
    """What the scan says in one sentence, with its number, chance and corrected p; "" where there was no scan."""
    own = scanned(given)
    if own is None:
        return ""
    made, found = _tested(own), records(own[_alarm(own)])
    if not made:
        return f"The bias scan could not have found a bias: {_silent(own)}."
    if not found:
        least = f"smallest corrected {p_value(float(own['q'].min()))}"
        unmade = f" But it could not have found every bias: {_silent(own)}." if made < len(own) else ""
        return f"No bias was found: the bias scan raises no alarm in {plural(made, 'test')} ({least}).{unmade}"
    alarms = f"the bias scan raises {plural(len(found), 'alarm')} in {plural(made, 'test')}"
    lead = "A bias was found" if any(serious(row) for row in found) else "A possible bias"
    alike: dict[str, list[Any]] = {}
    for row in found:
        alike.setdefault(str(row.words or "") or name(row), []).append(row)
    kept = list(alike.values())[:TOLD]
    told, rest = " ".join(sentence(rows) for rows in kept), len(found) - sum(len(rows) for rows in kept)
    more = f" {rest} more stand in the table of the scan." if rest else ""
    return f"{lead}: {alarms}. {told}{more}"


def serious(row: Any) -> bool:
    """Whether an alarm goes with the labels as well: a shortcut, and no tie that may be right.

    A place has no tie to the labels: it may be a mark, or tissue that always lies the same way.
    """
    return math.isfinite(row.label_tie) and row.label_tie >= TIED


def sentence(rows: list[Any]) -> str:
    """What one or several tests say in the same words, with the number, chance and corrected p of each."""
    words = re.sub(r"(?<=\d)%", " %", str(rows[0].words or "")).rstrip(". ") or name(rows[0])
    covariate = str(rows[0].covariate or "")
    words = words.replace(covariate, covariate.removeprefix("flag_").replace("_", " ")) if covariate else words
    each = [_numbers(row) for row in rows]
    return f"{capital(words)} ({each[0] if len(each) == 1 else f'{len(each)} tests: ' + '; '.join(each)})."


def _numbers(row: Any) -> str:
    chance = f", by chance {number(row.chance)}" if math.isfinite(row.chance) else ""
    known = f"statistic {number(row.value)}{chance}; " if math.isfinite(row.value) else ""
    return f"{known}corrected {p_value(row.q)}"


def _of_units(reason: str, given: Given) -> str:
    """A reason in which what stands for patients is called so where patients are not known."""
    of = subject(given.cohort)
    return reason.replace("patient", of.one) if not of.known else reason


def _silent(own: pd.DataFrame) -> str:
    """How many tests could not be made, and the reasons, the most frequent first."""
    reasons = own.loc[own["p"].isna(), "reason"].replace("", "no reason given").value_counts(sort=True)
    told = "; ".join(str(reason) for reason in reasons.index[:TOLD])
    return f"{plural(int(reasons.sum()), 'test')} of {len(own)} could not be made ({told})"


def name(row: Any) -> str:
    """What was tested, as it is read: ``groups of heatmaps go with site``."""
    covariate = str(row.covariate or "").removeprefix("flag_").replace("_", " ")
    tested = TESTS.get(str(row.test), str(row.test))
    return f"{tested} {covariate}" if covariate and str(row.test) in TIES else tested


def _table(rows: pd.DataFrame, many: str) -> Table:
    head = ("tested", "found", "chance", "p", "p, corrected", "tie to the label", many, "verdict")
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
