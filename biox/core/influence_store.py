"""Influences on disk, which may be larger than memory: written in pieces of rows, read by rows or by blocks of targets.

A shard is a folder with one folder a variant: SHARD/VARIANT/{influence.json, samples.parquet, values.zarr, ...}
(``biox.core.influence_packing`` says which arrays there are). Each file of a zarr array holds all targets of some
samples, cut into chunks by target: rows of samples lie in few files, and the samples of a few targets in few chunks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr

from biox.core.arrays import stored
from biox.core.errors import InputError, listed
from biox.core.graph_settings import Graph
from biox.core.graph_types import Influence
from biox.core.influence_packing import Packed, layout, packed, unpacked
from biox.core.joined import parted
from biox.core.result_files import load_json, save_json
from biox.core.sealed import checked, intact, readable, sealed

FILE_BYTES = 16 * 2**20
CHUNK_BYTES = 2**19


@dataclass(frozen=True)
class InfluenceHead:
    """What is known of the influences of a shard before any is computed; ``samples`` is their number."""

    variant: str
    method: str
    settings: Mapping[str, Any]
    samples: int
    proteins: tuple[str, ...]


@contextmanager
def influence_writer(
    shard: Path, head: InfluenceHead, storage: Graph
) -> Iterator[Callable[[np.ndarray, pd.DataFrame], None]]:
    """A function that takes the next samples: ``write(values, samples)``, float32 (sample, source, target) and their
    rows of the sample table.

    The folder ``shard/VARIANT`` appears when the block is left, whole or not at all. Other numbers of samples than
    announced are a ValueError. Memory: one piece and the packed rows of one file (FILE_BYTES, or one sample).
    """
    with sealed(shard / head.variant) as fresh:
        arrays, rows = _created(fresh, head, storage)
        tables: list[pd.DataFrame] = []
        waiting: list[Packed] = []
        written = 0

        def write(values: np.ndarray, samples: pd.DataFrame) -> None:
            nonlocal written
            wanted = (len(samples), len(head.proteins), len(head.proteins))
            if values.shape != wanted:
                raise ValueError(f"Influences have shape {values.shape}, but their table and proteins say {wanted}.")
            tables.append(samples)
            waiting.append(packed(values, storage))
            if sum(len(piece["values"]) for piece in waiting) >= rows:
                written += _flushed(arrays, waiting, written, rows)

        yield write
        written += _flushed(arrays, waiting, written, 1) if waiting else 0
        if written != head.samples:
            raise ValueError(f"{head.samples} samples were announced, but {written} were written.")
        table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"sample": pd.Series([], dtype=str)})
        table.to_parquet(fresh / "samples.parquet")
        save_json(fresh / "influence.json", asdict(head))


def _flushed(arrays: Mapping[str, Any], waiting: list[Packed], start: int, rows: int) -> int:
    # Whole files only (a multiple of rows), so that none is read and written again; the rest goes on waiting.
    joined = {name: np.concatenate([piece[name] for piece in waiting]) for name in arrays}
    held = len(joined["values"])
    now = held - held % rows
    for name in arrays if now else ():
        if start + now > arrays[name].shape[0]:
            raise ValueError(f"{arrays[name].shape[0]} samples were announced, but more were written.")
        arrays[name][start : start + now] = joined[name][:now]
    waiting[:] = [{name: joined[name][now:] for name in arrays}]
    return now


def load_influences(shards: Iterable[Path]) -> dict[str, Influence]:
    """The influences of all shards (of all folds) together, one Influence a variant, ``main`` first.

    The rows are those of the shards in the order given; ``values`` is a StoredInfluence. A sample that stands in two
    shards, or shards of different methods or proteins, are an InputError.
    """
    found: dict[str, list[Path]] = {}
    for shard in shards:
        files = sorted(shard.glob("*/influence.json"))
        if not files:
            raise InputError(f"There are no influences in {shard}; run `biox influence` first, or the whole workflow.")
        for file in files:
            found.setdefault(file.parent.name, []).append(file.parent)
    return {name: _joined(found[name]) for name in sorted(found, key=lambda name: (name != "main", name))}


class StoredInfluence:
    """Influences of shape (sample, source, target) that are read from disk when they are asked for, as float32."""

    def __init__(self, parts: Sequence[Mapping[str, Any]], proteins: int) -> None:
        self._parts = parts
        self._starts = np.cumsum([0, *(part["values"].shape[0] for part in parts)])
        self.shape: tuple[int, int, int] = (int(self._starts[-1]), proteins, proteins)
        self.dtype = np.dtype(np.float32)
        self.ndim = 3

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """The influences of one sample, shape (source, target), or of several: a slice, integer rows or a mask."""
        if isinstance(rows, int | np.integer):
            return self[np.array([rows])][0]
        out = np.empty((len(np.arange(len(self))[rows]), *self.shape[1:]), np.float32)
        for number, here, own in parted(rows, self._starts):
            order, back = np.unique(own, return_inverse=True)  # as zarr wants them: in order, once
            some = _rows(order)
            with readable(self._parts[number]["values"].store_path):
                stored = {name: np.asarray(array.oindex[some]) for name, array in self._parts[number].items()}
            out[here] = unpacked(stored, self._everyone(), self._everyone())[back]
        return out

    def targets(self, start: int, stop: int) -> np.ndarray:
        """All samples' influences on the targets from ``start`` to before ``stop``, shape (sample, source, block)."""
        return self.block(self._everyone(), slice(start, stop))

    def block(self, sources: slice, targets: slice) -> np.ndarray:
        """All samples' influences of some sources on some targets (slices with start and stop)."""
        sources, targets = (slice(one.start, min(one.stop, self.shape[2])) for one in (sources, targets))
        out = np.empty((len(self), sources.stop - sources.start, targets.stop - targets.start), np.float32)
        for part, first, last in zip(self._parts, self._starts[:-1], self._starts[1:], strict=True):
            with readable(part["values"].store_path):
                stored = {name: np.asarray(_of_targets(name, array, targets)) for name, array in part.items()}
            out[first:last] = unpacked(stored, sources, targets)
        return out

    def _everyone(self) -> slice:
        return slice(0, self.shape[2])


