"""Are two finished runs the same, byte for byte? One checksum a part, and every file that differs.

    python bench/same_bytes.py FOLDER_A FOLDER_B

The folders are those in which the workflow ran; compared is all below ``results`` and ``reports``. Exit code 1 where
anything differs.
"""

import argparse
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

from biox.core.files import files_in, sha256

TREES = ("results", "reports")


def main() -> int:
    """Compare, print, and say by the exit code whether all is equal."""
    ask = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    ask.add_argument("folders", type=Path, nargs=2, metavar="FOLDER")
    runs = [contents(folder) for folder in ask.parse_args().folders]
    if not all(runs):
        print("One of the folders holds neither results nor reports.", file=sys.stderr)
        return 2
    for part in sorted({part_of(file) for run in runs for file in run}):
        print(part, *(f"{summed({f: s for f, s in run.items() if part_of(f) == part})}" for run in runs))
    apart = different(*runs)
    for line in apart:
        print(line)
    print(f"{len(runs[0])} and {len(runs[1])} files; {len(apart)} differ.")
    return 1 if apart else 0


def contents(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a run, by its place below the folder."""
    trees = [folder / tree for tree in TREES if (folder / tree).is_dir()]
    return {file.relative_to(folder).as_posix(): sha256(file) for file in files_in(trees)}


def part_of(file: str) -> str:
    """Which part of a run a file belongs to: fits, relevance, evidence, ..., or reports."""
    tree, *further = file.split("/")
    if tree == "reports":
        return tree
    kind = further[2] if further[1].startswith("fold-") else further[1]
    return kind.split("-")[0].removesuffix(".zarr")


def summed(sums: Mapping[str, str]) -> str:
    """One checksum over the names and checksums of many files."""
    lines = "".join(f"{file} {sums[file]}\n" for file in sorted(sums))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def different(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """What differs, a line a file."""
    files = sorted(one.keys() | other.keys())
    only = {file: "only in the first" if file in one else "only in the second" for file in one.keys() ^ other.keys()}
    return [f"{file}: {only.get(file, 'differs')}" for file in files if one.get(file) != other.get(file)]


if __name__ == "__main__":
    sys.exit(main())
