"""The entities of a report's crate: files, steps, what went in and came out, the software."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from biox.core.files import sha256

KINDS = {
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".json": "application/json",
    ".js": "text/javascript",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
    ".css": "text/css",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Entity = dict[str, Any]


def same(entity: Mapping[str, Any]) -> Entity:
    """A reference to an entity."""
    return {"@id": entity["@id"]}


def file_of(file: Path, folder: Path) -> Entity:
    """A file of the report's folder, with its size and checksum."""
    place = file.relative_to(folder).as_posix()
    kind = KINDS.get(file.suffix, "application/octet-stream")
    return {
        "@id": quote(place),
        "@type": "File",
        "name": place,
        "encodingFormat": kind,
        "contentSize": str(file.stat().st_size),
        "sha256": sha256(file),
    }


def raw_inputs(records: Mapping[str, Mapping[str, Any]], root: Path, named: bool) -> dict[str, Entity]:
    """What went in from outside, by the path under which it was read.

    Names of raw files may name people: they stand here only if asked for, and are numbered otherwise.
    """
    paths = {path: total for record in records.values() for path, total in record["inputs"].items()}
    outside = [path for path in sorted(paths) if made_in(path, root, records) is None]
    return {
        path: {
            "@id": f"#input/{number}",
            "@type": "CreativeWork",
            "name": Path(path).name if named else f"raw input {number}{Path(path).suffix}",
            "sha256": paths[path],
        }
        for number, path in enumerate(outside, start=1)
    }


def made_in(path: str, root: Path, records: Mapping[str, Any]) -> str | None:
    """The result below the study's folder ``root`` that a file belongs to, also where its path begins elsewhere.

    None for a file from outside, such as ``data/STUDY/cohort/raw.csv``.
    """
    below = (Path(root.parent.name) / root.name).as_posix()
    return next((name for name in records if f"/{below}/{name}/" in f"/{path}"), None)


def step_of(name: str, root: Path, records: Mapping[str, Any], raw: Mapping[str, Entity]) -> Entity:
    """One step: what it read, by which software, and what came out."""
    inputs = records[name]["inputs"]
    read = [raw[path]["@id"] if path in raw else f"#result/{made_in(path, root, records)}" for path in inputs]
    return action(name, records[name], [{"@id": one} for one in dict.fromkeys(read)], [{"@id": f"#result/{name}"}])


def action(name: str, record: Mapping[str, Any], objects: list[Entity], results: list[Entity]) -> Entity:
    """Something that was done: by which software, with what, and what came of it."""
    return {
        "@id": f"#step/{name}",
        "@type": "CreateAction",
        "name": f"biox {record['step']}: {name}",
        "instrument": same(software(record)[0]),
        "object": _listed(objects),
        "result": _listed(results),
    }


def _listed(entities: list[Entity]) -> list[Entity] | Entity:
    """One entity stands alone in JSON-LD, several in a list."""
    return entities[0] if len(entities) == 1 else entities


def result_of(name: str, folder: Path) -> Entity:
    """A result of a step, by the checksum of its provenance."""
    return {
        "@id": f"#result/{name}",
        "@type": "CreativeWork",
        "name": name,
        "description": "A result folder, not part of this report. The checksum is that of its provenance.json.",
        "sha256": sha256(folder / "provenance.json"),
    }


def software(record: Mapping[str, Any]) -> list[Entity]:
    """Biox as it was in one step, and the packages that it used."""
    packages = {"python": record["python"], **record["packages"]}
    used = [
        {"@id": f"#package/{name}-{version}", "@type": "SoftwareApplication", "name": name, "version": version}
        for name, version in packages.items()
    ]
    own = {
        "@id": f"#biox/{record['biox']}-{record['git_commit'] or 'release'}",
        "@type": "SoftwareApplication",
        "name": "biox",
        "version": record["biox"],
        "softwareVersion": record["git_commit"] or record["biox"],
        "license": {"@id": "https://spdx.org/licenses/BSD-3-Clause"},
        "softwareRequirements": [same(one) for one in used],
    }
    return [own, *used]
