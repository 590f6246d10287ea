"""Is a report still what it was, and would it come out the same today? Checksums first, then what it was made of."""

import argparse
import re
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from biox.archive.crate import NAME, kept_files, records_of
from biox.archive.entities import made_in
from biox.core.errors import InputError
from biox.core.files import sha256
from biox.core.places import Places
from biox.core.result_files import load_json

# Files that come with an installed package are known by their place below it.
PACKAGES = Path(sysconfig.get_paths()["purelib"])
# What entities must say, by how their names begin.
NEEDED = {
    "#result": ("name", "sha256"),
    "#input": ("sha256",),
    "#biox": ("softwareVersion",),
    "#package": ("name", "version"),
}
Entities = Mapping[str, Mapping[str, Any]]


def verify(options: argparse.Namespace) -> None:
    """Say what changed since a report was made: its files, its inputs, settings, code, packages."""
    graph = _graph(options.report)
    places = Places(options.config, options.results, graph["./"]["identifier"])
    changed = [*_files(options.report, graph), *_results(places, graph), *_inputs(places, graph)]
    changed += [*_settings(options.report, places), *_software(graph)]
    for line in _unseen(places, graph):
        print(f"not checked: {line}")
    if changed:
        raise InputError("\n".join([f"{len(changed)} change(s) since {options.report} was made:", *changed]))
    print(f"{options.report}: nothing changed ({len(graph['./']['hasPart'])} files).")


def _graph(report: Path) -> Entities:
    """The entities of a crate by their names; an InputError where there is no crate, or a damaged one."""
    file = report / NAME
    if not file.is_file():
        raise InputError(f"There is no {NAME} in {report}; give the folder of a report, such as reports/STUDY.")
    try:
        graph = {str(one["@id"]): one for one in load_json(file)["@graph"]}
        told = [one[key] for name, one in graph.items() for key in NEEDED.get(name.partition("/")[0], ())]
        told += [graph[part["@id"]]["sha256"] for part in graph["./"]["hasPart"]]
        if not told or not all(isinstance(words, str) for words in told):
            raise ValueError("it does not say what it should")
        named = (one["name"] for name, one in graph.items() if name.startswith("#result/"))
        if not _inside(graph["./"]["identifier"], *named):
            raise ValueError("it names a result outside the folder of results")
        return graph
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} is damaged ({error}); write it anew with `biox crate`.") from None


def _inside(study: str, *results: str) -> bool:
    """Whether these are the name of a study and of results below its folder: a crate may come from anybody."""
    outside = (".." in Path(name).parts or Path(name).is_absolute() for name in results)
    return re.fullmatch(r"[a-z0-9][a-z0-9_-]*", study) is not None and not any(outside)


def _files(report: Path, graph: Entities) -> Iterator[str]:
    told = {unquote(part["@id"]): graph[part["@id"]]["sha256"] for part in graph["./"]["hasPart"]}
    there = {file.relative_to(report).as_posix(): file for file in kept_files(report)}
    yield from (f"report: {name} is missing." for name in sorted(told.keys() - there.keys()))
    yield from (f"report: {name} was added." for name in sorted(there.keys() - told.keys()))
    same = sorted(told.keys() & there.keys())
    yield from (f"report: {name} is not as it was written." for name in same if sha256(there[name]) != told[name])


def _results(places: Places, graph: Entities) -> Iterator[str]:
    if not places.root.is_dir():
        return
    for name, one in graph.items():
        file = places.root / str(one.get("name")) / "provenance.json"
        if name.startswith("#result/") and (not file.is_file() or sha256(file) != one["sha256"]):
            yield f"result: {file.parent} {'was made anew' if file.is_file() else 'is gone'}."


def _inputs(places: Places, graph: Entities) -> Iterator[str]:
    """Raw files that changed, by the names under which the results know them."""
    if not places.root.is_dir():
        return
    records = records_of(places, [one["name"] for name, one in graph.items() if name.startswith("#result/")])
    read = {path: total for record in records.values() for path, total in record["inputs"].items()}
    then = {one["sha256"] for name, one in graph.items() if name.startswith("#input/")}
    for path, total in sorted(read.items()):
        if made_in(path, places.root, records) is not None:
            continue
        file = Path(path) if Path(path).is_file() else PACKAGES / path
        if not file.is_file():
            yield f"input: {path} is gone."
        elif sha256(file) != total:
            yield f"input: {path} is another file now."
        elif total not in then:
            yield f"input: {path} was read since, and not for this report."


def _settings(report: Path, places: Places) -> Iterator[str]:
    if not places.file.is_file():
        return
    then = _flat(_loaded(report / "repeat/config" / places.file.name))
    now = _flat(_loaded(places.file))
    for key in sorted(then.keys() | now.keys()):
        if then.get(key, "") != now.get(key, ""):
            yield f"setting: {key} was {then.get(key, 'not set')}, and is {now.get(key, 'not set')} now."


def _loaded(file: Path) -> Any:
    from biox.core.yaml_files import load_plain

    try:
        return load_plain(file.read_text(encoding="utf-8"), file)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as a study file: {error}") from None


def _flat(value: Any, place: str = "") -> dict[str, str]:
    """Settings by the path of their keys."""
    if not isinstance(value, dict) or not value:
        return {place: str(value)}
    return {k: v for name, part in value.items() for k, v in _flat(part, f"{place}.{name}".strip(".")).items()}


def _software(graph: Entities) -> Iterator[str]:
    import biox
    from biox.core.provenance import git_commit, same_code, versions

    now = git_commit() or biox.__version__
    for name, one in graph.items():
        if name.startswith("#biox/") and not same_code(one["softwareVersion"], now):
            yield f"code: made by {one['softwareVersion']}; here is {now}."
    for name, one in graph.items():
        version = versions().get(one.get("name", ""))
        if name.startswith("#package/") and version not in (None, one["version"]):
            yield f"package: {one['name']} was {one['version']}, and is {version} now."


def _unseen(places: Places, graph: Entities) -> Iterator[str]:
    if any("+changes" in one["softwareVersion"] for name, one in graph.items() if name.startswith("#biox/")):
        yield "code, as it had changes then that no commit holds."
    if not places.file.is_file():
        yield f"settings, since there is no {places.file} (--config names the folder)."
    if not places.root.is_dir():
        yield f"results and inputs, since there is no {places.root} (--results names the folder)."
