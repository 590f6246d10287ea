"""Where a result comes from: versions, code, settings, seeds, and the checksum of every input file."""

import hashlib
import importlib.metadata
import json
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import biox
from biox.core.errors import InputError
from biox.core.files import checksums, write_text
from biox.core.result_files import load_json

OWN = "record_sha256"
COMMIT = re.compile("[0-9a-f]{40,64}")
PACKAGES = (
    *("torch", "numpy", "pandas", "scipy", "scikit-learn", "statsmodels", "spm1d", "zarr", "snakemake"),
    *("openslide-python", "openslide-bin", "scikit-image", "torchstain", "umap-learn"),
)


def provenance(step: str, settings: Mapping[str, Any], seed: int | None, inputs: Iterable[Path]) -> dict[str, Any]:
    """What a step was given, as plain data; no time and no machine name, so that equal runs give equal bytes."""
    return {
        "step": step,
        "biox": biox.__version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "packages": versions(),
        "seed": seed,
        "settings": json.loads(json.dumps(settings, default=str, sort_keys=True)),
        "inputs": checksums(inputs),
    }


def write(folder: Path, record: Mapping[str, Any]) -> None:
    """Save a provenance record as ``provenance.json`` in the folder of the result, with its own checksum."""
    kept = {**record, OWN: _digest(record)}
    write_text(folder / "provenance.json", json.dumps(kept, indent=1, sort_keys=True) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """The provenance record of a result; a folder without one, or a record that was changed, is an InputError."""
    record = load_json(folder / "provenance.json")
    own = record.pop(OWN, None)  # records of older versions have none
    if own is not None and own != _digest(record):
        raise InputError(f"{folder / 'provenance.json'} is no longer what was written; run the step that makes it.")
    return record


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


@cache
def versions() -> dict[str, str]:
    """The installed version of every package that results depend on."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


@cache
def git_commit() -> str:
    """The commit that biox runs from, with ``+changes`` if its files differ from it; "" for an installed wheel."""
    root = Path(biox.__file__).parent.parent
    if not (root / ".git").exists():
        return ""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(root, "status", "--porcelain", "--", "biox") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


@cache
def commit_date(commit: str) -> str:
    """The day and time of a commit of biox; the date of the release where there is no commit to ask."""
    root = Path(biox.__file__).parent.parent
    try:
        return _git(root, "show", "--no-patch", "--format=%cI", commit.split("+")[0]) if commit else biox.RELEASED
    except (OSError, subprocess.CalledProcessError):
        return biox.RELEASED


@cache
def same_code(one: str, other: str) -> bool:
    """Whether two commits hold the same package and workflow; those with changes are alike only by their own name."""
    if one == other:
        return True
    # A crate of others says what it likes, and git would take some of it for options.
    if not (COMMIT.fullmatch(one) and COMMIT.fullmatch(other)):
        return False
    root = Path(biox.__file__).parent.parent
    try:
        _git(root, "diff", "--quiet", one, other, "--", "biox", "workflow", "Snakefile")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True).stdout.strip()
