"""The commands of graph studies: networks that predict hidden proteins, their influences, graphs, and baselines."""

import argparse
from typing import TYPE_CHECKING

from biox.core.errors import InputError
from biox.core.files import whole
from biox.core.places import Places
from biox.places import known_method, load_cohort, opened, own_folder, record

if TYPE_CHECKING:
    from biox.core.graph_types import Influence, MaskedFit
    from biox.core.study import Study
    from biox.core.types import Cohort, Evidence


def influence(options: argparse.Namespace) -> None:
    """Say what the networks of one fold relied on, in one shard of the patients they never saw."""
    from biox.core import graph_store
    from biox.core.studies import settings_for
    from biox.steps.influence import influences

    own_folder(options.out)
    study, places = _opened(options)
    assert study.graph is not None
    name = known_method(study, options.method)
    cohort, fits = load_cohort(places), graph_store.load_masked_fits(places.fit(options.fold))
    # Of ``graph`` what influences depend on: shards computed before and after a change elsewhere still belong together.
    graph = settings_for(study, "influence")["graph"]
    settings = {**study.methods[name].model_dump(mode="json"), "graph": graph}
    with whole(options.out) as fresh:
        fresh.mkdir()
        for job in influences(cohort, study, fits, name, options.shard):
            head = graph_store.InfluenceHead(job.variant, name, settings, job.samples, cohort.axes[0].labels)
            with graph_store.influence_writer(fresh, head, study.graph) as write:
                for piece in job.pieces:
                    write(piece.values, piece.samples)
        record(fresh, "influence", study, [places.cohort, places.fit(options.fold)])


def baselines(options: argparse.Namespace) -> None:
    """Score all pairs of proteins without a network, on the same folds."""
    from biox.core import graph_store
    from biox.steps.baselines import baselines

    own_folder(options.out)
    study, places = _opened(options)
    with whole(options.out) as fresh:
        graph_store.save_matrices(baselines(load_cohort(places), study), fresh)
        record(fresh, "baselines", study, [places.cohort])


def graphs(options: argparse.Namespace) -> None:
    """Draw the graphs of a study from all influences, and write them for other programs and for the report."""
    from biox.core import graph_store
    from biox.steps.graphs import graphs, write_exports

    own_folder(options.out)
    study, places = _opened(options)
    method = next(iter(study.methods))
    cohort, fits = load_cohort(places), load_masked(study, places)
    found = graphs(cohort, study, fits, load_influences(study, places, method))
    with whole(options.out) as fresh:
        graph_store.save_graphs(found, fresh)
        write_exports(found, fresh / "exports")
        used = [places.cohort, *(places.fit(fold) for fold in fits), *places.influences(study, method)]
        record(fresh, "graphs", study, used)


def load_masked(study: "Study", places: Places) -> "dict[int, dict[str, MaskedFit]]":
    """All fits of a graph study by fold and arm."""
    from biox.core import graph_store

    return {fold: graph_store.load_masked_fits(places.fit(fold)) for fold in range(study.folds.count)}


def load_influences(study: "Study", places: Places, method: str) -> "dict[str, Influence]":
    """All influences by one method, by arm."""
    from biox.core import graph_store

    return graph_store.load_influences(places.influences(study, method))


def graph_evidence(study: "Study", places: Places, cohort: "Cohort") -> "Evidence":
    """What the validation of a graph study finds."""
    from biox.core import graph_store
    from biox.steps.graph_validate import Explained, validate_graph
    from biox.steps.influence_complete import refuse_incomplete

    by_method = {method: load_influences(study, places, method) for method in study.methods}
    for influences in by_method.values():
        refuse_incomplete(cohort, study, influences)
    found = Explained(by_method, graph_store.load_graphs(places.graphs), graph_store.load_matrices(places.baselines))
    return validate_graph(cohort, study, load_masked(study, places), found)


def _opened(options: argparse.Namespace) -> "tuple[Study, Places]":
    study, places = opened(options)
    if study.graph is None:
        raise InputError(f"{study.name} draws no graphs: its domain is {study.domain!r}.")
    return study, places
