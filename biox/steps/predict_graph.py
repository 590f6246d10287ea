"""Predict, in a graph study: what its networks rely on in new patients, and how unusual that is in the cohort."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from biox.core.graph_types import Graphs, Influence, MaskedFit
from biox.core.study import Study
from biox.core.types import Cohort
from biox.domains.proteomics.predicted import GraphPrediction, unusual
from biox.domains.proteomics.sheet import ALL
from biox.graphs.percentiles import strongest
from biox.steps.graphs import EDGES_OF_A_PATIENT, accuracy
from biox.steps.influence import BACKGROUND, explained
from biox.steps.predict_graph_match import matched, outside, refuse_variant, same_people
from biox.steps.predict_graph_place import Network, shares_weaker

PIECE_BYTES = 2**28
Write = Callable[[np.ndarray, pd.DataFrame], None]


@dataclass(frozen=True)
class Known:
    """What a finished study knows: its cohort, one variant's networks by fold, their influences, and its graphs."""

    cohort: Cohort
    fits: Mapping[int, MaskedFit]
    influence: Influence
    graphs: Graphs


@dataclass(frozen=True)
class Found:
    """The prediction, of which the page is made, and ``unusual``: for each new sample the edges that are the most
    unusual in the cohort, with the columns of ``prediction.edges``; of equally unusual ones the stronger come first.
    """

    prediction: GraphPrediction
    unusual: pd.DataFrame


def predict_graph(study: Study, known: Known, method: str, people: Cohort, write: Write) -> Found:
    """The graphs of new patients: influences by the network of every fold, averaged, held against the cohort's.

    An edge's percentile compares like with like: the new patient's influence by each fold's network with those of the
    patients of the cohort whom that same network never saw, all folds together. Only edges between proteins that can be
    predicted are listed. A patient of the cohort is explained like any other, by all networks, and marked as ``member``
    (most of the networks learnt from them); own samples do not count in a percentile. write: gets the influences,
    means over the folds' networks, a few samples at a time.
    Raises InputError where ``matched`` or ``outside`` do, and for a variant that prepares its levels.
    """
    first = known.fits[min(known.fits)]
    prepare = study.variant(first.variant).prepare
    assert prepare is not None
    refuse_variant(study.name, first.variant, prepare.name)
    people = matched(people, first.proteins, first.unit)
    beyond, own = outside(people, np.asarray(known.cohort.x)), same_people(people, known.cohort)
    nodes = _accuracy(study, known)
    listed = [name if good else "" for name, good in zip(nodes["protein"], nodes["predicted"], strict=True)]
    networks = _networks(known)
    strong, rare = [], []
    for rows, by_fold, samples in _pieces(study, known, method, people):
        mean = by_fold.mean(axis=0)
        write(mean, samples)
        weaker = shares_weaker(known.influence.values, by_fold, networks, [_places(known, own[row]) for row in rows])
        names = samples["sample"].tolist()
        top = strongest(mean, names, listed, count=EDGES_OF_A_PATIENT).drop(columns="percentile")
        strong.append(_with_numbers(top, first.proteins, names, (by_fold, weaker)))
        rare.append(_with_numbers(most_unusual(mean, weaker, names, listed), first.proteins, names, (by_fold, weaker)))
    label = people.samples["label"].astype(str)
    table = people.samples[["sample", "subject"]].assign(
        label=label.where(label != ALL, ""),
        member=[len(rows) > 0 for rows in own],
        outside=beyond,
        unmeasured=np.isnan(people.x).mean(axis=1),
    )
    prediction = GraphPrediction(
        samples=table,
        edges=pd.concat(strong, ignore_index=True),
        accuracy=nodes[["protein", "r", "predicted"]],
        nodes=known.graphs.nodes,
        cohort=unusual(_of_cohort(study, known, listed)),
        notes=(*people.notes, *_stored(study)),
    )
    return Found(prediction, pd.concat(rare, ignore_index=True))


def most_unusual(mean: np.ndarray, weaker: np.ndarray, names: list[str], listed: list[str]) -> pd.DataFrame:
    """The edges of each sample that are weaker in most of the cohort: ``sample``, ``rank``, ``source``, ``target`` and
    ``weight``. mean, weaker: (sample, source, target). Proteins named "" are left out.
    """
    kept = np.array([bool(name) for name in listed])
    proteins, tables = np.asarray(listed, object), []
    for name, weight, share in zip(names, mean, weaker, strict=True):
        source, target = np.nonzero(kept[:, None] & kept & ~np.isnan(share) & (np.nan_to_num(weight) != 0))
        order = np.lexsort((-np.abs(weight[source, target]), -share[source, target]))[:EDGES_OF_A_PATIENT]
        source, target = source[order], target[order]
        ends = {"source": proteins[source].astype(str), "target": proteins[target].astype(str)}
        rank = np.arange(1, len(order) + 1)
        tables.append(pd.DataFrame({"sample": name, "rank": rank, **ends, "weight": weight[source, target]}))
    return pd.concat(tables, ignore_index=True)


