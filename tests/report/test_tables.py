"""The tables of a report: whole, told what they hold, harmless in a spreadsheet, and the same every time."""

import csv
import io
import re

import pandas as pd
import pytest

from biox.core.types import Evidence, claims_table
from biox.report.table_words import COLUMNS, TABLES
from biox.report.tables import MOST_ROWS, sheets, table_files
from biox.report.tables import csv as csv_of

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, which reads workbooks, is not installed")
HOSTILE = ("=HYPERLINK(1)", "+1", "-1+cmd", "@SUM(1)", "\t=1", "\r=1")


def evidence(**tables: pd.DataFrame) -> Evidence:
    return Evidence(claims_table([{"claim": "accuracy", "value": 0.875, "unit": "share"}]), tables)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def sheet_of(files: dict[str, bytes], name: str) -> list[tuple]:
    return list(openpyxl.load_workbook(io.BytesIO(files["tables.xlsx"]))[name].iter_rows())


def test_a_number_keeps_all_its_digits_and_the_unknown_is_empty():
    made = table_files("s", "S", evidence(scores=pd.DataFrame({"value": [0.1 + 0.2, -1.5, float("nan")]})))
    assert rows_of(made["scores.csv"]) == [["value"], ["0.30000000000000004"], ["-1.5"], [""]]
    cells = [row[0].value for row in sheet_of(made, "scores")]
    assert cells[1:3] == [pytest.approx(0.3, rel=1e-15), -1.5]
    assert not any(cells[3:])


@pytest.mark.parametrize("text", ["a;=1", 'a; "=1', "a\n@SUM(1)", "a;\t-1", "=1;=1"])
def test_text_is_no_formula_where_semicolons_separate_cells_either(text):
    """Such a spreadsheet takes quotation marks within a line for letters: it cuts at each semicolon and line end."""
    written = csv_of(pd.DataFrame({"value": [1.0], "subject": [text]})).decode("utf-8").split("\n", 1)[1]
    cells = re.split(r"[;\r\n]", written)
    assert [cell for cell in cells if re.match(r"""[\s"]*[=+\-@]""", cell)] == []


def test_a_semicolon_before_ordinary_words_changes_nothing():
    assert rows_of(csv_of(pd.DataFrame({"words": ["a; b\nc", "5 - 3", "p = 1; q"]})))[1:] == [
        ["a; b\nc"],
        ["5 - 3"],
        ["p = 1; q"],
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_other_people_never_becomes_a_formula(text):
    made = table_files("s", "S", evidence(scores=pd.DataFrame({"subject": [text], "value": [-1.0]})))
    assert rows_of(made["scores.csv"])[1] == ["'" + text.replace("\r=", "\r'="), "-1.0"]
    cell = sheet_of(made, "scores")[1][0]
    assert cell.data_type == "s"
    assert cell.hyperlink is None


def test_a_long_table_says_in_its_name_that_it_was_cut_and_the_first_sheet_where_the_rest_is():
    made = table_files("knee", "S", evidence(trust_curves=pd.DataFrame({"value": range(MOST_ROWS + 7)})))
    assert "trust_curves.csv" not in made
    assert len(rows_of(made[f"trust_curves-first-{MOST_ROWS}-of-{MOST_ROWS + 7}-rows.csv"])) == MOST_ROWS + 1
    told = {row[0]: row for row in rows_of(made["README.csv"])}
    assert told["trust_curves"][2:] == [
        str(MOST_ROWS),
        str(MOST_ROWS + 7),
        "results/knee/evidence/trust_curves.parquet",
    ]


def test_the_key_of_blinded_ratings_stays_out_of_the_report():
    key = pd.DataFrame({"sheet": ["A"], "subject": ["P1"]})
    made = table_files("s", "S", evidence(rating_key=key, rating_sheets=key))
    assert not any("rating" in name for name in made)
    assert b"P1" not in b"".join(content for name, content in made.items() if name.endswith(".csv"))


def test_equal_evidence_gives_equal_bytes(made):
    assert made.page().tables == made.page().tables


def test_every_table_and_column_of_a_study_is_explained(made):
    kept = {sheet.name: sheet.frame for sheet in sheets("made", made.evidence)}
    assert [name for name in kept["README"]["what it says"] if not name] == []
    columns = kept["columns"]
    assert columns[columns["meaning"] == ""].to_numpy().tolist() == []


def test_names_of_sheets_fit_into_excel():
    assert max(len(name) for name in TABLES) <= 31
    assert all(name and words for name, (words, _) in COLUMNS.items())


def test_the_foot_of_the_page_leads_to_every_csv_file(made):
    page = made.page()
    assert all(f'href="tables/{name}"' in page.html for name in page.tables)
