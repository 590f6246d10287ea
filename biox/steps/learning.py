"""What a variant learns from: which label, which samples, and which version of their values."""

from typing import Any

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.study import Learn
from biox.core.types import Cohort


def labels_of(cohort: Cohort, learn: Learn) -> np.ndarray:
    """Class index that is learnt for every sample, shape (sample,); -1 where that column holds no class."""
    labels = _column(cohort.samples, learn.label, "learn.label")
    unknown = sorted(set(labels.dropna().astype(str)) - set(cohort.classes))
    if unknown:
        raise InputError(
            f"learn.label: column {learn.label!r} holds {listed(unknown)}; the classes are {listed(cohort.classes)}."
        )
    return pd.Categorical(labels, categories=list(cohort.classes)).codes.astype(np.int64)


def learnt_from(samples: pd.DataFrame, learn: Learn) -> np.ndarray:
    """Which samples a model may learn from, shape (sample,): those with a label and with one of the wanted values."""
    kept = _column(samples, learn.label, "learn.label").notna().to_numpy()
    for name, values in learn.where.items():
        kept = kept & _column(samples, name, "learn.where").isin(list(values)).to_numpy()
    return kept


def viewed(cohort: Cohort, learn: Learn) -> Any:
    """The values that a model learns from: those of the cohort, or another version of them."""
    if learn.view == "given":
        return cohort.x
    views = getattr(cohort.x, "views", ())
    if learn.view not in views:
        there = listed(("given", *views))
        raise InputError(f"learn.view: there is no version {learn.view!r} of these samples; there is {there}.")
    return cohort.x.view(learn.view)


def _column(samples: pd.DataFrame, name: str, key: str) -> pd.Series:
    if name not in samples:
        raise InputError(f"{key}: the sample table has no column {name!r}; it has {listed(samples.columns)}.")
    return samples[name]
