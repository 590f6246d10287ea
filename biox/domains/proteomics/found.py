"""Everything that a graph study found, as its validation takes it, and the arms of such a study."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from biox.core.graph_types import SEEDED, SHUFFLED, Graphs, Influence, MaskedFit
from biox.core.types import Cohort


@dataclass(frozen=True)
class Found:
    """What the steps before validation left.

    influences: by variant; the rows are all samples of that variant, each explained by the network that never saw its
    patient, in any order (they are joined by ``sample``). baselines: by method, shape (source, target).
    fits: by fold and variant. levels: by variant, the levels of the cohort's samples as its networks saw them, shape
    (sample, protein of the cohort); those of ``main`` are also the cohort's.
    """

    cohort: Cohort
    graphs: Graphs
    influences: Mapping[str, Influence]
    baselines: Mapping[str, np.ndarray]
    fits: Mapping[int, Mapping[str, MaskedFit]]
    levels: Mapping[str, np.ndarray] = field(default_factory=dict)

    def of(self, variant: str) -> "Found":
        """The same with the levels of a variant as those of the cohort."""
        return replace(self, cohort=replace(self.cohort, x=self.levels[variant]))


def arms(found: Found) -> list[str]:
    """The study itself and its variants: no arm on shuffled tables and none with another seed."""
    return [name for name in found.influences if not name.startswith((SHUFFLED, SEEDED))]


def seeded(found: Found) -> list[str]:
    """The arms that differ from ``main`` in nothing but the seed."""
    return [name for name in found.influences if name.startswith(SEEDED)]


def fold_of(found: Found, variant: str = "main") -> np.ndarray:
    """The fold that tested each sample of the cohort, shape (sample,); -1 for samples that the variant leaves out."""
    place = {name: i for i, name in enumerate(found.cohort.samples["sample"])}
    folds = np.full(len(place), -1)
    for fold, fits in found.fits.items():
        if variant in fits:
            parts = fits[variant].parts
            tested = parts.loc[parts["part"] == "test", "sample"]
            folds[[place[name] for name in tested]] = fold
    return folds


def standardised(found: Found) -> np.ndarray:
    """The cohort's values as the network that tested each sample saw them, shape (sample, protein); NaN: not measured.

    The columns are the proteins of the graphs; samples that ``main`` leaves out are NaN throughout.
    """
    x = values(found)
    z = np.full(x.shape, np.nan)
    folds = fold_of(found)
    for fold, fits in found.fits.items():
        rows = folds == fold
        z[rows] = (x[rows] - fits["main"].shift) / fits["main"].scale
    return z


def values(found: Found) -> np.ndarray:
    """The cohort's values of the proteins of the graphs, in their order, shape (sample, protein)."""
    place = {name: i for i, name in enumerate(found.cohort.axes[0].labels)}
    return np.asarray(found.cohort.x, float)[:, [place[name] for name in found.graphs.proteins]]
