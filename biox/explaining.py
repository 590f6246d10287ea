"""The commands that explain models: by one method, by several that are tested, and as heatmaps of slides."""

import argparse

from biox.core.files import whole
from biox.places import known_method, load_cohort, opened, own_folder, record, relevances_of


def attribute(options: argparse.Namespace) -> None:
    """Explain the models of one fold by one method, in one shard of the samples."""
    from biox.core import store
    from biox.steps.attribute import attribute

    own_folder(options.out)
    study, places = opened(options)
    known_method(study, options.method)
    cohort, fits = store.load_cohort(places.cohort), store.load_fits(places.fit(options.fold))
    relevances = attribute(cohort, fits, options.method, study, options.shard)
    with whole(options.out) as fresh:
        for variant, relevance in relevances.items():
            store.save_relevance(relevance, fresh / variant)
        record(fresh, "attribute", study, [places.cohort, places.fit(options.fold)])


def trust(options: argparse.Namespace) -> None:
    """Test the explanations of one fold's model by several methods."""
    from biox.core import graph_store, store
    from biox.steps.trust import trust
    from biox.steps.trust_cases import cases_of
    from biox.steps.trust_graph import graph_cases

    own_folder(options.out)
    study, places = opened(options)
    cohort = load_cohort(places)
    if study.graph is not None:
        cases = graph_cases(cohort, study, graph_store.load_masked_fits(places.fit(options.fold))["main"])
    else:
        cases = cases_of(cohort, study, store.load_fits(places.fit(options.fold))["main"])
    evidence = trust(cases, study)
    with whole(options.out) as fresh:
        store.save_evidence(evidence, fresh)
        record(fresh, "trust", study, [places.cohort, places.fit(options.fold)])


def heatmaps(options: argparse.Namespace) -> None:
    """Write the heatmaps of a study's slides, for QuPath and for the report."""
    from biox.core.studies import opposite
    from biox.steps.heatmaps import heatmaps, slides_of

    own_folder(options.out)
    study, places = opened(options)
    other = opposite(study, known_method(study, options.method))
    names = [name for name in (options.method, other) if name is not None]
    folds = range(study.folds.count)
    of = [{k: relevances_of(study, places, k, name)["main"] for k in folds} for name in names]
    with whole(options.out) as fresh:
        heatmaps(load_cohort(places), of[0], of[1] if other else None, slides_of(study), fresh)
        used = [folder for k in folds for name in names for folder in places.relevances(study, k, name)]
        record(fresh, "heatmaps", study, [places.cohort, *used])
