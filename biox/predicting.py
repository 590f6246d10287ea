"""Saved models applied to what is new: people in gait, slides and pictures in histology, patients in proteomics."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from biox.core.errors import InputError, listed
from biox.core.files import whole, write_text
from biox.places import Places, known_method, load_cohort, load_fits, opened, own_folder, own_viewer, record, write_page

if TYPE_CHECKING:
    import pandas as pd

    from biox.core.graph_types import Influence, MaskedFit
    from biox.core.study import Study
    from biox.core.types import Cohort, Fit


def predict(options: argparse.Namespace) -> None:
    """Apply a study's models to new people or slides: scores or graphs, and a report beside the cohort's."""
    study, places = opened(options)
    own_folder(options.out)
    known_method(study, options.method or next(iter(study.methods)))
    target = options.page or options.out / "report.html"
    if study.graph is not None:
        _graphs(options, target)
        print(f"Graphs: {options.out}; report: {target}")
        return
    cohort = load_cohort(places)
    (_slides if cohort.images else _people)(options, places, cohort, target)
    print(f"Scores and relevance: {options.out}; report: {target}")


def _fits(study: "Study", places: Places, variant: str) -> "dict[int, Fit]":
    """One variant's model of every fold."""
    fits = load_fits(study, places)
    known = fits[min(fits)]
    if variant not in known:
        raise InputError(f"{study.name} has no model {variant!r}; it has {listed(known)}.")
    return {fold: variants[variant] for fold, variants in fits.items()}


def _people(options: argparse.Namespace, places: Places, cohort: "Cohort", target: Path) -> None:
    """New people of a study of curves, and their place in its cohort."""
    from biox.core import store
    from biox.report import person_page
    from biox.steps.predict import new_people, out_of_fold, predict
    from biox.steps.pseudonyms import named_people, origin

    study, _ = opened(options)
    method = options.method or next(iter(study.methods))
    people, files = new_people(study, options.case, options.file)
    fits = _fits(study, places, options.variant)
    prediction = predict(study, cohort, fits, method, people)
    with whole(options.out) as fresh:
        store.save_prediction(prediction, fresh)
        _write_key(prediction.samples, fresh)
        made = record(fresh, "predict", study, [*files, *(places.fit(fold) for fold in fits)])
    shown, about = named_people(prediction, study), origin({**made, "variant": options.variant}, study)
    page = person_page(study, cohort, out_of_fold(cohort, fits), shown, about)
    write_page(target, page, target.parent / f"{target.stem}-figures")


def _slides(options: argparse.Namespace, places: Places, cohort: "Cohort", target: Path) -> None:
    """New slides or pictures, tile by tile, with heatmaps that can be zoomed."""
    from biox.report.slide_page import slide_page
    from biox.steps.predict_files import room_on_disk, write_prediction
    from biox.steps.predict_slides import predict_slides
    from biox.steps.predict_source import new_tiles
    from biox.steps.pseudonyms import NEW, copy_viewer, listing, named_slides, names_in, origin

    study, _ = opened(options)
    method = options.method or next(iter(study.methods))
    viewer = own_viewer(target.parent / f"{target.stem}-viewer")
    new, files = new_tiles(study, cohort, options.case, options.file)
    fits = _fits(study, places, options.variant)
    with whole(options.out) as fresh:
        fresh.mkdir()
        room = partial(room_on_disk, folder=fresh / "relevance.zarr")
        found = predict_slides(study, cohort, fits, method, new, room)
        shown = write_prediction(found, fresh)
        _write_key(found.new.samples, fresh)
        made = record(fresh, "predict", study, [*files, *(places.fit(fold) for fold in fits)])
        known = names_in(study, found.new.samples, NEW)
        slides = None if shown is None else listing(shown, known)
        page = slide_page(study, named_slides(found, study), slides, viewer.name, origin(made, study))
    if shown is not None:
        with whole(viewer) as copied:
            copy_viewer(options.out / "heatmaps" / "viewer", copied, known)
    write_page(target, page, target.parent / f"{target.stem}-figures")


def _graphs(options: argparse.Namespace, target: Path) -> None:
    """New patients of a graph study: what the networks of all folds rely on in them."""
    from biox.core import graph_store
    from biox.report.graph_person import graph_person_page
    from biox.steps.predict_graph import Known, predict_graph
    from biox.steps.predict_graph_files import write_graphs
    from biox.steps.predict_graph_source import new_patients
    from biox.steps.pseudonyms import named_patients, origin

    study, places = opened(options)
    assert study.graph is not None
    method = options.method or next(iter(study.methods))
    people, files = new_patients(study, options.case, options.file)
    known = Known(
        load_cohort(places),
        _networks(study, places, options.variant),
        _influence(study, places, method, options.variant),
        graph_store.load_graphs(places.graphs),
    )
    with whole(options.out) as fresh:
        fresh.mkdir()
        of = known.influence
        head = graph_store.InfluenceHead(of.variant, method, of.settings, len(people.samples), of.proteins)
        with graph_store.influence_writer(fresh / "influence", head, study.graph) as write:
            found = predict_graph(study, known, method, people, write)
        write_graphs(found, known.graphs, fresh)
        _write_key(found.prediction.samples, fresh)
        used = [*(places.fit(fold) for fold in known.fits), *places.influences(study, method), places.graphs]
        made = record(fresh, "predict", study, [*files, *used])
    about = origin({**made, "variant": options.variant}, study)
    page = graph_person_page(study, named_patients(found.prediction, study), about)
    write_page(target, page, target.parent / f"{target.stem}-figures")


def _write_key(samples: "pd.DataFrame", folder: Path) -> None:
    """Whom the pseudonyms of the page stand for; it stays with the results."""
    from biox.core.pseudonyms import key_table, pseudonyms
    from biox.steps.pseudonyms import NEW

    write_text(folder / "pseudonyms.csv", key_table(pseudonyms(samples, NEW)).to_csv(index=False))


def _networks(study: "Study", places: Places, variant: str) -> "dict[int, MaskedFit]":
    """One variant's network of every fold."""
    from biox.core.graph_store import load_masked_fits

    if variant not in study.all_variants():
        raise InputError(f"{study.name} has no variant {variant!r}; it has {listed(study.all_variants())}.")
    return {fold: load_masked_fits(places.fit(fold))[variant] for fold in range(study.folds.count)}


def _influence(study: "Study", places: Places, method: str, variant: str) -> "Influence":
    """The cohort's influences in one variant, explained as new patients will be."""
    from biox.core.graph_store import load_influences

    found = load_influences(places.influences(study, method))
    if variant not in found:
        raise InputError(f"By {method!r} only {listed(found)} was explained, not {variant!r}; leave out --method.")
    assert study.graph is not None
    graph = study.graph.model_dump(mode="json", include={"masks", "error", "shown"})
    now = {**study.methods[method].model_dump(mode="json"), "graph": graph}
    then = dict(found[variant].settings)
    then["graph"] = {name: then["graph"][name] for name in graph}
    if then != now:
        raise InputError(
            f"{study.name}: the cohort's influences were computed with other settings of {method!r} or `graph`; run "
            "`biox influence` and `biox graphs` again, so that new patients can be held against them."
        )
    return found[variant]