def _of_targets(name: str, array: Any, targets: slice) -> Any:
    return array[:] if name in ("no_source", "no_target") else array[..., targets]


def _rows(order: np.ndarray) -> Any:
    one_run = len(order) == order[-1] - order[0] + 1
    return slice(int(order[0]), int(order[-1]) + 1) if one_run else order


def _joined(folders: list[Path]) -> Influence:
    heads, tables, parts = zip(*(_part(folder) for folder in folders), strict=True)
    for folder, head in zip(folders, heads, strict=True):
        for fact in ("method", "settings", "proteins"):
            if head[fact] != heads[0][fact]:
                raise InputError(
                    f"The influences in {folder} and {folders[0]} differ in their {fact}; compute one anew."
                )
    samples = pd.concat([table for table in tables if len(table)] or list(tables[:1]), ignore_index=True)
    if len(twice := samples["sample"][samples["sample"].duplicated()]):
        raise InputError(f"Sample {listed(twice[:1])} of variant {heads[0]['variant']!r} stands in two shards.")
    proteins, facts = tuple(heads[0]["proteins"]), {name: heads[0][name] for name in ("variant", "method", "settings")}
    return Influence(**facts, values=StoredInfluence(parts, len(proteins)), samples=samples, proteins=proteins)


def _part(folder: Path) -> tuple[dict[str, Any], pd.DataFrame, dict[str, Any]]:
    """What is known of the influences in one folder, their sample table, and their arrays, still unread."""
    with intact(folder):
        head = load_json(folder / "influence.json")
        table = pd.read_parquet(folder / "samples.parquet")
        return head, table, {path.stem: stored(path) for path in sorted(folder.glob("*.zarr"))}


def _created(folder: Path, head: InfluenceHead, storage: Graph) -> tuple[dict[str, Any], int]:
    shapes = layout(storage, len(head.proteins))
    one = sum(int(np.prod(shape)) * np.dtype(kind).itemsize for shape, kind in shapes.values())
    rows = max(1, min(FILE_BYTES // max(1, one), head.samples))
    return {name: _array(folder / f"{name}.zarr", head.samples, rows, *shapes[name]) for name in shapes}, rows


def _array(path: Path, samples: int, rows: int, shape: tuple[int, ...], kind: str) -> Any:
    targets = shape[-1]
    column = rows * int(np.prod(shape[:-1])) * np.dtype(kind).itemsize
    block = max(1, min(CHUNK_BYTES // max(1, column), targets))
    chunk, file = ((rows, *shape[:-1], n) for n in (block, -(-targets // block) * block))
    return zarr.create_array(
        path, shape=(samples, *shape), dtype=kind, chunks=chunk, shards=file, compressors=checked()
    )
