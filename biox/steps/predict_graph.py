"""Predict, in a graph study: what its networks rely on in new patients, and how unusual that is in the cohort."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.graph_types import Graphs, Influence, MaskedFit
from biox.core.study import Study
from biox.core.types import Cohort
from biox.domains.proteomics.predicted import GraphPrediction, unusual
from biox.domains.proteomics.sheet import ALL
from biox.graphs.percentiles import strongest
from biox.steps.graphs import EDGES_OF_A_PATIENT, accuracy
from biox.steps.predict_graph_influence import pieces
from biox.steps.predict_graph_match import matched, outside, refuse_variant, same_people
from biox.steps.predict_graph_place import Reference, shares_weaker
from biox.steps.predict_graph_unusual import beside_cohort, most_unusual

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
    unusual in the cohort, with the columns of ``prediction.edges``.
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
    samples, own = _described(people, known.cohort)
    nodes = _accuracy(study, known)
    listed = [name if good else "" for name, good in zip(nodes["protein"], nodes["predicted"], strict=True)]
    counts = _counts(_of_cohort(study, known, listed), known.influence)
    reference = Reference(known.influence.values, _networks(known), [_places(known, rows) for rows in own])
    strong, rare, beside = [], [], []
    for piece in pieces(study, known.cohort, known.fits, method, people):
        mean, names, among = piece.by_fold.mean(axis=0), piece.samples["sample"].tolist(), reference.of(piece.rows)
        write(mean, piece.samples)
        weaker = shares_weaker(among, piece.by_fold)
        top = strongest(mean, names, listed, count=EDGES_OF_A_PATIENT)
        for edges, tables in ((top, strong), (most_unusual(mean, weaker, names, listed), rare)):
            tables.append(_with_numbers(edges, first.proteins, names, (piece.by_fold, weaker)))
        beside.append(beside_cohort(among, piece.by_fold, first.proteins, listed, counts))
    prediction = GraphPrediction(
        samples=pd.concat([samples, pd.concat(beside, ignore_index=True)], axis=1),
        edges=pd.concat(strong, ignore_index=True),
        accuracy=nodes[["protein", "r", "predicted"]],
        nodes=known.graphs.nodes,
        notes=(*people.notes, *_stored(study)),
    )
    return Found(prediction, pd.concat(rare, ignore_index=True))


def _described(people: Cohort, cohort: Cohort) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """The table of the new samples, and for each the rows of the cohort that are of the same patient."""
    own, label = same_people(people, cohort), people.samples["label"].astype(str)
    table = people.samples[["sample", "subject"]].assign(
        label=label.where(label != ALL, ""),
        member=[len(rows) > 0 for rows in own],
        outside=outside(people, np.asarray(cohort.x)),
        unmeasured=np.isnan(people.x).mean(axis=1),
    )
    return table, own


def _networks(known: Known) -> list[np.ndarray]:
    """For each fold's network the rows of the cohort's influences that it explained."""
    names = known.influence.samples["sample"]
    tested = [fit.parts["sample"][fit.parts["part"] == "test"] for fit in known.fits.values()]
    return [np.flatnonzero(names.isin(own)) for own in tested]


def _places(known: Known, rows: np.ndarray) -> np.ndarray:
    """The rows of the cohort's influences of some samples of the cohort."""
    return np.flatnonzero(known.influence.samples["sample"].isin(known.cohort.samples["sample"].iloc[rows]))


def _accuracy(study: Study, known: Known) -> pd.DataFrame:
    """How well each protein is predicted, by the networks that are asked."""
    variant = known.influence.variant
    if variant == "main":
        return known.graphs.nodes
    return accuracy(known.cohort, study, {fold: {variant: fit} for fold, fit in known.fits.items()}, variant)


def _of_cohort(study: Study, known: Known, listed: list[str]) -> pd.DataFrame:
    """The strongest edges of each sample of the cohort by the same variant and method."""
    own = known.influence
    if (own.variant, own.method) == ("main", next(iter(study.methods))):
        return known.graphs.patients
    return strongest(own.values, own.samples["sample"].tolist(), listed, count=EDGES_OF_A_PATIENT)


def _counts(edges: pd.DataFrame, influence: Influence) -> np.ndarray:
    """The unusual edges of each row of the influences; a sample without any edge has none."""
    counted = unusual(edges).set_index("sample")["unusual"]
    return counted.reindex(influence.samples["sample"], fill_value=0).to_numpy()


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
