"""Does the graph of each sample show the edges that are active in that sample? For known graphs with groups of edges.

All samples and pairs are pooled; positives are the edges of the sample's own group. ``individual within blocks`` takes
only pairs that are an edge in some group: there the question is active against inactive, which no average graph can
answer by knowing which pairs are connected at all. Average graphs, given to every sample alike, are scored beside.

For resamples of patients and cohorts of any size, the strengths are counted in a few thousand classes, finest among the
strongest, once for each sample.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.benchmark import ALL, COLUMNS
from biox.domains.proteomics.found import Found, standardised, values
from biox.domains.proteomics.graph_scores import OWN, around, patients
from biox.domains.proteomics.known import Known, group_of, matrices
from biox.domains.proteomics.scores import Counted, auroc, average_precision, counted, ranked
from biox.domains.proteomics.strengths import Strengths, by_samples
from biox.stats.bootstrap import Resample

CLASSES = np.concatenate([np.linspace(0, 0.98, 1500), 1 - np.geomspace(0.02, 1e-6, 1500)])
LOOKED_AT = 2_000_000  # strengths from which the borders of the classes are taken
CHUNK = 2**24
Each = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]  # rows of the samples, their scores (row, pair)


@dataclass(frozen=True)
class Truth:
    """The edges of each group of samples, shape (group, pair), the group of each sample, and the pairs that count."""

    edges: np.ndarray
    group: np.ndarray
    counting: np.ndarray


def individual(found: Found, main: Strengths, reference: Known, *, draws: int, seed: int) -> Evidence:
    """Network, LIONESS, the model-free product and every average graph against the edges of each sample's group."""
    truth = _truth(reference, main, found.graphs.proteins)
    drawn = patients(found, main, draws=draws, seed=seed)
    some = truth.edges.any(0) & truth.counting
    scopes = {"individual": truth.counting, "individual within blocks": some}
    rows = []
    for scope, counting in scopes.items():
        asked = Truth(truth.edges, truth.group, counting)
        if 0 < _true_share(asked) < 1:
            for name, each in _each(found, main).items():
                rows += _rows(name, (reference.name, scope), _counted_each(each, asked), drawn)
            for name, graph in found.baselines.items():
                levels = _counted_average(main.pairs.of(np.asarray(graph)), asked)
                rows += _rows(name, (reference.name, scope), levels, drawn)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Evidence(claims_table(_claims(table, found)), {"benchmark": table})


def _truth(reference: Known, main: Strengths, proteins: tuple[str, ...]) -> Truth:
    own = group_of(main.samples)
    groups = sorted(set(own))
    found = matrices(reference, proteins, groups)
    edges = np.stack([main.pairs.of((one | one.T).astype(float)) > 0 for one in found.values()])
    spoken_of = np.isin(proteins, reference.proteins)
    counting = spoken_of[main.pairs.a] & spoken_of[main.pairs.b]
    return Truth(edges, own.map({name: i for i, name in enumerate(groups)}).to_numpy(np.int64), counting)


def _true_share(truth: Truth) -> float:
    if not truth.counting.any():
        return 0.0
    of_group = truth.edges[:, truth.counting].mean(1)
    return float(of_group @ np.bincount(truth.group, minlength=len(of_group)) / len(truth.group))


