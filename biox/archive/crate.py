"""A report's folder as an RO-Crate: ``ro-crate-metadata.json`` says what each file is and how it was made.

RO-Crate 1.1 (Soiland-Reyes et al. 2022) with the profile Process Run Crate 0.5: one ``CreateAction`` a step, with the
software, what went in and what came out. The date is that of the code, never the clock, so equal inputs give equal
bytes. Raw data and results are named with their SHA-256 and not copied.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biox.archive.entities import Entity, action, file_of, raw_inputs, result_of, same, software, step_of
from biox.core.errors import InputError
from biox.core.files import PREFIX, files_in, whole
from biox.core.result_files import save_json
from biox.places import opened

if TYPE_CHECKING:
    from biox.core.places import Places
    from biox.core.study import Study

NAME = "ro-crate-metadata.json"
RECORD = "provenance.json"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}]
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
LICENCE = {
    "@id": "#licence",
    "@type": "CreativeWork",
    "name": "As the owner of the data decides",
    "description": "biox puts no licence on a report. Ask those whose data it shows before you pass it on.",
}


def crate(options: argparse.Namespace) -> None:
    """Describe the folder of a report, so that it can be kept, checked and repeated (RO-Crate)."""
    from biox.archive.repeat import write_repeat

    study, places = opened(options)
    if options.out.name != NAME:
        raise InputError(f"--out {options.out} must be called {NAME}, in the folder of the report.")
    folder = options.out.parent
    if not (folder / "index.html").is_file():
        raise InputError(f"There is no report in {folder}; run `biox report` first, or the whole workflow.")
    write_repeat(study.name, places.file, folder / "repeat")
    found = described(study, places, folder)
    with whole(options.out) as fresh:
        save_json(fresh, {"@context": CONTEXT, "@graph": found})


def described(study: "Study", places: "Places", folder: Path) -> list[Entity]:
    """Everything that the crate of a report says: the folder, its files, the steps, the software, what went in."""
    from biox.core.provenance import commit_date, git_commit, provenance

    records = records_of(places, [folder.relative_to(places.root).as_posix() for folder in places.of_report(study)])
    files = [file_of(file, folder) for file in kept_files(folder)]
    now = provenance("report", {}, study.seed, [])
    raw = raw_inputs(records, places.root, study.report.identities == "as given")
    steps = [step_of(name, places.root, records, raw) for name in records]
    steps.append(action("report", now, [{"@id": f"#result/{name}"} for name in records], [same(one) for one in files]))
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": study.title,
        "description": study.question,
        "identifier": study.name,
        "datePublished": commit_date(git_commit()),
        "license": same(LICENCE),
        "conformsTo": {"@id": PROFILE},
        "hasPart": [same(one) for one in files],
        "mentions": [same(one) for one in steps],
    }
    results = [result_of(name, places.root / name) for name in records]
    programs = [entity for record in [*records.values(), now] for entity in software(record)]
    profile = {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    about = {
        "@id": NAME,
        "@type": "CreativeWork",
        "about": same(root),
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    every = [about, root, profile, LICENCE, *files, *steps, *results, *raw.values(), *programs]
    return list({one["@id"]: one for one in every}.values())


def kept_files(folder: Path) -> list[Path]:
    """The files of a report's folder that a crate describes: all but itself and what only passes through."""
    return [file for file in files_in([folder]) if file.name != NAME and not _passing(file.relative_to(folder))]


def records_of(places: "Places", names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The provenance of those of some results (folders below the study's) that are there."""
    from biox.core.provenance import read

    found = {name: read(places.root / name) for name in sorted(names) if (places.root / name / RECORD).is_file()}
    if "evidence" not in found:
        raise InputError(f"There is no evidence in {places.root}; run `biox validate` first, or the whole workflow.")
    return found


def _passing(path: Path) -> bool:
    return any(name.startswith(PREFIX) for name in path.parts)
