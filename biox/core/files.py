"""Files that are whole or absent: each is written beside its place under a temporary name and then moved there."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path to write a file or folder to; on leaving without an error it takes the place of ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = Path(tempfile.mkdtemp(prefix=".biox-", dir=path.parent))
    fresh, previous = holder / path.name, holder / "previous"
    try:
        yield fresh
        if path.is_dir():
            path.rename(previous)
        fresh.replace(path)
    finally:
        if previous.exists() and not path.exists():
            previous.rename(path)
        shutil.rmtree(holder, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole."""
    with whole(path) as fresh:
        fresh.write_text(text, encoding="utf-8")


def sha256(path: Path) -> str:
    """Checksum of one file, as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Every file, a folder standing for all files below it, in sorted order."""
    files: list[Path] = []
    for path in paths:
        files += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return files


def checksums(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of every file, a folder standing for all files below it.

    Files are called as they were named; those of an installed package from the package's name on.
    """
    return {file.as_posix().split("/site-packages/")[-1]: sha256(file) for file in files_in(paths)}
