"""HDF5 files of others: what they announce, and whether they reach for other files, asked before they are read."""

import math
from pathlib import Path
from typing import Any

import h5py

from biox.core.bombs import refuse_size
from biox.core.errors import InputError

SPARSE = ("csr_matrix", "csc_matrix")


def refuse_hdf5(file: Path) -> None:
    """Refuse a file whose datasets would fill the memory, or that has values in other files, which it need not know.

    Links into other files, datasets whose bytes are another file's, and views of other files would put what lies
    elsewhere on the reader's disk into a result. Sparse matrices count as they are when their zeros are filled in.
    """
    with h5py.File(file, "r") as opened:
        names: list[str] = []
        opened.visit_links(lambda name: names.append(name if isinstance(name, str) else name.decode()))
        held = 0
        for name in names:
            link = opened.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise InputError(f"{file}: {name!r} is a link into another file ({link.filename}); copy its values in.")
            # What a soft link leads to has a name of its own, under which it is counted.
            held += 0 if isinstance(link, h5py.SoftLink) else _size(file, name, opened.get(name))
            refuse_size(file, held, "what it announces")


def _size(file: Path, name: str, found: Any) -> int:
    if isinstance(found, h5py.Group):
        shape = found.attrs.get("shape", ()) if found.attrs.get("encoding-type") in SPARSE else ()
        return 8 * math.prod(int(n) for n in shape) if len(shape) else 0
    if not isinstance(found, h5py.Dataset):
        return 0
    if found.external or found.is_virtual:
        raise InputError(f"{file}: the values of {name!r} lie in other files; copy them in.")
    chunk = math.prod(found.chunks or ()) * found.dtype.itemsize
    refuse_size(file, chunk, f"a chunk of {name!r}")
    return math.prod(found.shape or ()) * found.dtype.itemsize
