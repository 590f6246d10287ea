"""How the commands load what a study has, save it, and keep what is not theirs."""

import argparse
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import biox
from biox.core.errors import InputError, listed
from biox.core.files import checksums, whole, write_text
from biox.core.places import Places

# Steps whose numbers may depend on the kind of device.
ON_DEVICE = ("train", "attribute", "trust", "influence", "predict")

# What the folders of a report hold; one that holds anything else is not ours to replace.
FIGURES = re.compile(r".*\.(svg|png)")
TABLES = re.compile(r".*\.csv|tables\.xlsx")

# Every viewer of a report holds one of these: slides and their heatmaps, or patients and their graphs.
VIEWERS = ("viewer.json", "patients.js")

if TYPE_CHECKING:
    from biox.core.study import Study
    from biox.core.types import Cohort, Evidence, Fit, Relevance
    from biox.report import Page
    from biox.steps.checkpoints import Checkpoint


def opened(options: argparse.Namespace, name: str = "") -> "tuple[Study, Places]":
    """The checked study, and where its results lie."""
    from biox.core.studies import read_study

    places = Places(options.config, options.results, name or options.study)
    return read_study(places.file), places


def known_method(study: "Study", name: str) -> str:
    """The name, if the study has such a method."""
    if name not in study.methods:
        raise InputError(f"{study.name} has no method {name!r}; it has {listed(study.methods)}.")
    return name


def load_cohort(places: Places) -> "Cohort":
    """The study's cohort."""
    from biox.core import store

    return store.load_cohort(places.cohort)


def load_external(study: "Study", places: Places) -> "Cohort | None":
    """The study's external test cohort; None where it has none."""
    from biox.core import store

    return store.load_cohort(places.external) if study.external is not None else None


def load_fits(study: "Study", places: Places) -> "dict[int, dict[str, Fit]]":
    """All fits by fold and variant."""
    from biox.core import store

    return {fold: store.load_fits(places.fit(fold)) for fold in range(study.folds.count)}


def load_relevances(study: "Study", places: Places) -> "dict[str, dict[int, dict[str, Relevance]]]":
    """All relevances by method, fold and variant."""
    folds = range(study.folds.count)
    return {method: {fold: relevances_of(study, places, fold, method) for fold in folds} for method in study.methods}


def relevances_of(study: "Study", places: Places, fold: int, method: str) -> "dict[str, Relevance]":
    """The relevances by one fold's models and one method, by variant; shards of another division are an InputError."""
    from biox.core import provenance, store

    folders = places.relevances(study, fold, method)
    for folder in folders:
        shards = provenance.read(folder)["settings"].get("compute", {}).get("shards", "an unknown number of")
        if shards != study.compute.shards:
            raise InputError(
                f"{folder} is one of {shards} shards, but {study.name} says 'compute: shards: {study.compute.shards}'; "
                "run `biox attribute` again for every shard, or the whole workflow."
            )
    return store.load_relevances(*folders)


def load_tests(study: "Study", places: Places) -> "dict[int, Evidence]":
    """The tests of the explanations, by fold."""
    from biox.core import store

    return {fold: store.load_evidence(places.trust(fold)) for fold in range(study.folds.count)}


def checkpoint_in(folder: Path, study: "Study", cohort: Path, variant: str) -> "Checkpoint":
    """Where the training of one variant leaves its state; that of other settings, code or data is not taken up."""
    from biox.core.device import device
    from biox.core.provenance import git_commit, read, versions
    from biox.core.raw_files import learning_files
    from biox.core.studies import settings_for
    from biox.steps.checkpoints import Checkpoint, loaded, saved

    file = folder / f"{variant}.safetensors"
    files = checksums(learning_files(study))
    identity = {
        "biox": [biox.__version__, git_commit()],
        "packages": versions(),
        "device": str(device(study.compute.device)),
        "settings": settings_for(study, "train"),
        "cohort": read(cohort),
        "files": files,
    }
    return Checkpoint(identity, lambda: loaded(file), lambda state: saved(state, file))


def forget(folder: Path) -> None:
    """Remove the checkpoints of trainings that are done."""
    shutil.rmtree(folder, ignore_errors=True)


def own_folder(path: Path) -> Path:
    """The path, if writing a result there takes nothing else away: absent, empty, or an earlier result of biox."""
    if path.exists() and not path.is_dir():
        raise InputError(f"--out {path} is a file; give the name of a folder.")
    if path.is_dir() and any(path.iterdir()) and not (path / "provenance.json").exists():
        raise InputError(
            f"--out {path} is a folder with other files in it; give a new name, and nothing is overwritten."
        )
    return path


def own_viewer(path: Path) -> Path:
    """The path, if writing a viewer there takes nothing else away: absent, or an earlier viewer."""
    if path.is_dir() and any(path.iterdir()) and not any((path / name).exists() for name in VIEWERS):
        raise InputError(f"{path} holds other files than a viewer's; give --out or --page another name.")
    return path


def record(folder: Path, step: str, study: "Study", inputs: Iterable[Path]) -> dict[str, Any]:
    """Write the provenance of a result into its folder, and return it."""
    from biox.core import provenance
    from biox.core.studies import settings_for

    made = provenance.provenance(step, settings_for(study, step), study.seed, inputs)
    if step in ON_DEVICE:
        from biox.core.device import device

        made["device"] = str(device(study.compute.device))
    provenance.write(folder, made)
    return made


def explained_in(study: "Study", places: Places) -> dict[str, Path]:
    """The folders, one a step, in which a study keeps what explains its models."""
    if study.graph is None:
        return {f"attribute, {method}": places.relevance(0, method, 0) for method in study.methods}
    explained = {f"influence, {method}": places.influence(0, method, 0) for method in study.methods}
    return {**explained, "baselines": places.baselines, "graphs": places.graphs}


def viewer_listing(heatmaps: Path) -> dict[str, Any] | None:
    """Which slides the viewer of a report shows, and their pictures; None for a study without heatmaps."""
    file = heatmaps / "viewer" / "viewer.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def write_page(target: Path, page: "Page", folder: Path) -> None:
    """A page as one file, its further files and tables beside it, and its figures for papers in a folder."""
    from biox.report import png

    drawings = {f"{name}.svg": drawing.encode("utf-8") for name, drawing in page.figures.items()}
    pictures = {f"{name}.png": png(drawing) for name, drawing in page.figures.items()}
    _write_folder(folder, {**drawings, **pictures}, FIGURES)
    if page.tables:
        _write_folder(target.parent / "tables", page.tables, TABLES)
    for name, words in page.files.items():
        write_text(target.parent / name, words)
    write_text(target, page.html)


def _write_folder(folder: Path, files: Mapping[str, bytes], known: re.Pattern[str]) -> None:
    """Files as a folder, in the place of what was there; one that holds other files than ``known`` is left alone."""
    there = [file.name for file in folder.iterdir() if not file.name.startswith(".")] if folder.is_dir() else []
    others = [name for name in there if not known.fullmatch(name)]
    if known is TABLES and "tables.xlsx" not in there:
        others = there
    if others:
        raise InputError(f"{folder} holds {others[0]}, which is not of a report; give --out another folder.")
    with whole(folder) as fresh:
        fresh.mkdir()
        for name, content in files.items():
            (fresh / name).write_bytes(content)
