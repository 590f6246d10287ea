"""Files that are small on disk and would fill the memory, refused by what they announce, before anything is read.

A compressed file of a few kilobytes may unfold to terabytes, and a header may claim any number of values. Each format
is asked here, by its first bytes, how much it holds; ``biox.core.reading.reading`` asks for every file that it opens.
"""

import gzip
import math
import os
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from biox.core.errors import InputError

DEFAULT_GIB = 8.0
VARIABLE = "BIOX_MOST_GIB"
# Tables of the omics have tens of thousands of columns; parsers need kilobytes for each.
MOST_COLUMNS = 200_000
LONGEST_LINE = 2**24
# Tables of numbers shrink to a tenth; a thousandth is only possible where one character is repeated.
MOST_FOLDING, UNSUSPICIOUS = 200, 2**26
PIECE = 2**20
LONGEST_HEADER = 10_000  # of an array, as numpy has it
TEXT = (".csv", ".tsv", ".txt", ".gz")
ARRAYS = (".npz", ".npy")
# Endings that pandas would unpack by itself.
UNPACKED = (".zip", ".bz2", ".xz", ".zst", ".tar", ".tgz", ".tar.gz")


def most_bytes() -> int:
    """How much one file may hold, unpacked: 8 GiB, or what the environment variable BIOX_MOST_GIB says."""
    try:
        found = float(os.environ.get(VARIABLE, DEFAULT_GIB))
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise InputError(f"The environment variable {VARIABLE} is {os.environ[VARIABLE]!r}; expected a number above 0.")
    return int(found * 2**30)


def refuse_bomb(file: Path) -> None:
    """Refuse a file that announces more than ``most_bytes``, more columns than a table has, or code (Python objects).

    Raises InputError, and whatever the format's own reader raises on a broken header.
    """
    about = file.stat()
    _asked(file, about.st_size, about.st_mtime_ns, most_bytes())


def refuse_size(file: Path, size: int, what: str) -> None:
    """Refuse what would take ``size`` bytes of memory, if that is too much; ``what`` says where it would."""
    if size > most_bytes():
        raise InputError(
            f"{file}: {what} would take {size / 2**30:.3g} GiB of memory, and biox reads at most "
            f"{most_bytes() / 2**30:g} GiB of one file. If it is meant to be so large, set the environment variable "
            f"{VARIABLE} to a higher number; otherwise do not trust the file."
        )


@lru_cache(maxsize=256)
def _asked(file: Path, size: int, changed: int, limit: int) -> None:
    """The question to one file, asked once as long as it stays the same."""
    if file.name.lower().endswith(UNPACKED):
        raise InputError(f"{file} is packed as {file.suffix}; unpack it first (tables may end in .gz).")
    with file.open("rb") as stream:
        start = stream.read(8)
    kinds = [ask for first, ask in _KINDS.items() if start.startswith(first)]
    # By its ending, too: these formats may begin with anything, and are opened all the same.
    kinds += [ask for end, ask in _ENDS.items() if file.suffix.lower() == end and ask not in kinds]
    for ask in kinds:
        ask(file)
    if kinds:
        return
    if file.suffix.lower() in ARRAYS:
        # numpy would take it for a pickle, and advise to run it.
        raise InputError(f"{file} cannot be read: it does not begin like arrays of numpy do. Save it again.")
    if file.suffix.lower() in TEXT:
        refuse_size(file, size, "its text")
        with file.open("rb") as stream:
            _refuse_wide(file, stream)


def _refuse_wide(file: Path, stream: IO[bytes] | gzip.GzipFile) -> None:
    line = stream.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE:
        raise InputError(f"{file}: its first line has more than {LONGEST_LINE} characters; that is no table.")
    columns = 1 + max(line.count(separator) for separator in (b",", b";", b"\t"))
    if columns > MOST_COLUMNS:
        raise InputError(f"{file} has {columns} columns, and a table has at most {MOST_COLUMNS}. Turn it, or split it.")


def _gzip(file: Path) -> None:
    size, held = file.stat().st_size, 0
    with gzip.open(file) as stream:
        _refuse_wide(file, stream)
        stream.seek(0)
        while piece := stream.read(PIECE):
            held += len(piece)
            refuse_size(file, held, "what is packed in it")
            if held > max(UNSUSPICIOUS, MOST_FOLDING * size):
                raise InputError(
                    f"{file} unfolds to more than {MOST_FOLDING} times its size, and tables do not. If you trust "
                    "it, unpack it with `gunzip` and look at it."
                )


