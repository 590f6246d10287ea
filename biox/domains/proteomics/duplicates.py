"""Patients with more than one sample: kept, averaged or refused, always on purpose."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from biox.core.errors import InputError, listed
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few

Duplicates = Literal["refuse", "keep", "average"]


def settled(levels: Levels, how: Duplicates) -> Levels:
    """The levels with every patient's samples handled as was asked for.

    ``refuse``: a patient with several samples is an InputError; neither keeping (that patient counts more) nor
    averaging (the values change) is right without asking. ``keep``: all stay; folds never separate a patient.
    ``average``: the mean of the measured levels, for patients whose samples are of one type; that sample is then called
    like the patient.
    """
    samples = levels.samples
    several = samples["subject"].duplicated(keep=False).to_numpy()
    if not several.any():
        return levels
    patients = samples["subject"][several].nunique()
    found = f"patients with more than one sample: {patients} ({int(several.sum())} samples)"
    if how == "keep":
        return levels.noted(f"There are {found}; all were kept, and no fold separates a patient.")
    if how == "refuse":
        first = samples["subject"][several].iloc[0]
        own = samples["sample"][samples["subject"] == first]
        raise InputError(
            f"{levels.source}: there are {found}, such as patient {first!r} with {few(own)}. Say "
            "`levels: {duplicates: keep}` to keep them all (no fold separates a patient), or `average`."
        )
    return _averaged(levels).noted(f"There are {found}; their measured levels were averaged.")


def _averaged(levels: Levels) -> Levels:
    samples = levels.samples
    types = samples.groupby("subject", sort=False)["label"].unique()
    mixed = types[types.map(len) > 1]
    if len(mixed):
        raise InputError(
            f"{levels.source}: patient {mixed.index[0]!r} has samples of the types {listed(mixed.iloc[0])}, which "
            f"cannot be averaged ({len(mixed)} such patients). Choose one type with "
            "`sheet: {where: ...}`, or keep them all."
        )
    codes, patients = pd.factorize(samples["subject"])
    values = pd.DataFrame(levels.values).groupby(codes).mean().to_numpy()
    several = np.bincount(codes) > 1
    table = samples.groupby(codes, sort=True).agg(dict.fromkeys(samples.columns, _common))
    table["sample"] = np.where(several, patients, table["sample"])
    table = table.astype({name: str for name in table if not is_numeric_dtype(samples[name])})
    return replace(levels, values=values, samples=table.reset_index(drop=True))


def _common(column: pd.Series) -> object:
    """What one patient's samples have in common: the value, the mean of numbers, or all texts joined by ``+``."""
    if is_numeric_dtype(column):
        return column.mean()
    return "+".join(dict.fromkeys(column))
