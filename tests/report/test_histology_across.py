"""The section on sites and stains: every figure at its place, and nothing where nothing was compared."""

from dataclasses import replace

import pandas as pd
import pytest

from biox.core.find import checked
from biox.core.study import Study
from biox.core.types import Evidence, claims_table
from biox.domains.histology.across import COLUMNS
from biox.domains.histology.alike import ANOTHER
from biox.report.blocks import Fold, Table, Text
from biox.report.given import Given
from biox.report.histology_across import across

NAMES = {"main": "none", "stain": "macenko", ANOTHER: "none"}
ROWS = [
    ("main", "AUROC", "out of fold", 0.91), ("main", "AUROC", "left-out site x", 0.83),
    ("main", "AUROC", "external", 0.77),
    ("stain", "AUROC", "out of fold", 0.90), ("stain", "AUROC change", "out of fold", -0.01),
    ("stain", "AUROC", "external", 0.88), ("stain", "AUROC change", "external", 0.11),
    ("stain", "rank correlation", "lrp", 0.44), ("stain", "top-10 % overlap", "lrp", 0.52),
    (ANOTHER, "rank correlation", "lrp", 0.22), (ANOTHER, "top-10 % overlap", "lrp", 0.31),
]  # fmt: skip


def given(rows, **tables) -> Given:
    full = [(v, NAMES[v], m, g, value, value - 0.1, value + 0.1, "share", 40, 8) for v, m, g, value in rows]
    found = pd.DataFrame(full, columns=list(COLUMNS))
    study = {"name": "t", "title": "t", "question": "q", "domain": "histology", "data": {"source": "slides"}}
    cohort = type("Cohort", (), {"classes": ("normal", "tumour"), "notes": (), "images": True})()
    evidence = Evidence(claims_table([]), {"across": found, **tables})
    return Given(checked(Study, study, "t"), cohort, evidence, {}, {})  # type: ignore[arg-type]


def table_of(section) -> Table:
    return next(block for block in section.blocks if isinstance(block, Table))


def said(section) -> str:
    return " ".join(block.words for block in section.blocks if isinstance(block, Text))


def test_every_figure_stands_in_its_row_and_column():
    table = table_of(across(given(ROWS)))
    assert table.head == ("", "this study's model (as scanned)", "stain (Macenko)", "another fold's model")
    cells = {(row[0], name): cell for row in table.rows for name, cell in zip(table.head[1:], row[1:], strict=True)}
    assert cells["AUROC, left-out site x", table.head[1]] == "83.0 (73.0–93.0 %)"
    assert cells["AUROC, left-out site x", table.head[2]] == ""
    assert cells["AUROC, external", "stain (Macenko)"] == "88.0 (78.0–98.0 %)"
    assert cells["top-10 % overlap", "another fold's model"] == "31.0 (21.0–41.0 %)"
    assert cells["rank correlation", "stain (Macenko)"].startswith("0.44")


def test_a_change_is_said_with_its_sign_and_beside_what_another_fold_reaches():
    words = said(across(given(ROWS)))
    assert (
        "91.0 % (81.0–101.0 %) out of fold, 83.0 % (73.0–93.0 %) at the left-out site x and 77.0 % (67.0–87.0 %)"
        in words
    )
    assert "−1.0 (−11.0 to 9.0) out of fold and +11.0 (1.0–21.0) on the external cohort, in percentage points" in words
    assert "share 52 % of their top tenth" in words
    assert "another fold's model share 31 %" in words


def test_two_methods_have_rows_of_their_own():
    names = [row[0] for row in table_of(across(given([*ROWS, ("stain", "rank correlation", "other", 0.9)]))).rows]
    assert "rank correlation (lrp)" in names
    assert "rank correlation (other)" in names


def test_one_model_of_one_site_needs_no_section():
    assert across(given(ROWS[:1])) is None
    without = given(ROWS)
    assert across(replace(without, evidence=Evidence(claims_table([]), {}))) is None


@pytest.mark.parametrize("auroc", [0.8, float("nan")])
def test_the_external_slides_are_listed(auroc):
    row = {
        "slide": "S9",
        "subject": "P9",
        "label": "tumour",
        "tiles": 12,
        "accuracy": 0.75,
        "auroc": auroc,
        "score": 0.61,
    }
    section = across(given(ROWS[:1], external_slides=pd.DataFrame([row, row | {"slide": "S8"}])))
    fold = next(block for block in section.blocks if isinstance(block, Fold))
    table = fold.blocks[0]
    assert table.rows[0][0] == "S9"
    assert table.rows[0][-2:] == ("80.0 %" if auroc == auroc else "–", "61.0 %")