def _npy(file: Path) -> None:
    with file.open("rb") as stream:
        announced = _announced(stream, f"{file}")
    if announced > file.stat().st_size:
        raise InputError(f"{file} announces {announced} bytes of values, but has {file.stat().st_size}; it is cut off.")
    refuse_size(file, announced, "its array")


def _npz(file: Path) -> None:
    with zipfile.ZipFile(file) as packed:
        members = packed.infolist()
        refuse_size(file, sum(one.file_size for one in members), "what is packed in it")
        for one in members:
            with packed.open(one) as stream:
                announced = _announced(stream, f"{file}, {one.filename}")
            if announced > one.file_size:
                raise InputError(
                    f"{file}: the array {one.filename!r} announces {announced} bytes, but holds {one.file_size}."
                )


def _announced(stream: Any, where: str) -> int:
    """How many bytes the values of an array in numpy's format take, by its header."""
    from numpy.lib import format as layout

    version = layout.read_magic(stream)
    if version != (1, 0):
        place, length = stream.tell(), int.from_bytes(stream.read(4), "little")
        if length > LONGEST_HEADER:
            raise InputError(f"{where} announces a header of {length} letters; that is no array.")
        stream.seek(place)
    shape, _, dtype = (layout.read_array_header_1_0 if version == (1, 0) else layout.read_array_header_2_0)(stream)
    if dtype.hasobject:
        raise InputError(f"{where} holds Python objects, which are code to whoever opens them; save numbers and text.")
    return math.prod(shape) * dtype.itemsize


def _matlab(file: Path) -> None:
    """A .mat file of version 5: its elements one by one; packed ones are unfolded and counted, and not kept."""
    held, end = 0, file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(128)
        if 0 in start[:4]:  # version 4, which packs nothing
            return
        order = "big" if start[126:] == b"MI" else "little"
        if int.from_bytes(start[124:126], order) >> 8 == 2:  # type: ignore[arg-type]
            raise InputError(f"{file} is of MATLAB 7.3, which is not read; in MATLAB, save it again with `-v7`.")
        while stream.tell() < end and len(head := stream.read(8)) == 8:
            kind, length = (int.from_bytes(head[k : k + 4], order) for k in (0, 4))  # type: ignore[arg-type]
            if stream.tell() + length > end:
                raise InputError(f"{file} cannot be read: it ends before its last variable does. Copy it again.")
            held += _unfolded(file, stream, length) if kind == 15 else length
            refuse_size(file, held, "what is packed in it")
            stream.seek(0 if kind == 15 else length, os.SEEK_CUR)


def _unfolded(file: Path, stream: IO[bytes], length: int) -> int:
    held, unpack = 0, zlib.decompressobj()
    while length > 0 and (piece := stream.read(min(length, PIECE))):
        length -= len(piece)
        while piece:
            held += len(unpack.decompress(piece, PIECE))
            piece = unpack.unconsumed_tail
            refuse_size(file, held, "what is packed in it")
    return held


def _parquet(file: Path) -> None:
    from pyarrow import parquet

    about = parquet.read_metadata(file)
    packed = sum(about.row_group(k).total_byte_size for k in range(about.num_row_groups))
    # A column of one repeated value takes no room on disk, and eight bytes a row in memory.
    refuse_size(file, max(packed, 8 * about.num_rows * about.num_columns), "its table")
    if about.num_columns > MOST_COLUMNS:
        raise InputError(f"{file} has {about.num_columns} columns, and a table has at most {MOST_COLUMNS}.")


def _hdf5(file: Path) -> None:
    from biox.core.hdf5 import refuse_hdf5

    refuse_hdf5(file)


_KINDS: dict[bytes, Callable[[Path], None]] = {
    b"\x1f\x8b": _gzip,
    b"PK\x03\x04": _npz,
    b"\x93NUMPY": _npy,
    b"MATLAB": _matlab,
    b"PAR1": _parquet,
    b"\x89HDF": _hdf5,
}
_ENDS = {".mat": _matlab, ".parquet": _parquet, ".h5ad": _hdf5}
