"""What each subcommand does: find the files, load, call the step, save with provenance.

The steps themselves touch no file. Heavy imports stand inside the commands, so that ``biox --help`` is quick.
"""

import argparse
from functools import partial

from biox.core.errors import InputError
from biox.core.files import whole, write_text
from biox.graphing import graph_evidence
from biox.places import (
    checkpoint_in,
    forget,
    load_cohort,
    load_external,
    load_fits,
    load_relevances,
    load_tests,
    opened,
    own_folder,
    record,
)


def check(options: argparse.Namespace) -> None:
    """Check study files without running anything."""
    from biox.core.studies import check_study

    for name in options.studies:
        study, _ = opened(options, name)
        check_study(study)
        sizes = f"{study.folds.count} folds, {len(study.all_variants())} variants, {len(study.methods)} method(s)"
        print(f"{name}: the settings are fine ({sizes}); the data themselves are checked by ingest")


def simulate(options: argparse.Namespace) -> None:
    """Write the raw files of a study that simulates them."""
    from biox.steps.simulate import simulate

    own_folder(options.out)
    study, _ = opened(options)
    with whole(options.out) as fresh:
        simulate(study, fresh)
        record(fresh, "simulate", study, [])


def ingest(options: argparse.Namespace) -> None:
    """Read a study's raw data into a cohort."""
    from biox.core import store
    from biox.core.pseudonyms import key_table, pseudonyms
    from biox.core.raw_files import input_files
    from biox.steps.ingest import ingest

    own_folder(options.out)
    study, _ = opened(options)
    files = input_files(study)
    with whole(options.out) as fresh:
        cohort = ingest(study)
        store.save_cohort(cohort, fresh)
        write_text(fresh / "pseudonyms.csv", key_table(pseudonyms(cohort.samples)).to_csv(index=False))
        record(fresh, "ingest", study, files)


def external(options: argparse.Namespace) -> None:
    """Read a study's external test cohort, on which its models are tested and from which none of them learns."""
    from biox.core import store
    from biox.core.raw_files import input_files
    from biox.steps.external import external

    own_folder(options.out)
    study, places = opened(options)
    files = input_files(study, "external")
    with whole(options.out) as fresh:
        store.save_cohort(external(study, load_cohort(places)), fresh)
        record(fresh, "external", study, [places.cohort, *files])


def train(options: argparse.Namespace) -> None:
    """Train the models of one fold."""
    from biox.core import graph_store, store
    from biox.core.raw_files import learning_files
    from biox.steps.graph_train import train_graph
    from biox.steps.train import train

    own_folder(options.out)
    study, places = opened(options)
    checkpoint = partial(checkpoint_in, places.checkpoints(options.fold), study, places.cohort)
    cohort = store.load_cohort(places.cohort)
    with whole(options.out) as fresh:
        if study.graph is not None:
            for arm, fit in train_graph(cohort, study, options.fold, checkpoint).items():
                graph_store.save_masked_fit(fit, fresh / arm)
        else:
            for variant, fit in train(cohort, study, options.fold, checkpoint).items():
                store.save_fit(fit, fresh / variant)
        record(fresh, "train", study, [places.cohort, *learning_files(study)])
    forget(places.checkpoints(options.fold))


def validate(options: argparse.Namespace) -> None:
    """Test the models and their explanations."""
    from biox.core import store
    from biox.core.raw_files import input_files
    from biox.steps.external import with_external
    from biox.steps.trust_evidence import with_trust
    from biox.steps.validate import validate

    own_folder(options.out)
    study, places = opened(options)
    cohort, relevances = load_cohort(places), {}
    if study.graph is not None:
        evidence = graph_evidence(study, places, cohort)
    else:
        fits = load_fits(study, places)
        relevances = load_relevances(study, places)
        evidence = validate(cohort, study, fits, relevances)
        evidence = with_external(evidence, load_external(study, places), study, fits)
    evidence = with_trust(evidence, study, load_tests(study, places), relevances)
    with whole(options.out) as fresh:
        store.save_evidence(evidence, fresh)
        record(fresh, "validate", study, [*places.of_all_folds(study), *input_files(study, "validate")])


def ratings(options: argparse.Namespace) -> None:
    """Write blinded rating sheets for experts into a new folder, and the key beside it."""
    from biox.core import store

    _, places = opened(options)
    if options.out.exists():
        raise InputError(f"{options.out} exists already; give a new folder, so that no returned sheet is overwritten.")
    tables = store.load_evidence(places.evidence).tables
    if "rating_sheets" not in tables:
        raise InputError(f"The evidence in {places.evidence} holds no rating sheets; set `validate.sheets` above 0.")
    with whole(options.out) as fresh:
        fresh.mkdir()
        for row in tables["rating_sheets"].to_dict("records"):
            write_text(fresh / str(row["file"]), str(row["content"]))
    key = options.out.parent / f"{options.out.name}-key.csv"
    write_text(key, tables["rating_key"].to_csv(index=False))
    print(f"{len(tables['rating_sheets'])} files for the raters in {options.out}; keep {key} from them.")
