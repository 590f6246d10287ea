"""AnnData files (``.h5ad``): samples in ``obs``, proteins in ``var``."""

from pathlib import Path

import anndata
import pandas as pd

from biox.core.errors import InputError
from biox.core.reading import reading
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.proteomics.cells import as_numbers
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few
from biox.domains.proteomics.sheet import Sheet, SheetOrFile
from biox.domains.proteomics.symbols import distinct
from biox.domains.proteomics.treatment import Treatment, cohort_of


class H5adSettings(Strict):
    """Which matrix, what proteins are called by, and the unit.

    layer: left out, ``X``. names: a column of ``var``; left out, ``var_names``. sheet: a file, or the columns of
    ``obs``, which are all carried along. What a sparse matrix does not store is 0, as it is meant there.
    """

    file: Path
    layer: str | None = None
    names: str | None = None
    unit: str = "level"
    sheet: SheetOrFile = Sheet()
    levels: Treatment = Treatment()


def h5ad(settings: H5adSettings) -> Cohort:
    """The levels of an AnnData file, NaN where not measured.

    Raises InputError where the file is no AnnData, or has no such layer or column.
    """
    with reading(settings.file, "an AnnData file"):
        data = anndata.read_h5ad(settings.file)
    if settings.layer is not None and settings.layer not in data.layers:
        raise InputError(f"{settings.file}: there is no layer {settings.layer!r}; it has {few(data.layers)}.")
    if settings.layer is None and data.X is None:
        raise InputError(f"{settings.file}: X is empty; name a layer: it has {few(data.layers)}.")
    var, obs = data.var, data.obs
    assert isinstance(var, pd.DataFrame)
    assert isinstance(obs, pd.DataFrame)
    samples, proteins = [str(name) for name in data.obs_names], _proteins(var, settings)
    levels = data.to_df(layer=settings.layer).set_axis(list(proteins), axis=1)
    values = as_numbers(levels, settings.file, samples)
    rows = obs.astype(str).where(obs.notna(), "").assign(sample=samples).reset_index(drop=True)
    other = "sample" in obs and list(obs["sample"].astype(str)) != samples
    notes = ("The column 'sample' of obs was left out; samples are called by obs_names.",) if other else ()
    found = Levels(values, rows, proteins, settings.unit, str(settings.file), notes)
    return cohort_of(found, settings.sheet, settings.levels)


def _proteins(var: pd.DataFrame, settings: H5adSettings) -> tuple[str, ...]:
    if settings.names is None:
        return tuple(str(name) for name in var.index)
    if settings.names not in var:
        raise InputError(f"{settings.file}: `var` has no column {settings.names!r}; it has {few(var.columns)}.")
    return distinct([str(name) for name in var[settings.names]], [str(name) for name in var.index])
