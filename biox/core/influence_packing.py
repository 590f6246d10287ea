"""Influences of some samples as the arrays that are stored, and back: all values or the strongest, exact or in 16 bits.

Packed arrays, all with the samples first:

- ``values``: (sample, source, target), or (sample, rank, target) where only the strongest sources are kept;
- ``sources``: (sample, rank, target), the source of each kept value; only where the strongest are kept;
- ``scale``: (sample, target), by which 16-bit values are multiplied;
- ``no_source``, ``no_target``: (sample, protein), where a whole row or column is missing; only with ``sources``.

16-bit numbers hold eleven bits between 6e-5 and 65504. The values of one sample and target are therefore divided by
``scale``, which makes the largest of them LARGEST; those down to a billionth of it keep their eleven bits.
"""

from collections.abc import Mapping

import numpy as np

from biox.core.errors import InputError
from biox.core.graph_settings import Graph

LARGEST = 2.0**15
Packed = dict[str, np.ndarray]


def packed(values: np.ndarray, storage: Graph) -> Packed:
    """The arrays to be stored of dense influences, shape (sample, source, target).

    Infinite values are refused, and so are single missing values where only the strongest sources are kept: there, a
    source or a target of a sample is missing as a whole.
    """
    values = np.asarray(values, np.float32)
    if np.isinf(values).any():
        raise InputError(
            "An influence is infinite: the network has not settled. Train it at a lower learning rate "
            "(training.learning_rate)."
        )
    if keeps_all(storage, values.shape[1]):
        return _in_precision({"values": values}, storage)
    return _in_precision(_strongest(values, int(storage.top or 0)), storage)


def unpacked(stored: Mapping[str, np.ndarray], sources: slice, targets: slice) -> np.ndarray:
    """Dense float32 influences of the stored arrays of some targets, shape (sample, source, target), of some sources.

    Both slices have a start and a stop.
    """
    few = "sources" in stored
    values = stored["values"][:, slice(None) if few else sources].astype(np.float32)
    if "scale" in stored:
        values *= stored["scale"][:, None, :]
    if not few:
        return values
    dense = np.zeros((len(values), sources.stop - sources.start, values.shape[2]), np.float32)
    wanted = (stored["sources"] >= sources.start) & (stored["sources"] < sources.stop)
    sample, rank, target = np.nonzero(wanted)
    dense[sample, stored["sources"][sample, rank, target] - sources.start, target] = values[sample, rank, target]
    dense[stored["no_source"][:, sources]] = np.nan
    np.swapaxes(dense, 1, 2)[stored["no_target"][:, targets]] = np.nan
    return dense


def keeps_all(storage: Graph, proteins: int) -> bool:
    """Whether every source of a target is stored."""
    return storage.top is None or storage.top >= proteins - 1


def layout(storage: Graph, proteins: int) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape of one sample and type of every packed array, by name."""
    whole = keeps_all(storage, proteins)
    ranks = proteins if whole else int(storage.top or 0)
    arrays: dict[str, tuple[tuple[int, ...], str]] = {"values": ((ranks, proteins), storage.precision)}
    if storage.precision == "float16":
        arrays["scale"] = ((proteins,), "float32")
    if not whole:
        arrays["sources"] = ((ranks, proteins), _index_type(proteins))
        arrays["no_source"] = arrays["no_target"] = ((proteins,), "bool")
    return arrays


def _index_type(proteins: int) -> str:
    return "int16" if proteins <= np.iinfo(np.int16).max else "int32"


def _in_precision(arrays: Packed, storage: Graph) -> Packed:
    if storage.precision == "float32":
        return arrays
    values = arrays["values"]
    largest = np.fmax.reduce(np.abs(values), axis=1, initial=0.0)
    # Below the smallest normal number a scale would lose its own digits; such influences are nothing.
    scale = np.where(largest / LARGEST >= np.finfo(np.float32).tiny, largest / LARGEST, 1.0).astype(np.float32)
    return {**arrays, "values": (values / scale[:, None, :]).astype(np.float16), "scale": scale}


def _strongest(values: np.ndarray, top: int) -> Packed:
    missing: np.ndarray = np.isnan(values)
    diagonal = np.arange(values.shape[1])
    # The diagonal is no influence, so whether it is missing says nothing.
    missing[:, diagonal, diagonal] = True
    no_source, no_target = np.all(missing, axis=2), np.all(missing, axis=1)
    wanted = np.logical_or(no_source[:, :, None], no_target[:, None, :])
    wanted[:, diagonal, diagonal] = True
    if not np.array_equal(missing, wanted):
        raise ValueError("Single influences are missing; only those of a whole source or target of a sample may be.")
    size = np.abs(values)
    size[missing] = -1
    kept = np.argpartition(size, -top, axis=1)[:, -top:]
    strongest = np.nan_to_num(np.take_along_axis(values, kept, axis=1), nan=0.0)
    sources = kept.astype(_index_type(values.shape[1]))
    return {"values": strongest, "sources": sources, "no_source": no_source, "no_target": no_target}
