"""MaxQuant's ``proteinGroups.txt``: one row a protein group, one column of intensities a sample."""

from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.proteomics.cells import as_numbers
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few, header, read_columns, refuse_ragged
from biox.domains.proteomics.sheet import Sheet, SheetOrFile
from biox.domains.proteomics.symbols import leading
from biox.domains.proteomics.treatment import Treatment, cohort_of

GROUP = "Majority protein IDs"
# What each mark says; "Contaminant" is its name in versions before 1.5.
DROPPED = {
    "Potential contaminant": "contaminants",
    "Contaminant": "contaminants",
    "Reverse": "reverse hits",
    "Only identified by site": "groups identified only by a modified site",
}
NO_SAMPLE = ("iBAQ peptides",)
# Quantities whose names begin like that of another one.
LONGER = ("Reporter intensity corrected", "Reporter intensity count")


class MaxquantSettings(Strict):
    """Which quantity, and by what the groups are called.

    quantity: the words before the sample's name in the header: ``LFQ intensity``, ``Intensity``, ``iBAQ``, or those of
    reporter ions. names: the column to call groups by (``Gene names`` where the search wrote them).
    """

    file: Path
    quantity: str = "LFQ intensity"
    names: str = GROUP
    sheet: SheetOrFile = Sheet()
    levels: Treatment = Treatment()


def maxquant(settings: MaxquantSettings) -> Cohort:
    """The intensities of the protein groups, log2 unless said otherwise; 0 is "not measured".

    Contaminants, reverse hits and groups identified only by a modified site are dropped and counted in the notes.
    A group is called after its first member; groups that share a name keep their accession beside it. Raises InputError
    where the file is no ``proteinGroups.txt`` or has no such quantity.
    """
    file, names = settings.file, header(settings.file)[0]
    needed = [name for name in (GROUP, settings.names) if name not in names]
    if needed:
        raise InputError(f"{file}: there is no column {few(needed)}; a proteinGroups.txt of MaxQuant has {GROUP!r}.")
    columns = _of_quantity(names, settings.quantity)
    if not columns:
        raise InputError(
            f"{file}: no column begins with {settings.quantity!r}; there are columns of {_quantities(names)}."
        )
    refuse_ragged(file)
    marks = [name for name in DROPPED if name in names]
    text = list(dict.fromkeys([GROUP, settings.names, *marks]))
    rows = read_columns(file, [*text, *columns], text)
    kept, notes = _kept(rows, marks)
    values = as_numbers(rows[columns], file, list(rows[GROUP]))[kept].T
    samples = pd.DataFrame({"sample": [name.removeprefix(f"{settings.quantity} ") for name in columns]}, dtype=str)
    proteins, unnamed = leading(rows[GROUP][kept], rows[settings.names][kept])
    values = np.where(values == 0, np.nan, values)
    found = Levels(values, samples, proteins, settings.quantity, str(file), (*notes, *unnamed))
    return cohort_of(found, settings.sheet, settings.levels, "log2")


def _of_quantity(names: list[str], quantity: str) -> list[str]:
    other = tuple(f"{one} " for one in LONGER if one != quantity)
    own = (name for name in names if name.startswith(f"{quantity} ") and not name.startswith(other))
    return [name for name in own if name not in NO_SAMPLE]


def _kept(rows: pd.DataFrame, marks: list[str]) -> tuple[np.ndarray, list[str]]:
    """Which groups stay, and how many went for which reason (one may have several)."""
    marked = {name: (rows[name] == "+").to_numpy() for name in marks}
    notes = [f"{int(rows_.sum())} {DROPPED[name]} were left out." for name, rows_ in marked.items() if rows_.any()]
    return ~np.any([np.zeros(len(rows), bool), *marked.values()], axis=0), notes


def _quantities(names: list[str]) -> str:
    found = [q for q in ("LFQ intensity", "Intensity", "iBAQ") if any(name.startswith(f"{q} ") for name in names)]
    return few(found)
