"""The share of a cohort in which an edge is weaker than in a new patient, for all edges or for some."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from biox.graphs.averages import LIMIT_BYTES, targets_of


@dataclass(frozen=True)
class Reference:
    """The influences of a cohort, which new patients are held against.

    values: (sample, source, target), an array or a stored influence, each row by the network that never saw that
    sample. networks: the rows of each network, in the order of the folds. own: of each new sample the rows that are of
    the same patient, which do not count.
    """

    values: Any
    networks: list[np.ndarray]
    own: list[np.ndarray]

    def of(self, new: np.ndarray) -> "Reference":
        """The reference for some of the new samples."""
        return Reference(self.values, self.networks, [self.own[k] for k in new])


def shares_weaker(reference: Reference, by_fold: np.ndarray, limit_bytes: int = LIMIT_BYTES) -> np.ndarray:
    """The share of the cohort in which each edge is weaker, whatever its sign, shape (new sample, source, target).

    by_fold: the influences in new samples by every network, (fold, new sample, source, target). Each network's are
    compared with its own rows only, for networks differ in how much they rely on anything; the counts of all networks
    are added up. NaN where the edge is unknown in the new sample or in all of the cohort. The cohort's influences are
    read once, in blocks of targets.
    """
    people, proteins = by_fold.shape[1:3]
    shares = np.full(by_fold.shape[1:], np.nan, np.float32)
    size = max(1, limit_bytes // max(1, 4 * 4 * reference.values.shape[0] * proteins))
    for start in range(0, proteins, size):
        block = np.abs(targets_of(reference.values, start, min(start + size, proteins)))
        here = slice(start, start + block.shape[2])
        new = np.abs(by_fold[..., here])
        weaker, known = (np.zeros((people, *block.shape[1:]), np.int64) for _ in range(2))
        for fold, rows in enumerate(reference.networks):
            of_network = block[rows]
            there = (~np.isnan(of_network)).sum(axis=0)
            for k, own in enumerate(reference.own):
                same = block[np.intersect1d(own, rows)]
                weaker[k] += (of_network < new[fold, k]).sum(axis=0) - (same < new[fold, k]).sum(axis=0)
                known[k] += there - (~np.isnan(same)).sum(axis=0)
        unknown = np.isnan(new[0]) | (known == 0)
        shares[..., here] = np.where(unknown, np.nan, weaker / np.maximum(known, 1))
    return shares


def shares_of_edges(
    reference: Reference, edges: pd.DataFrame, proteins: tuple[str, ...], limit_bytes: int = LIMIT_BYTES
) -> np.ndarray:
    """The share of all rows of the cohort in which some edges are weaker than in new samples, whatever their sign.

    edges: ``sample`` (the number of the new sample, as text), ``source``, ``target``, ``weight``. NaN where no row has
    the edge.
    """
    place = {name: number for number, name in enumerate(proteins)}
    source, target = (edges[end].map(place).to_numpy(int) for end in ("source", "target"))
    sample, weight = edges["sample"].to_numpy(int), np.abs(edges["weight"].to_numpy())
    shares = np.full(len(edges), np.nan)
    size = max(1, limit_bytes // max(1, 4 * 4 * reference.values.shape[0] * len(proteins)))
    for start in range(0, len(proteins), size):
        inside = np.flatnonzero((target >= start) & (target < start + size))
        if not len(inside):
            continue
        block = np.abs(targets_of(reference.values, start, min(start + size, len(proteins))))
        for k in inside:
            others = np.delete(block[:, source[k], target[k] - start], reference.own[sample[k]])
            known = others[~np.isnan(others)]
            shares[k] = (known < weight[k]).mean() if len(known) else np.nan
    return shares
