"""The evidence as tables that people keep: a CSV file each, and all of them in one Excel workbook.

Numbers stand in full precision, as in the evidence; in the workbook to 16 figures, all that Excel keeps. The first two
tables say what the others hold. A table of very many rows is cut, and says so in its name. What would undo the
blinding of raters is left out.
"""

import io
import math
import re
from collections.abc import Iterable, Sequence
from csv import QUOTE_NONNUMERIC
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import xlsxwriter

from biox.core.types import Evidence
from biox.report.table_words import TABLES, column_words

MOST_ROWS = 10_000
HELD_BACK = ("rating_sheets", "rating_key", "thumbnails")
"""Not for a report: what raters must not see together, and pictures."""

# Where a spreadsheet would begin a formula: at the start of a text, and within it after what separates cells or rows
# where it is set to semicolons: our quotation marks say nothing to it then.
FORMULA = re.compile(r"""^(?=[=+\-@\t\r\n])|(?<=[;\r\n])(?=[\s"]*[=+\-@])""")
CELL_LIMIT, SHEET_NAME_LIMIT, WIDEST = 32_767, 31, 60
ANY_DAY = datetime(1980, 1, 1)
"""When a workbook says that it was made: equal evidence gives equal bytes."""


@dataclass(frozen=True)
class Sheet:
    """One table to keep: its name, what it says, its (first) rows, and how many rows there are in all."""

    name: str
    words: str
    frame: pd.DataFrame
    rows: int

    @property
    def file(self) -> str:
        """The name of its CSV file, which tells where rows were cut off."""
        cut = "" if self.rows == len(self.frame) else f"-first-{len(self.frame)}-of-{self.rows}-rows"
        return f"{self.name}{cut}.csv"


def table_files(study: str, title: str, evidence: Evidence) -> dict[str, bytes]:
    """The tables of a study's evidence by file name: one CSV each, and ``tables.xlsx`` with all of them."""
    kept = sheets(study, evidence)
    made = {sheet.file: csv(sheet.frame) for sheet in kept}
    return {**made, "tables.xlsx": workbook(title, kept)}


def sheets(study: str, evidence: Evidence) -> list[Sheet]:
    """What the tables hold, what their columns mean, the claims, and every other table by its name."""
    tables = {"claims": evidence.claims, **dict(sorted(evidence.tables.items()))}
    kept = [
        Sheet(name, TABLES.get(name, ""), frame.head(MOST_ROWS).reset_index(drop=True), len(frame))
        for name, frame in tables.items()
        if name not in HELD_BACK
    ]
    return [_contents(study, kept), _columns(kept), *kept]


def _contents(study: str, kept: Sequence[Sheet]) -> Sheet:
    rows = [(s.name, s.words, len(s.frame), s.rows, f"results/{study}/evidence/{s.name}.parquet") for s in kept]
    head = ["table", "what it says", "rows here", "rows in all", "where all rows are"]
    return Sheet("README", "What the tables hold.", pd.DataFrame(rows, columns=head), len(rows))


def _columns(kept: Sequence[Sheet]) -> Sheet:
    rows = [(s.name, str(column), *column_words(str(column))) for s in kept for column in s.frame.columns]
    words = "What the columns mean, and their units."
    return Sheet("columns", words, pd.DataFrame(rows, columns=["table", "column", "meaning", "unit"]), len(rows))


def csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV in UTF-8: text in quotation marks, numbers as they are, the unknown empty.

    An apostrophe goes before text that a spreadsheet would take for a formula: text comes from other people's files,
    and so do its line breaks, which without quotation marks would begin a row of their own.
    """
    text = frame.select_dtypes(exclude=["number", "bool"]).columns
    safe = frame.assign(**{name: frame[name].map(_harmless) for name in text}).rename(columns=_harmless)
    return safe.to_csv(index=False, lineterminator="\n", quoting=QUOTE_NONNUMERIC).encode("utf-8")


def _harmless(value: Any) -> Any:
    return FORMULA.sub("'", value) if isinstance(value, str) else value


def workbook(title: str, kept: Iterable[Sheet]) -> bytes:
    """Tables as an Excel workbook, a sheet each; text stays text, whatever it looks like. Equal tables, equal bytes."""
    stream = io.BytesIO()
    made = xlsxwriter.Workbook(stream, {"in_memory": True})
    made.set_properties({"title": title, "created": ANY_DAY})
    bold = made.add_format({"bold": True})
    for sheet in kept:
        written = made.add_worksheet(sheet.name[:SHEET_NAME_LIMIT])
        written.freeze_panes(1, 0)
        for k, name in enumerate(sheet.frame.columns):
            values = sheet.frame[name].tolist()
            written.write_string(0, k, str(name), bold)
            written.set_column(k, k, _width(str(name), values))
            for row, value in enumerate(values, 1):
                _write(written, (row, k), value)
        if len(sheet.frame):
            written.autofilter(0, 0, len(sheet.frame), len(sheet.frame.columns) - 1)
    made.close()
    return stream.getvalue()


def _write(sheet: Any, cell: tuple[int, int], value: Any) -> None:
    """One value: truth, number or text; nothing for what is unknown."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(*cell, value)
    elif isinstance(value, int | float) and math.isfinite(value):
        sheet.write_number(*cell, value)
    else:
        sheet.write_string(*cell, str(value)[:CELL_LIMIT])


def _width(name: str, values: Sequence[Any]) -> int:
    """Wide enough for the head and the first values, within reason."""
    return min(WIDEST, 2 + max(len(name), *(len(str(value)) for value in values[:50]), 6))
