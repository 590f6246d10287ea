"""DIA-NN: the matrix of protein groups (``pg_matrix.tsv``) and the long report (``report.tsv`` or ``.parquet``)."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.proteomics.cells import as_numbers
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.long import pivoted
from biox.domains.proteomics.opening import few, header, read_columns, refuse_ragged, row_name
from biox.domains.proteomics.sheet import Sheet, SheetOrFile
from biox.domains.proteomics.symbols import leading
from biox.domains.proteomics.treatment import Treatment, cohort_of

GROUP, RUN, DECOY = "Protein.Group", "Run", "Decoy"
# What stands before the runs in a matrix; the last two since version 1.9.
BEFORE_RUNS = (
    GROUP,
    "Protein.Ids",
    "Protein.Names",
    "Genes",
    "First.Protein.Description",
    "N.Sequences",
    "N.Proteotypic.Sequences",
)
RAW_FILE = re.compile(r"\.(raw\.dia|raw|mzml|dia|wiff2?|d|htrms)$", re.IGNORECASE)
# The report writes a quantity with six digits in each row of a group.
SAME = 1e-4


class DiannSettings(Strict):
    """Which quantity of the report, how sure its rows must be, and by what the groups are called.

    quantity: of a protein group in a run. q_values: the highest q value in these columns of a report, rows above it are
    left out; DIA-NN has filtered matrices itself. names: the column to call groups by (``Genes``, ``Protein.Names``).
    """

    file: Path
    quantity: str = "PG.MaxLFQ"
    q_values: dict[str, float] = Field(default={"Q.Value": 0.01, "PG.Q.Value": 0.01})
    names: str = GROUP
    sheet: SheetOrFile = Sheet()
    levels: Treatment = Treatment()


def diann(settings: DiannSettings) -> Cohort:
    """The quantities of the protein groups, log2 unless said otherwise; 0 and what has no row are "not measured".

    A file with a column ``Run`` is a report, any other with ``Protein.Group`` a matrix. Samples are called after the
    raw file, without folder and ending. Raises InputError for other files, and where the rows of a group disagree.
    """
    names = header(settings.file)[0]
    absent = [name for name in dict.fromkeys((GROUP, settings.names)) if name not in names]
    if absent:
        raise InputError(f"{settings.file}: there is no column {few(absent)}; DIA-NN's tables have {GROUP!r}.")
    found = _report(settings) if RUN in names else _matrix(settings, names)
    return cohort_of(found, settings.sheet, settings.levels, "log2")


def run_name(path: str) -> str:
    """The name of a run from the path of its raw file: without folder (of Windows too) and ending."""
    return RAW_FILE.sub("", re.split(r"[\\/]", path)[-1])


def _matrix(settings: DiannSettings, names: list[str]) -> Levels:
    file = settings.file
    text, runs = [n for n in names if n in BEFORE_RUNS], [n for n in names if n not in BEFORE_RUNS]
    if not runs:
        raise InputError(f"{file}: no column of a run is left beside {few(text)}.")
    refuse_ragged(file)
    rows = read_columns(file, [*text, *runs], text)
    values = as_numbers(rows[runs], file, list(rows[GROUP])).T
    proteins, notes = leading(rows[GROUP], rows[settings.names])
    samples = pd.DataFrame({"sample": [run_name(run) for run in runs]}, dtype=str)
    values = np.where(values == 0, np.nan, values)
    return Levels(values, samples, proteins, "protein group quantity", str(file), notes)


def _report(settings: DiannSettings) -> Levels:
    file = settings.file
    text = list(dict.fromkeys((RUN, GROUP, settings.names)))
    numbers = [settings.quantity, *settings.q_values] + [DECOY] * (DECOY in header(file)[0])
    rows = read_columns(file, [*text, *numbers], text)
    values = pd.DataFrame(as_numbers(rows[numbers], file), columns=numbers)
    sure = np.all([values[name] <= most for name, most in settings.q_values.items()] or [values.index >= 0], axis=0)
    if DECOY in values:
        sure &= (values[DECOY] == 0).to_numpy()
    if not sure.any():
        raise InputError(f"{file}: no row has q values as low as {settings.q_values}.")
    lost = list(dict.fromkeys(rows[RUN][~rows[RUN].isin(rows[RUN][sure])]))
    words = ", ".join(f"{name} above {most:g}" for name, most in settings.q_values.items())
    notes = (f"{int((~sure).sum())} of {len(rows)} rows of precursors were left out ({words}, or decoys).",)
    notes += (f"Runs without any row that is sure enough were left out: {few(lost)}.",) if lost else ()
    kept = pd.DataFrame({"sample": rows[RUN], "protein": rows[GROUP], "level": values[settings.quantity]})[sure]
    kept["level"] = kept["level"].where(kept["level"] != 0)
    found = pivoted(_one_a_group(kept, file, settings.quantity), file, settings.quantity)
    named = rows[sure].drop_duplicates(GROUP).set_index(GROUP, drop=False).loc[list(found.proteins)]
    proteins, unnamed = leading(named[GROUP], named[settings.names])
    return Levels(found.values, found.samples, proteins, found.unit, found.source, (*notes, *unnamed))


def _one_a_group(rows: pd.DataFrame, file: Path, quantity: str) -> pd.DataFrame:
    """One row a run and group: the report repeats a group's quantity in each of its precursors' rows."""
    groups = rows.dropna(subset="level").groupby(["sample", "protein"], sort=False)["level"]
    lowest, highest = groups.transform("min"), groups.transform("max")
    differ = highest - lowest > SAME * highest.abs()
    if differ.any():
        row = differ[differ].index[0]
        where = f"{row_name(file, int(row))}: {quantity!r} of group {rows['protein'][row]!r}"
        raise InputError(
            f"{where} in run {rows['sample'][row]!r} is not the same in all its rows ({lowest[row]:g} to "
            f"{highest[row]:g}), so it is no quantity of the group; PG.MaxLFQ is."
        )
    return rows.dropna(subset="level").drop_duplicates(["sample", "protein"])
