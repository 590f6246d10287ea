"""The strongest edges of each sample, and how unusual each of them is among all samples.

Influences may be larger than memory: they are read once by rows, to find the strongest, and once by blocks of targets,
to compare each of these edges with the same edge of all samples.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from biox.graphs.averages import LIMIT_BYTES, targets_of


def strongest(
    values: Any, samples: Sequence[str], proteins: Sequence[str], *, count: int, limit_bytes: int = LIMIT_BYTES
) -> pd.DataFrame:
    """The ``count`` strongest directed edges of each sample; fewer where fewer were measured or are other than 0.

    values: (sample, source, target), an array or a stored influence, its rows described by ``samples``. Proteins named
    "" are left out: neither their incoming nor their outgoing edges are listed.
    Columns: ``sample``, ``rank`` (from 1), ``source``, ``target``, ``weight`` (the signed influence) and
    ``percentile``: the share, 0 .. 1, of the other samples with this edge in which it is weaker (NaN without others).
    """
    left_out = np.array([not name for name in proteins], bool)
    found = _edges(values, left_out, count, limit_bytes)
    row, source, target = found["row"].to_numpy(), found["source"].to_numpy(), found["target"].to_numpy()
    names = np.asarray(proteins, object)
    return pd.DataFrame(
        {
            "sample": np.asarray(samples, object)[row].astype(str),
            "rank": found["rank"].to_numpy(),
            "source": names[source].astype(str),
            "target": names[target].astype(str),
            "weight": found["weight"].to_numpy(),
            "percentile": _percentiles(values, found, limit_bytes),
        }
    )


def share_weaker(edge: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The share of the other samples in which an edge is weaker than each of these weights, which are of samples too.

    edge: absolute influence of all samples, NaN where not measured; weights: some of these values.
    """
    ordered = np.sort(edge[~np.isnan(edge)])
    others = len(ordered) - 1
    weaker = np.searchsorted(ordered, weights, side="left")
    return weaker / others if others > 0 else np.full(len(weights), np.nan)


def _edges(values: Any, left_out: np.ndarray, count: int, limit_bytes: int) -> pd.DataFrame:
    samples, proteins = values.shape[:2]
    pieces = [_strongest_of(np.empty((0, proteins, proteins), np.float32), left_out, count)]
    at_once = max(1, limit_bytes // max(1, 4 * 4 * proteins**2))
    for start in range(0, samples, at_once):
        piece = _strongest_of(np.asarray(values[start : start + at_once], np.float32), left_out, count)
        piece["row"] += start
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True)


def _strongest_of(values: np.ndarray, left_out: np.ndarray, count: int) -> pd.DataFrame:
    samples, proteins = values.shape[:2]
    size = np.nan_to_num(np.abs(values), nan=0.0)
    size[:, left_out] = 0
    size[:, :, left_out] = 0
    size[:, np.arange(proteins), np.arange(proteins)] = 0
    size = size.reshape(samples, proteins**2)
    count = min(count, proteins * (proteins - 1))
    some = np.argpartition(size, size.shape[1] - count, axis=1)[:, size.shape[1] - count :]
    order = np.argsort(-np.take_along_axis(size, some, axis=1), axis=1, kind="stable")
    places = np.take_along_axis(some, order, axis=1)
    row, rank = np.nonzero(np.take_along_axis(size, places, axis=1) > 0)
    source, target = np.divmod(places[row, rank], proteins)
    weight = values[row, source, target]
    return pd.DataFrame({"row": row, "rank": rank + 1, "source": source, "target": target, "weight": weight})


def _percentiles(values: Any, found: pd.DataFrame, limit_bytes: int) -> np.ndarray:
    samples, proteins = values.shape[:2]
    shares = np.full(len(found), np.nan)
    size = max(1, limit_bytes // max(1, 4 * 4 * samples * proteins))
    weights = np.abs(found["weight"].to_numpy(np.float32))
    for start in range(0, proteins, size):
        inside = found[(found["target"] >= start) & (found["target"] < start + size)]
        if inside.empty:
            continue
        # One edge after the other lies together in memory once the samples come last.
        block = np.abs(targets_of(values, start, min(start + size, proteins)))
        block = np.ascontiguousarray(np.moveaxis(block, 0, -1))
        edge_number = inside["source"].to_numpy() * proteins + inside["target"].to_numpy()
        for number, places in pd.Series(inside.index).groupby(edge_number).groups.items():
            source, target = divmod(int(str(number)), proteins)
            rows = inside.index.to_numpy()[np.asarray(places)]
            shares[rows] = share_weaker(block[source, target - start], weights[rows])
    return shares
