"""Results under a seal: a file that was damaged, cut off or lost is found before anything is computed from it.

``seal.json`` in a folder of results lists every file with its size and SHA-256. Files above LARGE are held against
their size only, since they are read piece by piece, and so are the chunks of zarr arrays, which carry checksums of
their own (``checked``) and are held against them whenever one is read. Results of older versions have no seal.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from biox.core.errors import InputError
from biox.core.files import files_in, sha256, whole

SEAL = "seal.json"
LARGE = 2**28


@contextmanager
def sealed(folder: Path) -> Iterator[Path]:
    """A fresh folder to write a result to; on leaving it is sealed and takes the place of ``folder``, whole."""
    with whole(folder) as fresh:
        fresh.mkdir()
        yield fresh
        listed = {file.relative_to(fresh).as_posix(): _kept(file) for file in files_in([fresh])}
        (fresh / SEAL).write_text(json.dumps({"files": listed}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@contextmanager
def intact(folder: Path) -> Iterator[None]:
    """Load a result inside this block: what is not as it was written is an InputError that names the file."""
    _refuse_changed(folder)
    with readable(folder):
        yield


@contextmanager
def readable(place: Any) -> Iterator[None]:
    """Read a part of a result inside this block: what its format's reader says of damage becomes an InputError."""
    try:
        yield
    except InputError:
        raise
    # The readers of zarr, numpy, Parquet and safetensors raise two dozen unrelated types on broken bytes.
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise InputError(f"The result in {place} cannot be read ({reason}). {_way_out(place)}") from error


def checked() -> Any:
    """How zarr arrays of results are packed: each chunk with a checksum that is tested when it is unpacked."""
    from zarr.codecs import ZstdCodec

    return ZstdCodec(level=0, checksum=True)


def _refuse_changed(folder: Path) -> None:
    seal = folder / SEAL
    if not seal.is_file():
        return
    with readable(seal):
        listed = {str(name): (int(size), str(digest)) for name, (size, digest) in _files(seal).items()}
    for name, (size, digest) in listed.items():
        file = folder / name
        found = file.stat().st_size if file.is_file() else None
        if found != size:
            what = "is missing" if found is None else f"has {found} bytes and was written with {size}"
            raise InputError(f"{file} {what}. {_way_out(folder)}")
        if digest and sha256(file) != digest:
            raise InputError(f"{file} is no longer what was written. {_way_out(folder)}")


def _files(seal: Path) -> dict[str, Any]:
    return json.loads(seal.read_text(encoding="utf-8"))["files"]


def _kept(file: Path) -> tuple[int, str]:
    size = file.stat().st_size
    chunk = any(part.endswith(".zarr") for part in file.parts[:-1]) and file.name != "zarr.json"
    return size, "" if chunk or size > LARGE else sha256(file)


def _way_out(folder: Any) -> str:
    return f"Delete {folder} and run the step that makes it again, or the whole workflow."
