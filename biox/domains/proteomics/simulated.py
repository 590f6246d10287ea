"""A simulated protein table with its truth: which relations hold, and in which samples."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

TRUTH_COLUMNS = ["source", "target", "group", "effect"]


@dataclass(frozen=True)
class Simulated:
    """Protein levels and who regulates whom.

    x: float32, shape (sample, protein). groups: of each sample, the group whose edges hold in it. effects: of each
    group, shape (source, target): the signed strength of each edge, 0 where there is none. directed: whether the
    direction of an edge means anything; otherwise ``effects`` are symmetric. modules: proteins that belong together.
    unit: of the values.
    """

    x: np.ndarray
    proteins: tuple[str, ...]
    groups: np.ndarray
    effects: Mapping[str, np.ndarray]
    directed: bool
    modules: Mapping[str, tuple[str, ...]]
    unit: str

    @property
    def union(self) -> np.ndarray:
        """Bool, shape (source, target): the edges that hold in any group."""
        return np.any([effect != 0 for effect in self.effects.values()], axis=0)

    def of_sample(self, row: int) -> np.ndarray:
        """Bool, shape (source, target): the edges that hold in one sample."""
        return self.effects[self.groups[row]] != 0

    def edges(self) -> pd.DataFrame:
        """The truth as a table: one row an edge and group; a pair without a direction is listed once."""
        tables = []
        for group, effect in self.effects.items():
            source, target = np.nonzero(effect if self.directed else np.triu(effect))
            named = [np.asarray(self.proteins, object)[ends] for ends in (source, target)]
            columns = (*named, group, effect[source, target])
            tables.append(pd.DataFrame(dict(zip(TRUTH_COLUMNS, columns, strict=True))))
        return pd.concat(tables, ignore_index=True)


def names(proteins: int) -> tuple[str, ...]:
    """P01, P02 ... with as many digits as the last one needs."""
    digits = max(2, len(str(proteins)))
    return tuple(f"P{k:0{digits}d}" for k in range(1, proteins + 1))
