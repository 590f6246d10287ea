"""What a report is written from, with pseudonyms in the place of names; only here are the two exchanged.

Everything that a page, its cards, its tables and its viewer show goes through one of these functions first. Names of
raw files are replaced by numbers, too: a laboratory may have called them after people.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from biox.core.files import write_text
from biox.core.graph_types import Graphs
from biox.core.pseudonyms import AS_GIVEN, PREFIXES, Pseudonyms, pseudonyms
from biox.core.study import Study
from biox.core.types import Evidence, Prediction, Relevance
from biox.domains.histology.heat_slide import file_name
from biox.domains.histology.predicted import SlidePrediction
from biox.domains.proteomics.predicted import GraphPrediction
from biox.report.given import Given
from biox.report.histology_slides import pictures

NEW = ("NEW", "NEU", "NOV")
"""New people's pseudonyms begin otherwise than those of the cohort."""

Record = Mapping[str, Any]
Listing = Mapping[str, Any]


def named(given: Given, results: Path) -> Given:
    """What a study's page is written from, under the names that its report may show; as it is where those are given.

    results: the study's folder of results, whose files keep their names.
    """
    if given.study.report.identities == "as given":
        return given
    known = pseudonyms(given.cohort.samples)
    cohort = replace(
        given.cohort,
        samples=known.table(given.cohort.samples),
        notes=tuple(known.text(note) for note in given.cohort.notes),
    )
    relevances = {
        method: {fold: {name: _relevance(one, known) for name, one in of.items()} for fold, of in folds.items()}
        for method, folds in given.relevances.items()
    }
    return replace(
        given,
        study=given.study.model_copy(update={"predict": {}}),
        cohort=cohort,
        evidence=_evidence(with_pictures(given), known),
        relevances=relevances,
        provenance={step: origin(record, given.study, results) for step, record in given.provenance.items()},
        slides=None if given.slides is None else listing(given.slides, known),
        graphs=None if given.graphs is None else named_graphs(given.graphs, known),
    )


def with_pictures(given: Given) -> Evidence:
    """The evidence with the thumbnails of slides, which are found by the slides' own names."""
    if "slide" not in given.cohort.samples:
        return given.evidence
    return replace(given.evidence, tables={**given.evidence.tables, "thumbnails": pictures(given)})


def names_in(study: Study, samples: pd.DataFrame, prefixes: tuple[str, ...] = PREFIXES) -> Pseudonyms:
    """What stands in a report for the names of a sample table: pseudonyms, or the names where the study says so."""
    return pseudonyms(samples, prefixes) if study.report.identities == "pseudonyms" else AS_GIVEN


def named_people(prediction: Prediction, study: Study) -> Prediction:
    """What models say of new people, under the names that a page may show."""
    known = names_in(study, prediction.samples, NEW)
    tables = {name: known.table(getattr(prediction, name)) for name in ("samples", "places", "outside")}
    return replace(prediction, **tables)


def named_patients(prediction: GraphPrediction, study: Study) -> GraphPrediction:
    """What networks relied on in new patients, under the names that a page may show."""
    known = names_in(study, prediction.samples, NEW)
    tables = {name: known.table(getattr(prediction, name)) for name in ("samples", "edges")}
    return replace(prediction, notes=tuple(known.text(note) for note in prediction.notes), **tables)


def named_slides(found: SlidePrediction, study: Study) -> SlidePrediction:
    """What models say of new slides, under the names that a page may show."""
    known = names_in(study, found.new.samples, NEW)
    return replace(
        found,
        new=replace(found.new, samples=known.table(found.new.samples)),
        tiles=known.table(found.tiles),
        slides=known.table(found.slides),
        relevance=_relevance(found.relevance, known),
        rests={known.of("slide", name): one for name, one in found.rests.items()},
        likeness={known.of("slide", name): one for name, one in found.likeness.items()},
    )


def listing(shown: Listing, known: Pseudonyms) -> dict[str, Any]:
    """The slides of a viewer (``viewer.json``) under other names, in folders of these names."""
    return {**shown, "slides": [_slide(slide, known) for slide in shown["slides"]]}


def copy_viewer(source: Path, target: Path, known: Pseudonyms) -> None:
    """Copy the pictures of a viewer into a new folder, each slide under the name that stands for it."""
    shown = json.loads((source / "viewer.json").read_text(encoding="utf-8"))
    renamed = listing(shown, known)
    target.mkdir()
    for old, new in zip(shown["slides"], renamed["slides"], strict=True):
        for pyramid, fresh in zip(_pyramids(old), _pyramids(new), strict=True):
            shutil.copytree(source / old["folder"] / pyramid["folder"], target / new["folder"] / fresh["folder"])
    write_text(target / "viewer.json", json.dumps(renamed, ensure_ascii=False))


def named_graphs(graphs: Graphs, known: Pseudonyms) -> Graphs:
    """The graphs of single patients under other names."""
    return replace(graphs, patients=known.table(graphs.patients))


def origin(record: Record, study: Study, results: Path | None = None) -> Record:
    """A provenance record as a page may show it."""
    return record if study.report.identities == "as given" else unnamed_files(record, results)


def unnamed_files(record: Record, results: Path | None = None) -> dict[str, Any]:
    """A provenance record in which files that are no results of biox are numbered, in the order of their checksums.

    results: the folder of the study's results; what it simulated (``raw/``) counts as files that a user gave.
    """
    inputs: dict[str, str] = dict(record.get("inputs", {}))
    own = f"{results.as_posix()}/" if results is not None else "//"
    raw = sorted(
        (name for name in inputs if not name.startswith(own) or name.startswith(f"{own}raw/")),
        key=lambda name: inputs[name],
    )
    numbers = {name: f"file {number + 1}{''.join(Path(name).suffixes[-1:])}" for number, name in enumerate(raw)}
    return {**record, "inputs": {numbers.get(name, name): digest for name, digest in inputs.items()}}


def _relevance(relevance: Relevance, known: Pseudonyms) -> Relevance:
    return replace(relevance, samples=known.table(relevance.samples))


def _evidence(evidence: Evidence, known: Pseudonyms) -> Evidence:
    tables = {name: known.table(table) for name, table in evidence.tables.items()}
    return Evidence(known.table(evidence.claims), tables)


def _slide(slide: Listing, known: Pseudonyms) -> dict[str, Any]:
    """A slide of a viewer under another name; its titles begin with the name, and its folders are called anew."""
    name, stands = str(slide["name"]), known.of("slide", str(slide["name"]))
    if stands == name:
        return dict(slide)
    title, *titles = (f"{stands}{str(one['title']).removeprefix(name)}" for one in (slide, *slide["heatmaps"]))
    heatmaps = [
        {**heatmap, "folder": f"heat-{number}", "title": words}
        for number, (heatmap, words) in enumerate(zip(slide["heatmaps"], titles, strict=True))
    ]
    return {**slide, "name": stands, "title": title, "folder": file_name(stands), "heatmaps": heatmaps}


def _pyramids(slide: Listing) -> list[Listing]:
    return [slide["picture"], *slide["heatmaps"]]
