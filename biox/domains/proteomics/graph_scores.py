"""The average graph of every method as scores of pairs, for the cohort and for resamples of its patients.

Of a resample, the influences of its patients are averaged anew (no network is trained again), and correlation and
partial correlation are computed anew. The graphical lasso and the forest take too long for that: theirs have no
interval. A resample holds some patients twice and so fewer different ones, which moves a figure as well as spreading
it; ``around`` therefore takes the spread of the draws and puts it around the figure of the cohort itself. The interval
is of what cohorts of this size show: noise in an average graph lowers its agreement with the truth, so that of endless
patients would be higher (simulated with 60 patients: by one half to one standard error).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from biox.domains.proteomics.found import Found, values
from biox.domains.proteomics.medians import medians, weighted_medians
from biox.domains.proteomics.strengths import Pairs, Strengths
from biox.stats.bootstrap import Resample, resample, widened_tail

OWN = "lrp"
DRAWN_BYTES = 2**29  # resampled scores of one method
FEWEST_DRAWS = 50


@dataclass(frozen=True)
class Scored:
    """Scores of pairs by method.

    value: shape (pair,). drawn: shape (draw, pair), only of methods that were resampled; the same draws of patients
    for all. subjects: how many patients there are. how: a sentence on the draws.
    """

    pairs: Pairs
    value: Mapping[str, np.ndarray]
    drawn: Mapping[str, np.ndarray]
    subjects: int
    how: str = ""


def scored(found: Found, main: Strengths, *, draws: int, seed: int) -> Scored:
    """The scores of the network's influences (``lrp``) and of every baseline; NaN where a method has none.

    Fewer draws are made where their scores would not fit in memory, and none below FEWEST_DRAWS.
    """
    pairs, subject = main.pairs, main.samples["subject"].to_numpy()
    value = {OWN: medians(main)} | {name: pairs.of(np.asarray(one)) for name, one in found.baselines.items()}
    draws = min(draws, DRAWN_BYTES // (4 * len(pairs.a)))
    subjects = len(np.unique(subject))
    if draws < FEWEST_DRAWS:
        return Scored(pairs, value, {}, subjects, "no interval: resampled graphs of so many pairs do not fit in memory")
    drawn = patients(found, main, draws=draws, seed=seed)
    counts = drawn.counts[:, drawn.index]
    own = {OWN: weighted_medians(main, counts)}
    how = (
        f"interval: patients drawn again {draws} times, their influences averaged anew with the networks as trained; "
        "pearson and partial computed anew, other methods not redone"
    )
    return Scored(pairs, value, own | _redone(found, main, counts), subjects, how)


def patients(found: Found, main: Strengths, *, draws: int, seed: int) -> Resample:
    """Draws of the patients, with all their samples; within their type where the type belongs to the patient."""
    stratum = main.samples["label"].to_numpy() if found.cohort.label_level == "subject" else None
    return resample(main.samples["subject"].to_numpy(), stratum=stratum, draws=draws, seed=seed)


def around(value: float, drawn: np.ndarray, units: int, *, low: float = 0.0, high: float = 1.0) -> tuple[float, float]:
    """The 95 % interval of a figure between ``low`` and ``high``: the spread of its draws around their median, put
    around the figure itself. NaN without draws.
    """
    defined = drawn[np.isfinite(drawn)]
    if not len(defined):
        return np.nan, np.nan
    tail = widened_tail(0.95, units - 1, units)
    ends = value + np.quantile(defined, [tail, 1 - tail]) - np.median(defined)
    return float(np.clip(ends[0], low, high)), float(np.clip(ends[1], low, high))


def _redone(found: Found, main: Strengths, counts: np.ndarray) -> dict[str, np.ndarray]:
    from biox.graphs.baselines import partial, pearson  # here, so that reading a study needs no scikit-learn

    rows = found.cohort.samples["sample"].isin(main.samples["sample"]).to_numpy()
    x = values(found)[rows]
    methods = {"pearson": pearson, "partial": partial}
    made = {name: np.empty((len(counts), len(main.pairs.a)), np.float32) for name in methods if name in found.baselines}
    for draw, count in enumerate(counts):
        again = np.repeat(x, count, axis=0)
        for name, table in made.items():
            table[draw] = main.pairs.of(methods[name](again))
    return made
