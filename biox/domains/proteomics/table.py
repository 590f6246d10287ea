"""Any group's own wide table: levels of proteins by sample, as CSV, TSV or Parquet."""

from dataclasses import replace
from pathlib import Path

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.proteomics.opening import header
from biox.domains.proteomics.sheet import Sheet, SheetOrFile, beside_levels, refuse_about_samples
from biox.domains.proteomics.treatment import Treatment, cohort_of
from biox.domains.proteomics.wide import Orientation, proteins_in_rows, samples_in_rows


class TableSettings(Strict):
    """Which table, how it lies, and what is done with it.

    id_column: of the samples' (or proteins') names; left out, ``sample`` or the first one; "row number" where samples
    have no names.
    leave_out: columns that are neither. unit: of the levels as they stand. sheet: a file, or a ``Sheet``.
    """

    file: Path
    orientation: Orientation = "samples in rows"
    id_column: str | None = None
    leave_out: tuple[str, ...] = ()
    unit: str = "level"
    sheet: SheetOrFile = Sheet()
    levels: Treatment = Treatment()


def table(settings: TableSettings) -> Cohort:
    """The levels in a wide table, NaN where a cell is empty or NA.

    Without a sheet, columns called patient, type and batch are about the sample, as are those that the settings name.
    Raises InputError with the file, row, column and value of what is no number, and for all that
    ``biox.domains.proteomics.treatment.cohort_of`` refuses.
    """
    if settings.orientation == "samples in rows":
        describing = beside_levels(settings.sheet, header(settings.file)[0])
        found = samples_in_rows(settings.file, settings.id_column, describing, settings.leave_out)
        refuse_about_samples(found.proteins, found.source)
    elif settings.sheet.others:
        raise InputError(f"{settings.file}: `others` names columns about samples, but the samples are columns here.")
    else:
        found = proteins_in_rows(settings.file, settings.id_column, settings.leave_out)
    return cohort_of(replace(found, unit=settings.unit), settings.sheet, settings.levels)
