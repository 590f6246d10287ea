"""The nouns of graph studies: a network that predicts hidden proteins, what it relied on, and the graphs of that.

A matrix of edges always has the source first and the target second: ``matrix[source, target]``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from torch import Tensor

SHUFFLED = "null-"
SEEDED = "seed-"


@dataclass(frozen=True)
class MaskedFit:
    """One network of one fold that predicts hidden proteins from shown ones, with all that is needed to use it.

    variant: ``main``, a variant of the study, ``null-0`` .. (trained on a table whose proteins were shuffled one by
        one) or ``seed-1`` .. (another seed).
    shift, scale: shape (protein,): the network sees ``(value - shift) / scale``.
    parts: one row a sample of the cohort: ``sample`` and ``part``: "train", "validation", "test", or "" for samples
        that this variant leaves out.
    accuracy: one row a protein, over the test samples: ``protein``, ``r`` (correlation of prediction and value, nine
        tenths of the other proteins shown), ``mse`` (in units of the training variance) and ``n`` (samples).
    predictions: one row a test sample in the cohort's order: ``sample`` and one column a protein (standardised).
    history: one row an epoch.
    """

    variant: str
    fold: int
    seed: int
    model: str
    options: Mapping[str, Any]
    weights: "Mapping[str, Tensor]"
    proteins: tuple[str, ...]
    unit: str
    shift: np.ndarray
    scale: np.ndarray
    parts: pd.DataFrame
    accuracy: pd.DataFrame
    predictions: pd.DataFrame
    history: pd.DataFrame


@dataclass(frozen=True)
class Influence:
    """How much each protein raised (positive) or lowered (negative) the prediction of each other one, in each sample.

    values: array-like of shape (sample, source, target), read by rows (``values[rows]`` is float32): the mean signed
        relevance of the source for the prediction of the target over random masks, in units of the target's training
        sd; by LRP half of it (as published), so that a target's sources add up to about half of its prediction. 0 on
        the diagonal; NaN where source or target was not measured in that sample. Where only the strongest sources of
        each target were stored, the others are 0.
    samples: ``sample``, ``masks`` (how many were needed) and ``error`` (standard error of the edge scores, as a share
        of their spread).
    """

    variant: str
    method: str
    settings: Mapping[str, Any]
    values: Any
    samples: pd.DataFrame
    proteins: tuple[str, ...]


@dataclass(frozen=True)
class Graphs:
    """The graphs of a cohort: of all patients, of each type, and what is peculiar to each patient.

    groups: "all", then the types with enough patients, in the order of the first axis of ``average`` and ``signed``.
    average: by variant, shape (group, source, target): the median over samples of the absolute influence.
    signed: the same of the mean signed influence.
    nodes: one row a protein: ``protein``, ``r``, ``p``, ``q`` (held-out correlation, one-sided test that it is above 0,
        Holm), ``predicted`` (whether it is), ``strength_in``, ``strength_out`` (sums of the average graph), ``degree``
        (kept edges), ``hub`` (bool), ``community`` (int, 0 the largest), ``x``, ``y`` (layout, 0 .. 1).
    edges: one row an unordered pair of proteins of the graph of all: ``a``, ``b``, ``weight`` (mean of both
        directions), ``forward`` (a to b), ``backward``, ``sign`` (-1 .. 1: share of positive minus negative influence),
        ``p``, ``q`` (against the null, false discovery rate), ``folds`` and ``seeds`` (share of folds, of further
        seeds, in which the pair ranks as high as the weakest kept one does here, NaN without) and ``kept`` (q at most
        alpha and both ends predicted; without nulls no edge is tested, p and q are NaN, and kept says that it is among
        the strongest).
    patients: the strongest edges of each sample: ``sample``, ``rank`` (from 1), ``source``, ``target``, ``weight``
        (signed influence) and ``percentile`` (share of the cohort in which that edge is weaker, 0 .. 1).
    """

    proteins: tuple[str, ...]
    groups: tuple[str, ...]
    average: Mapping[str, np.ndarray]
    signed: Mapping[str, np.ndarray]
    nodes: pd.DataFrame
    edges: pd.DataFrame
    patients: pd.DataFrame
