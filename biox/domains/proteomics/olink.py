"""Olink's long NPX tables (Target, Explore, Explore HT): one row a sample and assay, as CSV or Parquet."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.proteomics.cells import as_numbers
from biox.domains.proteomics.long import pivoted, said_of_samples
from biox.domains.proteomics.opening import few, header, read_columns
from biox.domains.proteomics.sheet import Sheet, SheetOrFile, beside_levels
from biox.domains.proteomics.symbols import distinct
from biox.domains.proteomics.treatment import Treatment, cohort_of

SAMPLE, ASSAY, IDENTITY, LEVEL = "SampleID", "Assay", "OlinkID", "NPX"
# Columns that mark controls, with the word for what is no control; the first form is that of Explore, then that of HT.
CONTROLS = {"Sample_Type": "sample", "SampleType": "sample", "AssayType": "assay"}
# The verdict on a sample in a panel and on an assay, in Target and Explore, then in HT.
VERDICTS = ("QC_Warning", "Assay_Warning", "SampleQC", "AssayQC")
PASSED, WARNED = ("pass", "na", ""), ("warn", "warning", "manual_warn")


class OlinkSettings(Strict):
    """What a warning of the quality control means, and by what assays are called.

    warned: whether levels with a warning stay (they are counted in a note) or are "not measured"; failed and excluded
    ones never stay. names: ``Assay``, ``OlinkID`` or ``UniProt``.
    """

    file: Path
    warned: Literal["keep", "not measured"] = "keep"
    names: Literal["Assay", "OlinkID", "UniProt"] = ASSAY
    sheet: SheetOrFile = Sheet()
    levels: Treatment = Treatment()


def olink(settings: OlinkSettings) -> Cohort:
    """The NPX of every assay, which is a log2 scale already; controls are left out and counted.

    An assay is told from others by its OlinkID: assays of one protein in several panels keep it beside their name.
    Levels below the limit of detection stay as they are. Raises InputError where columns lack, for a sample that has an
    assay twice (one sample on two plates), and for a cell of NPX that is no number.
    """
    file, there = settings.file, header(settings.file)[0]
    beside = beside_levels(settings.sheet, ())
    needed = dict.fromkeys((SAMPLE, IDENTITY, settings.names, LEVEL, *beside))
    absent = [name for name in needed if name not in there]
    if absent:
        raise InputError(f"{file}: there is no column {few(absent)}; a long NPX table has {few(needed)}.")
    marks = [name for name in (*CONTROLS, *VERDICTS) if name in there]
    rows = read_columns(file, [*needed, *marks], [n for n in (*needed, *marks) if n != LEVEL])
    level = as_numbers(rows[[LEVEL]], file, list(rows[SAMPLE]))[:, 0]
    real, notes = _without_controls(rows, file)
    level, more = _judged(rows[real], level[real], settings.warned)
    kept = rows[real]
    long = pd.DataFrame({"sample": kept[SAMPLE], "protein": kept[IDENTITY], "level": level})
    found = pivoted(long, file, LEVEL)
    said = said_of_samples(kept.rename(columns={SAMPLE: "sample"}), beside, file)
    named = kept.drop_duplicates(IDENTITY)
    proteins = distinct(list(named[settings.names]), list(named[IDENTITY]))
    return cohort_of(
        replace(found, proteins=proteins, samples=said).noted(*notes, *more), settings.sheet, settings.levels
    )


def _without_controls(rows: pd.DataFrame, file: Path) -> tuple[np.ndarray, list[str]]:
    """Which rows are of samples and assays, and how many rows of controls went."""
    real = np.ones(len(rows), bool)
    for column, word in CONTROLS.items():
        if column in rows:
            real &= (rows[column].str.lower() == word).to_numpy()
    if not real.any():
        marks = few(name for name in CONTROLS if name in rows)
        raise InputError(f"{file}: no row of a sample is left; all are marked as controls in {marks}.")
    gone = list(dict.fromkeys(rows[SAMPLE][~real & ~rows[SAMPLE].isin(rows[SAMPLE][real]).to_numpy()]))
    if real.all():
        return real, []
    controls = f", among them the samples {few(gone)}" if gone else ""
    return real, [f"{int((~real).sum())} rows of controls were left out{controls}."]


def _judged(rows: pd.DataFrame, level: np.ndarray, warned: str) -> tuple[np.ndarray, list[str]]:
    """The levels without those that the quality control failed (and warned of, where asked), and what was found."""
    verdicts = [rows[name].str.lower() for name in VERDICTS if name in rows]
    warnings = np.any([np.zeros(len(rows), bool), *(v.isin(WARNED) for v in verdicts)], axis=0)
    failed = np.any([np.zeros(len(rows), bool), *(~v.isin((*PASSED, *WARNED)) for v in verdicts)], axis=0)
    gone = failed | (warnings if warned == "not measured" else False)
    words = "taken as not measured" if warned == "not measured" else "kept"
    notes = [
        (warnings.sum(), f"have a warning of the quality control; they were {words}."),
        (failed.sum(), "did not pass the quality control; they were taken as not measured."),
    ]
    return np.where(gone, np.nan, level), [f"{count} levels {what}" for count, what in notes if count]
