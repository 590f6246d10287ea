"""What a study's networks rely on in new patients: the values that their page is written from."""

from dataclasses import dataclass, field

import pandas as pd

UNUSUAL = 0.95
"""An edge is called unusual in a patient where it is stronger than in this share of the cohort."""


@dataclass(frozen=True)
class GraphPrediction:
    """The strongest edges of new patients, and how they compare with the cohort.

    samples: one row a new sample: ``sample``, ``subject``, ``label`` (its type, "" where it is not known), ``member``
        (whether the cohort holds the same values or a patient of the same name), ``outside`` (share of its measured
        values beyond the range of the cohort, protein by protein), ``unmeasured`` (share of the networks' proteins),
        and, counted by each fold's network alone as in the cohort, ``unusual`` (mean number of its strongest edges that
        are unusual), ``usual`` (median of the cohort) and ``place`` (share of the cohort with fewer, ties counting
        half).
    edges: one row an edge: ``sample``, ``rank`` (from 1), ``source``, ``target``, ``weight`` (signed influence, mean
        over the folds' networks), ``percentile`` (share of the cohort in which that edge is weaker, 0 .. 1; NaN where
        it is not known), ``low`` and ``high`` (least and greatest over the folds' networks).
    accuracy: one row a protein: ``protein``, ``r`` (held-out correlation in the cohort), ``predicted`` (bool).
    nodes: of the study's graphs (``Graphs.nodes``), whose places the drawing keeps.
    cohort: not used by the page, which has the comparison in ``samples``.
    notes: sentences of the reader on what was changed, dropped or not found.
    """

    samples: pd.DataFrame
    edges: pd.DataFrame
    accuracy: pd.DataFrame
    nodes: pd.DataFrame
    cohort: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()


def unusual(edges: pd.DataFrame) -> pd.DataFrame:
    """For each sample how many of its strongest edges are stronger than in nearly all of the cohort.

    edges: with ``sample`` and ``percentile``: of new patients, or ``Graphs.patients`` of the cohort itself. Returns
    ``sample`` and ``unusual``. A patient's strongest edges are chosen for their size, so some are always unusual:
    a count says something only beside those of the cohort.
    """
    counted = (edges["percentile"] >= UNUSUAL).groupby(edges["sample"], sort=False).sum()
    return pd.DataFrame({"sample": counted.index.astype(str), "unusual": counted.to_numpy(int)})
