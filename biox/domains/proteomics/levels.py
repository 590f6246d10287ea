"""What every reader of protein tables gives before it is treated alike: levels, their samples and their proteins."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from biox.core.errors import InputError
from biox.domains.proteomics.opening import refuse_doubles


@dataclass(frozen=True)
class Levels:
    """A table of protein levels as it was read.

    values: shape (sample, protein), NaN where not measured. samples: ``sample`` (unique text) and what the file itself
    says of the samples. proteins: their unique names. unit: of the values. source: the file, for messages. notes:
    sentences on what was dropped or decided.
    """

    values: Float[np.ndarray, "sample protein"]
    samples: pd.DataFrame
    proteins: tuple[str, ...]
    unit: str
    source: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = list(self.samples["sample"])
        refuse_doubles(names, f"{self.source}: the sample", "A sample may be there once; name repeats apart.")
        refuse_doubles(
            self.proteins, f"{self.source}: the protein", "A protein may be there once; name isoforms apart."
        )
        for what, named in (("sample", names), ("protein", self.proteins)):
            if "" in named:
                raise InputError(
                    f"{self.source}: {what} number {list(named).index('') + 1} has no name; expected text."
                )

    def of_samples(self, rows: np.ndarray) -> "Levels":
        """The levels of the chosen samples (integer rows or a boolean mask)."""
        samples = self.samples[rows] if np.asarray(rows).dtype == bool else self.samples.iloc[rows]
        return replace(self, values=self.values[rows], samples=samples.reset_index(drop=True))

    def of_proteins(self, kept: np.ndarray) -> "Levels":
        """The levels of the chosen proteins (a boolean mask)."""
        names = tuple(name for name, keep in zip(self.proteins, kept, strict=True) if keep)
        return replace(self, values=self.values[:, kept], proteins=names)

    def noted(self, *sentences: str) -> "Levels":
        """The same levels with further notes."""
        return replace(self, notes=(*self.notes, *sentences))
