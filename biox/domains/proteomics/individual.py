"""Does the graph of each sample show the edges that are active in that sample? For known graphs with groups of edges.

All samples and pairs are pooled; positives are the edges of the sample's own group. ``individual within blocks`` takes
only pairs that are an edge in some group: there the question is active against inactive, which no average graph can
answer by knowing which pairs are connected at all. Average graphs, given to every sample alike, are scored beside.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.benchmark import ALL, COLUMNS, Measure, Measured, claims_of, leads, row_of
from biox.domains.proteomics.found import Found, standardised, values
from biox.domains.proteomics.graph_scores import OWN, Scored, patients
from biox.domains.proteomics.known import Known, group_of, matrices
from biox.domains.proteomics.pooled import Each, Truth, by_sample, pooled
from biox.domains.proteomics.scores import Counted, auroc, average_precision, counted, ranked
from biox.domains.proteomics.strengths import Strengths, by_samples

CHUNK = 2**24
MEASURES: dict[str, Measure] = {"AUROC": auroc, "AUPR": average_precision}
HOW = (
    "all samples and pairs pooled; lrp, lioness and product of each sample, other methods their one average graph for "
    "every sample, and for pairs that were not measured in it too"
)


def individual(found: Found, main: Strengths, reference: Known, scored: Scored, *, draws: int, seed: int) -> Evidence:
    """Network, LIONESS, the model-free product and every average graph against the edges of each sample's group.

    scored: the average graphs; if they were resampled, then by the same seed, so that all methods are compared on the
    same draws of patients.
    """
    truth = _truth(reference, main, found.graphs.proteins)
    drawn = patients(found, main, draws=len(scored.drawn.get(OWN, ())) or draws, seed=seed)
    some = truth.edges.any(0) & truth.counting
    told = replace(scored, how=f"{HOW}; {scored.how}")
    rows, claims = [], []
    for scope, counting in {"individual": truth.counting, "individual within blocks": some}.items():
        asked = replace(truth, counting=counting)
        share = _true_share(asked)
        if 0 < share < 1:
            draw = _Draws(drawn.counts[:, drawn.index].astype(float), share)
            measured = _each_measured(found, main, asked, draw) | _alike_measured(scored, asked, draw)
            place = (reference.name, scope, ALL)
            made = [row_of(name, place, one, scored.subjects) for name, every in measured.items() for one in every]
            rows += made
            claims += [*claims_of(made, told.how), *leads(measured, place, told)]
    return Evidence(claims_table(claims), {"benchmark": pd.DataFrame(rows, columns=COLUMNS)})


@dataclass(frozen=True)
class _Draws:
    """How often each sample counts, shape (draw, sample), and the share of true pairs, which AUPR reaches by chance."""

    weights: np.ndarray
    share: float


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


def _each_measured(found: Found, main: Strengths, truth: Truth, draws: _Draws) -> dict[str, list[Measured]]:
    """Methods with a graph of each sample."""
    measured = {}
    for name, each in _each(found, main).items():
        levels = by_sample(each, truth)
        whole = pooled(levels, np.ones((1, len(truth.group))))
        again = pooled(levels, draws.weights)
        measured[name] = _figures(whole, draws.share, {m: compute(again) for m, compute in MEASURES.items()})
    return measured


def _alike_measured(scored: Scored, truth: Truth, draws: _Draws) -> dict[str, list[Measured]]:
    """Methods whose one average graph is given to every sample."""
    groups = np.eye(len(truth.edges))[truth.group]
    measured = {}
    for name, score in scored.value.items():
        if name == OWN:
            continue
        again = zip(scored.drawn.get(name, []), draws.weights @ groups, strict=False)
        counts = [_alike(one, truth, samples) for one, samples in again]
        drawn = {m: np.array([float(compute(one)[0]) for one in counts]) for m, compute in MEASURES.items()}
        measured[name] = _figures(_alike(score, truth, groups.sum(0)), draws.share, drawn)
    return measured


def _figures(whole: Counted, share: float, drawn: dict[str, np.ndarray]) -> list[Measured]:
    bases = {"AUROC": 0.5, "AUPR": share}
    return [
        Measured(name, float(compute(whole)[0]), drawn[name], np.nan, bases[name]) for name, compute in MEASURES.items()
    ]


def _alike(score: np.ndarray, truth: Truth, samples: np.ndarray) -> Counted:
    """One graph for all samples: what differs is only which edges are true. samples: how many each group has."""
    own = np.nan_to_num(np.asarray(score)[truth.counting], nan=-np.inf)
    levels = counted(ranked(own), truth.edges[:, truth.counting])
    return Counted(samples[None] @ levels.true, samples[None] @ levels.false)


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
