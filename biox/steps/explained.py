"""What is explained of each sample: the score of its label, of the dominant class, of one class, or a difference."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from biox import lrp
from biox.core.study import AGAINST, Method
from biox.core.types import Cohort, Fit
from biox.steps.possible import check_target


@dataclass(frozen=True)
class Explained:
    """The explained score of every sample: its ``names``, and its class indices (sample,) or one function for all."""

    names: np.ndarray
    index: np.ndarray | None
    difference: Any = None

    def where(self, mask: np.ndarray) -> "Explained":
        """That of the marked samples."""
        return replace(self, names=self.names[mask], index=None if self.index is None else self.index[mask])

    def of(self, rows: np.ndarray, device: torch.device) -> Any:
        """The target of some samples, as ``lrp.attribute`` takes it."""
        return self.difference if self.index is None else torch.as_tensor(self.index[rows], device=device)


def explained_by(cohort: Cohort, fit: Fit, method: Method) -> Explained:
    """What a method explains of every sample of the cohort."""
    a, _, b = method.target.partition(AGAINST)
    check_target(method, cohort.classes, "target")
    if b:
        names = np.full(len(cohort.samples), method.target, dtype=object)
        return Explained(names, None, lrp.difference(cohort.classes.index(a), cohort.classes.index(b)))
    if a == "label":
        return of_classes(cohort.y, fit.classes)
    if a == "dominant":
        return of_classes(fit.logits().argmax(axis=1), fit.classes)
    return of_classes(np.full(len(cohort.samples), cohort.classes.index(a)), fit.classes)


def of_classes(index: np.ndarray, classes: tuple[str, ...]) -> Explained:
    """The score of the given class of every sample; index: shape (sample,)."""
    return Explained(np.array(classes, dtype=object)[index], np.asarray(index))