def _pieces(
    study: Study, known: Known, method: str, people: Cohort
) -> Iterator[tuple[np.ndarray, np.ndarray, pd.DataFrame]]:
    """Rows of some new samples, their influences by each network, (fold, sample, source, target), and how they came."""
    # Masks follow from the name, so that a patient's graph does not depend on who else is in the table.
    numbers = np.array([crc32(name.encode()) for name in people.samples["sample"]])
    x = np.asarray(people.x)
    at_once = max(1, PIECE_BYTES // (4 * len(known.fits) * x.shape[1] ** 2))
    for start in range(0, len(x), at_once):
        rows = np.arange(start, min(start + at_once, len(x)))
        values, masks, error = [], [], []
        for fit in known.fits.values():
            how = study.methods[method], _background(known.cohort, fit)
            found = list(explained(x[rows], fit, study, how, numbers[rows]))
            values.append(np.concatenate([one.values for one in found]))
            masks.append(np.concatenate([one.masks for one in found]))
            error.append(np.concatenate([one.error for one in found]))
        names = people.samples["sample"].to_numpy()[rows]
        about = {"masks": np.sum(masks, axis=0), "error": np.max(error, axis=0)}
        yield rows, np.stack(values), pd.DataFrame({"sample": names, **about})


def _background(cohort: Cohort, fit: MaskedFit) -> np.ndarray:
    """The raw training levels from which expected gradients start, evenly from the table."""
    train = np.flatnonzero((fit.parts["part"] == "train").to_numpy())
    return np.asarray(cohort.x)[train[np.linspace(0, len(train) - 1, min(len(train), BACKGROUND)).round().astype(int)]]


def _networks(known: Known) -> list[Network]:
    """For each fold's network the rows of the stored influences that it explained."""
    names = known.influence.samples["sample"]
    tested = [fit.parts["sample"][fit.parts["part"] == "test"] for fit in known.fits.values()]
    return [np.flatnonzero(names.isin(own)) for own in tested]


def _places(known: Known, rows: np.ndarray) -> np.ndarray:
    """The rows of the stored influences of some samples of the cohort."""
    return np.flatnonzero(known.influence.samples["sample"].isin(known.cohort.samples["sample"].iloc[rows]))


def _accuracy(study: Study, known: Known) -> pd.DataFrame:
    """How well each protein is predicted, by the networks that are asked."""
    first = known.fits[min(known.fits)]
    if first.variant == "main":
        return known.graphs.nodes
    # Levels that nothing prepared are those of main, so its networks' place can be taken.
    return accuracy(known.cohort, study, {fold: {"main": fit} for fold, fit in known.fits.items()})


def _of_cohort(study: Study, known: Known, listed: list[str]) -> pd.DataFrame:
    """The strongest edges of each sample of the cohort by the same variant and method."""
    own = known.influence
    if (own.variant, own.method) == ("main", next(iter(study.methods))):
        return known.graphs.patients
    return strongest(own.values, own.samples["sample"].tolist(), listed, count=EDGES_OF_A_PATIENT)


def _with_numbers(
    edges: pd.DataFrame, proteins: tuple[str, ...], names: list[str], of: tuple[np.ndarray, np.ndarray]
) -> pd.DataFrame:
    """Edges with their percentile and their range over the folds' networks."""
    by_fold, weaker = of
    place = {name: number for number, name in enumerate(proteins)}
    row = edges["sample"].map({name: number for number, name in enumerate(names)}).to_numpy(int)
    source, target = (edges[end].map(place).to_numpy(int) for end in ("source", "target"))
    own = by_fold[:, row, source, target]
    return edges.assign(percentile=weaker[row, source, target], low=own.min(axis=0), high=own.max(axis=0))


def _stored(study: Study) -> tuple[str, ...]:
    assert study.graph is not None
    if study.graph.top is None:
        return ()
    return (
        f"Of the cohort only the {study.graph.top} strongest sources of each protein are stored; where an edge is not "
        "among them, it counts as weaker.",
    )
