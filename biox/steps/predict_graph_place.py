"""How unusual each edge of a new patient is in the cohort, network by network."""

from typing import Any, TypeAlias

import numpy as np

from biox.graphs.averages import LIMIT_BYTES, targets_of

Network: TypeAlias = np.ndarray
"""The rows of the stored influences that one network explained."""


def shares_weaker(
    values: Any, by_fold: np.ndarray, networks: list[Network], own: list[np.ndarray], limit_bytes: int = LIMIT_BYTES
) -> np.ndarray:
    """The share of the cohort in which each edge is weaker, whatever its sign, shape (new sample, source, target).

    values: the cohort's influences, (sample, source, target), an array or a stored influence, each row by the network
    that never saw that sample. by_fold: those of the new samples by every network, (fold, new sample, source, target).
    Each network's new influences are compared with its own rows only, for networks differ in how much they rely on
    anything; the counts of all networks are added up. networks: their rows, fold by fold. own: of each new sample the
    rows that are of the same patient, which do not count. NaN where the edge is unknown in the new sample or in all
    of the cohort. The influences are read once, in blocks of targets.
    """
    folds, people, proteins = by_fold.shape[:3]
    shares = np.full(by_fold.shape[1:], np.nan, np.float32)
    size = max(1, limit_bytes // max(1, 4 * 4 * values.shape[0] * proteins))
    for start in range(0, proteins, size):
        block = np.abs(targets_of(values, start, min(start + size, proteins)))
        here = slice(start, start + block.shape[2])
        new = np.abs(by_fold[..., here])
        weaker, known = (np.zeros((people, *block.shape[1:]), np.int64) for _ in range(2))
        for fold in range(folds):
            of_network = block[networks[fold]]
            there = (~np.isnan(of_network)).sum(axis=0)
            for k in range(people):
                same = block[np.intersect1d(own[k], networks[fold])]
                weaker[k] += (of_network < new[fold, k]).sum(axis=0) - (same < new[fold, k]).sum(axis=0)
                known[k] += there - (~np.isnan(same)).sum(axis=0)
        unknown = np.isnan(new[0]) | (known == 0)
        shares[..., here] = np.where(unknown, np.nan, weaker / np.maximum(known, 1))
    return shares
