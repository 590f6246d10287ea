"""From levels as they were read to a cohort: zeros, logarithm, gaps, centring, duplicates, names."""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.core.types import Axis, Cohort
from biox.domains.proteomics.centred import centred, measured_mean
from biox.domains.proteomics.duplicates import Duplicates, settled
from biox.domains.proteomics.gaps import Fill, filled, measured_enough
from biox.domains.proteomics.learnable import refuse_few, refuse_unlearnable
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few
from biox.domains.proteomics.sheet import Sheet, described
from biox.domains.proteomics.symbols import SymbolsOrFile, with_symbols

Log = Literal["none", "log2", "log10", "log1p"]
# In groups of fewer samples, centring leaves little of the levels, and what is left mirrors the other samples.
FEW = 5
LOGS = {"log2": np.log2, "log10": np.log10, "log1p": np.log1p}


class Treatment(Strict):
    """What is done to the levels, in this order.

    without: proteins left out. zero: whether 0 is a level or says "not measured". log: left out, what suits the format.
    least_measured: the share of samples in which a protein has to be measured, else it is left out. centre: ``none``,
    ``protein``, or the column of samples (batch, type ...) within which each protein's mean is taken away. duplicates:
    of patients. fill: what stands in gaps; the network needs nothing there. symbols: gene symbols for names. purpose:
    ``new patients`` are for a saved study; few and constant levels are then no fault, and nothing is taken from them.
    """

    without: tuple[str, ...] = ()
    zero: Literal["level", "not measured"] = "level"
    log: Log | None = None
    least_measured: float = Field(default=0.0, ge=0, le=1)
    centre: str = "none"
    duplicates: Duplicates = "refuse"
    fill: Fill = "none"
    symbols: SymbolsOrFile | None = None
    purpose: Literal["cohort", "new patients"] = "cohort"

    @model_validator(mode="after")
    def _of_a_cohort(self) -> "Treatment":
        if self.purpose == "new patients" and (self.centre != "none" or self.fill != "none" or self.least_measured):
            raise ValueError(
                "'centre', 'fill' and 'least_measured' need a cohort; new patients have to come without them"
            )
        return self


def cohort_of(levels: Levels, sheet: Sheet, treatment: Treatment, usual_log: Log = "none") -> Cohort:
    """The cohort of a table of levels: float32, NaN where not measured, one axis of proteins.

    usual_log: what the reader's format calls for where the settings say nothing. Raises InputError for levels that
    have no logarithm, fewer than 20 samples, and proteins that are constant or missing everywhere.
    """
    levels = _without(described(levels, sheet), treatment.without)
    levels = _logged(_zeros(levels, treatment.zero), treatment.log or usual_log)
    levels = _prepared(levels, treatment) if treatment.purpose == "cohort" else settled(levels, treatment.duplicates)
    levels = with_symbols(levels, treatment.symbols)
    gaps = np.isnan(levels.values)
    if gaps.any():
        levels = levels.noted(f"{gaps.mean():.1%} of the levels were not measured; they are neither shown nor scored.")
    return Cohort(
        x=levels.values.astype(np.float32),
        samples=levels.samples,
        axes=(Axis("protein", levels.proteins),),
        unit=levels.unit,
        classes=tuple(sorted(levels.samples["label"].unique())),
        label_level="subject",
        notes=levels.notes,
    )


def _prepared(levels: Levels, treatment: Treatment) -> Levels:
    refuse_few(levels)
    if treatment.least_measured:
        levels = measured_enough(levels, treatment.least_measured)
    size = np.abs(np.nan_to_num(levels.values)).max(axis=0)
    refuse_unlearnable(levels, size)
    levels = settled(_centred(levels, treatment.centre), treatment.duplicates)
    refuse_few(levels)
    refuse_unlearnable(levels, size)
    return filled(levels, treatment.fill)


def _without(levels: Levels, names: tuple[str, ...]) -> Levels:
    unknown = [name for name in names if name not in levels.proteins]
    if unknown:
        raise InputError(f"{levels.source}: there is no protein {few(unknown)}, named under `without`.")
    if not names:
        return levels
    return levels.of_proteins(~np.isin(levels.proteins, names)).noted(f"Left out as asked: {few(names)}.")


def _zeros(levels: Levels, zero: str) -> Levels:
    if zero == "level":
        return levels
    none = levels.values == 0
    return replace(levels, values=np.where(none, np.nan, levels.values)).noted(
        f"{int(none.sum())} levels of 0 were taken as not measured."
    )


def _logged(levels: Levels, log: Log) -> Levels:
    """The levels on a logarithmic scale; those that have no logarithm are refused, the first one by name."""
    if log == "none":
        return levels
    bad = levels.values < 0 if log == "log1p" else levels.values <= 0
    if bad.any():
        row, column = np.argwhere(bad)[0]
        way_out = "If 0 means that nothing was measured, say `levels: {zero: not measured}`."
        if (levels.values < 0).any():
            row, column = np.argwhere(levels.values < 0)[0]
            way_out = "If the levels are logarithms already, say `levels: {log: none}`."
        raise InputError(
            f"{levels.source}: sample {levels.samples['sample'].iloc[row]!r}, protein {levels.proteins[column]!r} has "
            f"the level {levels.values[row, column]:g}, which has no {log} ({int(bad.sum())} such levels). {way_out}"
        )
    return replace(levels, values=LOGS[log](levels.values), unit=f"{log} {levels.unit}")


def _centred(levels: Levels, by: str) -> Levels:
    if by == "none":
        return levels
    unit, note = f"{levels.unit}, centred", "Each protein was centred: its mean"
    if by == "protein":
        values = levels.values - measured_mean(levels.values)
        return replace(levels, values=values, unit=unit).noted(f"{note} over all samples was taken away.")
    column = {"type": "label", "patient": "subject"}.get(by, by)
    values = centred(levels.values, levels.samples, by=column)
    lonely = int((levels.samples.groupby(column)[column].transform("size") < FEW).sum())
    small = f" {lonely} samples are in groups of fewer than {FEW}." if lonely else ""
    return replace(levels, values=values, unit=unit).noted(f"{note} within each {by} was taken away.{small}")