def _each(found: Found, main: Strengths) -> dict[str, Each]:
    from biox.graphs.baselines import lioness_within, product  # here, so that reading a study needs no scikit-learn

    rows = found.cohort.samples["sample"].isin(main.samples["sample"]).to_numpy()
    x, z = values(found)[rows], standardised(found)[rows]

    def pieces(score: Callable[[np.ndarray], np.ndarray]) -> Each:
        step = max(1, CHUNK // x.shape[1] ** 2)

        def one() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for start in range(0, len(x), step):
                chunk = np.arange(start, min(len(x), start + step))
                yield chunk, main.pairs.of(np.asarray(score(chunk), np.float32))

        return one

    return {
        OWN: lambda: by_samples(main),
        "lioness": pieces(lambda chunk: lioness_within(x, chunk)),
        "product": pieces(lambda chunk: product(z[chunk])),
    }


@dataclass(frozen=True)
class Levels:
    """Pairs on each level of a score from the strongest on, true and false, by row; ``row`` of every sample.

    Rows are samples, or groups of samples where all samples of a group share their counts.
    """

    true: np.ndarray
    false: np.ndarray
    row: np.ndarray


def _counted_each(each: Each, truth: Truth) -> Levels:
    borders = _borders(each, truth.counting)
    levels = len(borders) + 1
    table = np.zeros((len(truth.group), 2, levels), np.int32)
    for rows, scores in each():
        scores = scores[:, truth.counting]
        known = np.isfinite(scores)
        level = np.searchsorted(borders, scores, side="right")
        true = truth.edges[truth.group[rows]][:, truth.counting]
        place = (np.arange(len(rows))[:, None] * 2 + true) * levels + level
        counts = np.bincount(place[known], minlength=len(rows) * 2 * levels)
        table[rows] = counts.reshape(len(rows), 2, levels)
    return Levels(table[:, 1, ::-1], table[:, 0, ::-1], np.arange(len(truth.group)))


def _borders(each: Each, counting: np.ndarray) -> np.ndarray:
    """Quantiles of the strengths over evenly spaced samples and pairs."""
    seen, parts = 0, []
    for _, scores in each():
        flat = scores[:, counting].ravel()
        parts.append(flat[np.isfinite(flat)])
        seen += len(parts[-1])
        if seen > 4 * LOOKED_AT:
            parts, seen = [_thinned(parts)], LOOKED_AT
    return np.unique(np.quantile(_thinned(parts), CLASSES))


def _thinned(parts: list[np.ndarray]) -> np.ndarray:
    every = np.concatenate(parts)
    return every[:: max(1, len(every) // LOOKED_AT)]


def _counted_average(score: np.ndarray, truth: Truth) -> Levels:
    """One graph for all samples: what differs is only which edges are true."""
    own = score[truth.counting]
    levels = counted(ranked(np.nan_to_num(own, nan=-np.inf)), truth.edges[:, truth.counting])
    return Levels(levels.true, levels.false, truth.group)


def _rows(name: str, place: tuple[str, str], levels: Levels, drawn: Resample) -> list[tuple]:
    every = np.bincount(levels.row, minlength=len(levels.true))[None].astype(float)
    weights = _by_row(drawn, levels)
    whole, again = _pooled(levels, every), _pooled(levels, weights)
    subjects = drawn.counts.shape[1]
    share = float(whole.true.sum() / (whole.true.sum() + whole.false.sum()))
    made = []
    kinds: Mapping[str, tuple[Callable[[Counted], np.ndarray], float]] = {
        "AUROC": (auroc, 0.5),
        "AUPR": (average_precision, share),
    }
    for measure, (compute, base) in kinds.items():
        value = float(compute(whole)[0])
        ends = around(value, compute(again), subjects)
        made.append((name, *place, ALL, measure, value, *ends, np.nan, subjects, base))
    return made


def _by_row(drawn: Resample, levels: Levels) -> np.ndarray:
    """How often every row counts in every draw, shape (draw, row)."""
    counts = drawn.counts[:, drawn.index].astype(float)
    if len(levels.true) == counts.shape[1]:
        return counts
    return counts @ np.eye(len(levels.true))[levels.row]


def _pooled(levels: Levels, weights: np.ndarray) -> Counted:
    return Counted(weights @ levels.true, weights @ levels.false)


def _claims(table: pd.DataFrame, found: Found) -> list[dict]:
    constant = set(found.baselines)
    how = "all samples and pairs pooled, each network's own test patients; interval: patients drawn again"
    alike = "the one average graph for every sample, and for pairs that were not measured too; interval as before"
    return [
        {
            "claim": f"{row['measure']}, {row['scope']}",
            "group": f"{row['method']} | {row['reference']} | {row['scope']} | {row['pairs']}",
            **{key: row[key] for key in ("value", "low", "high", "n")},
            "method": alike if row["method"] in constant else how,
        }
        for row in table.to_dict("records")
    ]
