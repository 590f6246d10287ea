"""Protein arrays of The Cancer Genome Atlas: one row an aliquot, one column an antibody."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator

from biox.core.errors import InputError
from biox.core.reading import reading
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.proteomics.aliases import AliasesOrFile, coalesced
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few, header
from biox.domains.proteomics.sheet import Sheet
from biox.domains.proteomics.treatment import Treatment, cohort_of
from biox.domains.proteomics.wide import samples_in_rows

ALIQUOT, PATIENT, SAMPLE_TYPE, COHORT = "aliquot_barcode", "patient", "sample_type", "cancer_type"
PRIMARY = "01"


def _codes(value: Any) -> Any:
    """Sample types as their two digits: YAML reads an unquoted 01 as the number 1."""
    if not isinstance(value, list | tuple):
        return value
    return tuple(f"{code:02d}" if isinstance(code, int) else code for code in value)


class RppaSettings(Strict):
    """Which samples and antibodies of the table are used.

    sample_types: TCGA's codes (01 primary tumour, 02 recurrent, 05 new primary, 06 metastasis, 07 further metastasis),
    or ``all``. cohorts: cancer types; left out, all. mapping: names for the antibodies and the columns that belong to
    each. proteins: ``all``, ``complete`` (those measured in every chosen sample), a list of names, or a file with one
    name a line; names are those after the mapping.
    """

    file: Path
    sample_types: Annotated[tuple[str, ...] | Literal["all"], BeforeValidator(_codes)] = (PRIMARY,)
    cohorts: tuple[str, ...] | None = None
    mapping: AliasesOrFile | None = None
    proteins: Literal["all", "complete"] | tuple[str, ...] | Path = "all"
    levels: Treatment = Treatment()


def rppa(settings: RppaSettings) -> Cohort:
    """The RPPA table as it stands: columns aliquot_barcode, patient, sample_type, cancer_type, then antibodies.

    x: log2 levels, as in the file (level 3, centred per cohort). label: the cancer type. Raises InputError for unknown
    columns, sample types, cohorts and proteins, and for all that ``cohort_of`` refuses.
    """
    needed = (ALIQUOT, PATIENT, SAMPLE_TYPE, COHORT)
    absent = [name for name in needed if name not in header(settings.file)[0]]
    if absent:
        raise InputError(f"{settings.file}: there is no column {few(absent)}; an RPPA table begins with {few(needed)}.")
    found = replace(samples_in_rows(settings.file, ALIQUOT, needed[1:], ()), unit="log2 level")
    where = {} if settings.sample_types == "all" else {SAMPLE_TYPE: settings.sample_types}
    where |= {COHORT: settings.cohorts} if settings.cohorts is not None else {}
    if settings.mapping is not None:
        found = coalesced(found, settings.mapping)
    found = _proteins(found, settings.proteins, _rows(found, where))
    return cohort_of(found, Sheet(patient=PATIENT, type=COHORT, where=where), settings.levels)


def _rows(levels: Levels, where: dict[str, tuple[str, ...]]) -> np.ndarray:
    """Which samples will be chosen, so that ``complete`` is judged on them."""
    chosen = np.ones(len(levels.samples), bool)
    for name, values in where.items():
        chosen &= levels.samples[name].isin(values).to_numpy()
    return chosen


def _proteins(levels: Levels, wanted: Any, chosen: np.ndarray) -> Levels:
    if wanted == "all":
        return levels
    if wanted == "complete":
        complete = np.asarray(~np.isnan(levels.values[chosen]).any(axis=0))
        note = f"{int((~complete).sum())} proteins were left out: not measured in every chosen sample."
        return levels.of_proteins(complete).noted(note)
    names = _listed(wanted) if isinstance(wanted, Path) else wanted
    unknown = [name for name in names if name not in levels.proteins]
    if unknown:
        raise InputError(f"{levels.source}: there is no protein {few(unknown)}; there are {few(levels.proteins)}.")
    return levels.of_proteins(np.isin(levels.proteins, names))


def _listed(file: Path) -> tuple[str, ...]:
    with reading(file, "a text file with one protein a line"):
        return tuple(line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip())
