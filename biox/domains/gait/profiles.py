"""Relevance of people instead of samples: what spoke for each class, averaged so that every person weighs the same.

A person's relevance map is the mean over the person's trials. The *net* profile is the mean over people, the classes
weighing the same: it asks where the model, on average, found what told the classes apart. What speaks as much for one
class as against the other (the common course of a curve that is far from zero) cancels in it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from biox.core.errors import InputError
from biox.core.types import Axis, Cohort, Fit, Relevance
from biox.domains.gait.groups import Groups, groups_of


def out_of_fold(folds: Mapping[int, Mapping[str, Relevance]], variant: str, cohort: Cohort) -> np.ndarray:
    """Relevance of every sample by the model that never saw its person, shape (sample, channel, point)."""
    parts = [folds[k][variant] for k in sorted(folds)]
    return _tested([(one.samples, one.values) for one in parts], cohort, variant)


def out_of_fold_logits(folds: Mapping[int, Mapping[str, Fit]], variant: str, cohort: Cohort) -> np.ndarray:
    """Logits of every sample from the model that never saw its person, shape (sample, class), in the cohort's order."""
    parts = [folds[k][variant] for k in sorted(folds)]
    return _tested([(one.scores, one.logits()) for one in parts], cohort, variant)


def _tested(parts: list[tuple[pd.DataFrame, np.ndarray]], cohort: Cohort, variant: str) -> np.ndarray:
    """The rows of part "test" of every fold, put in the cohort's order."""
    row = pd.Series(np.arange(len(cohort.samples)), index=cohort.samples["sample"].to_numpy())
    values = np.full((len(row), *parts[0][1].shape[1:]), np.nan)
    for table, rows in parts:
        tested = (table["part"] == "test").to_numpy()
        values[row[table["sample"].to_numpy()[tested]].to_numpy()] = rows[tested]
    missing = np.asarray(np.isnan(values).reshape(len(values), -1).any(axis=1))
    if missing.any():
        name = cohort.samples["sample"][missing].iloc[0]
        raise InputError(
            f"Variant {variant!r}: sample {name!r} is in no test fold ({missing.sum()} such); run all folds."
        )
    return values


def outside(relevance: Relevance, cohort: Cohort) -> tuple[np.ndarray, Cohort]:
    """Relevance of the people outside the fit's test fold, and the cohort of those people, in one order."""
    table = relevance.samples.set_index("sample")
    order = table.index.get_indexer(pd.Index(cohort.samples["sample"]))
    kept = (table["part"].to_numpy()[order] != "test") & (order >= 0)
    return relevance.values[order[kept]], cohort.take(kept)


def channels_of(cohort: Cohort, axis: Axis) -> list[int]:
    """The places of a fit's channels among those of the cohort."""
    return [cohort.axes[0].labels.index(label) for label in axis.labels]


def shared(cohort: Cohort, axis: Axis) -> Cohort:
    """The cohort with only the channels that a fit saw, in the fit's order."""
    rows = channels_of(cohort, axis)
    truth = None if cohort.truth is None else cohort.truth[:, rows]
    return replace(cohort, x=np.asarray(cohort.x)[:, rows], axes=(axis, *cohort.axes[1:]), truth=truth)


def net(groups: Groups) -> np.ndarray:
    """Mean relevance over people, each class weighing the same, shape (channel, point), in units of the score."""
    return np.mean([v.mean(0) for v in groups.values], axis=0)


def attention(groups: Groups) -> Groups:
    """Where each person's map has its weight: |R| divided by its mean over the map, so that 1 is an even spread.

    Signed maps of two classes explain two outputs and differ even where a model learnt nothing; this does not.
    """
    size = [np.abs(v) for v in groups.values]
    even = tuple(v / np.maximum(v.mean((1, 2), keepdims=True), 1e-300) for v in size)
    return Groups(even, groups.subjects, groups.classes, groups.paired)


def net_outside(relevance: Relevance, cohort: Cohort) -> np.ndarray:
    """The net profile of the people whom this fold does not test."""
    values, people = outside(relevance, cohort)
    return net(groups_of(values, people))
