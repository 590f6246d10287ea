"""The commands that write what people read: the report of a study, its viewer, and the page that leads to all."""

import argparse
from typing import TYPE_CHECKING

from biox.core.files import whole, write_text
from biox.places import (
    Places,
    explained_in,
    load_cohort,
    load_relevances,
    opened,
    own_viewer,
    viewer_listing,
    write_page,
)

if TYPE_CHECKING:
    from biox.core.study import Study
    from biox.report.given import Given


def report(options: argparse.Namespace) -> None:
    """Write the report of a study: the page, and its figures in a folder beside it."""
    from biox.steps.pseudonyms import named
    from biox.steps.report import report

    study, places = opened(options)
    page = report(named(given(study, places), places.root))
    write_page(options.out, page, options.out.parent / "figures")


def given(study: "Study", places: Places) -> "Given":
    """Everything that the page of a study is written from, under the names that the results use."""
    from biox.core import graph_store, provenance, store
    from biox.report.given import Given

    folders = {
        "ingest": places.cohort,
        "train": places.fit(0),
        "trust": places.trust(0),
        "validate": places.evidence,
        **explained_in(study, places),
    }
    return Given(
        study,
        load_cohort(places),
        store.load_evidence(places.evidence),
        load_relevances(study, places) if study.graph is None else {},
        {step: provenance.read(folder) for step, folder in folders.items()},
        viewer_listing(places.heatmaps(next(iter(study.methods)))),
        graph_store.load_graphs(places.graphs) if study.graph is not None else None,
    )


def viewer(options: argparse.Namespace) -> None:
    """Write what the report's viewer loads: pictures of slides and heatmaps, or the graphs of single patients."""
    from biox.core import graph_store
    from biox.report.patient_files import write_patient_files
    from biox.steps.pseudonyms import copy_viewer, named_graphs, names_in

    own_viewer(options.out)
    study, places = opened(options)
    samples = load_cohort(places).samples
    known = names_in(study, samples)
    with whole(options.out) as fresh:
        if study.graph is not None:
            graphs = graph_store.load_graphs(places.graphs)
            write_patient_files(named_graphs(graphs, known), known.table(samples), fresh)
        else:
            copy_viewer(places.heatmaps(next(iter(study.methods))) / "viewer", fresh, known)


def index(options: argparse.Namespace) -> None:
    """Write the page that leads to all reports."""
    from biox.core import store
    from biox.steps.index import index

    opened_studies = [opened(options, name) for name in options.studies]
    write_text(
        options.out, index((study, load_cohort(p), store.load_evidence(p.evidence)) for study, p in opened_studies)
    )
