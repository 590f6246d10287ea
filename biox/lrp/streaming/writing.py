"""Where streamed relevance goes: a new zarr array on disk, or anything whose rows can be assigned."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def written(found: Iterator[Tensor], out: Any, samples: int | None) -> Any:
    """Write batch after batch into the rows of ``out`` and give it back.

    out: the path of a new zarr array (float32 or float64, a batch a chunk, NaN where nothing was written yet), or an
        array (zarr, numpy, memory-mapped, torch) with a row for each sample.
    samples: how many there will be, None where that is not known; a new array then grows.
    """
    if not isinstance(out, str | Path):
        return _filled(found, out, samples, new=False)
    if Path(out).exists():
        raise ValueError(f"{out} is there already. Delete it, or give the opened array as out to overwrite its rows.")
    try:
        return _filled(found, out, samples, new=True)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)  # half of a study under its name would be taken for the whole
        raise


def _filled(found: Iterator[Tensor], out: Any, samples: int | None, *, new: bool) -> Any:
    array: Any = None if new else out
    row = 0
    for batch in found:
        if array is None:
            array = _new_array(out, batch, samples)
        if row + len(batch) > array.shape[0]:
            if not new or samples is not None:
                raise ValueError(f"out has {array.shape[0]} rows, but there are more samples.")
            array.resize((row + len(batch), *array.shape[1:]))
        _put(array, row, batch)
        row += len(batch)
    if array is None or row < array.shape[0]:
        rows = "" if array is None else f" out has {array.shape[0]} rows."
        raise ValueError(f"The loader gave {row} samples.{rows}")
    if hasattr(array, "flush"):
        array.flush()
    return array


def _put(array: Any, row: int, batch: Tensor) -> None:
    wanted, found = tuple(batch.shape[1:]), tuple(array.shape[1:])
    if wanted != found:
        raise ValueError(f"A sample's relevance has shape {wanted}, but a row of out has {found}.")
    values: Any = batch if isinstance(array, Tensor) else _storable(batch).numpy()
    array[row : row + len(batch)] = values


def _new_array(path: Any, first: Tensor, samples: int | None) -> Any:
    import zarr

    shape = (samples or len(first), *first.shape[1:])
    name = str(_storable(first).dtype).removeprefix("torch.")
    return zarr.create_array(str(path), shape=shape, chunks=tuple(first.shape), dtype=name, fill_value=float("nan"))


def _storable(batch: Tensor) -> Tensor:
    return batch if batch.dtype in (torch.float32, torch.float64) else batch.float()
