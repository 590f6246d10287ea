"""What the networks of all folds rely on in new patients, each network for itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from biox.core.graph_types import MaskedFit
from biox.core.study import Study
from biox.core.types import Cohort
from biox.steps.influence import background, explained

PIECE_BYTES = 2**28


@dataclass(frozen=True)
class Piece:
    """Some new samples: their rows, influences (fold, sample, source, target), and ``sample``, ``masks`` (of all
    networks together) and ``error`` (the largest of the networks').
    """

    rows: np.ndarray
    by_fold: np.ndarray
    samples: pd.DataFrame


def pieces(study: Study, cohort: Cohort, fits: Mapping[int, MaskedFit], method: str, people: Cohort) -> Iterator[Piece]:
    """The influences in new patients, a few at a time. Masks follow from a sample's name, so that by LRP its graph does
    not depend on who else is in the table. Expected gradients also draw starts and points, row after row of a batch.
    """
    names = people.samples["sample"]
    numbers, x = np.array([crc32(name.encode()) for name in names]), np.asarray(people.x)
    at_once = max(1, PIECE_BYTES // (4 * len(fits) * x.shape[1] ** 2))
    for start in range(0, len(x), at_once):
        rows = np.arange(start, min(start + at_once, len(x)))
        values, masks, error = [], [], []
        for fit in fits.values():
            how = study.methods[method], background(np.asarray(cohort.x), fit)
            found = list(explained(x[rows], fit, study, how, numbers[rows]))
            values.append(np.concatenate([one.values for one in found]))
            masks.append(np.concatenate([one.masks for one in found]))
            error.append(np.concatenate([one.error for one in found]))
        about = {"masks": np.sum(masks, axis=0), "error": np.max(error, axis=0)}
        yield Piece(rows, np.stack(values), pd.DataFrame({"sample": names.to_numpy()[rows], **about}))
