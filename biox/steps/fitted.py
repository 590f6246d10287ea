"""New or known people, made ready for the model of a saved fit."""

import torch
from jaxtyping import Float
from torch import Tensor

from biox.core.errors import InputError
from biox.core.types import Cohort, Fit
from biox.steps.normalise import normalised


def input_of(cohort: Cohort, fit: Fit) -> Float[Tensor, "sample *feature"]:
    """The cohort's values as the fit's model expects them: its channels, normalised with its constants.

    Raises InputError where the unit is another one, a channel is missing, or an axis has other positions.
    """
    if cohort.unit != fit.unit:
        raise InputError(
            f"The values are in {cohort.unit!r}, but the model learnt from {fit.unit!r}; convert them first."
        )
    for given, wanted in zip(cohort.axes[1:], fit.axes[1:], strict=True):
        if given != wanted:
            raise InputError(
                f"The axis {given.name!r} has {len(given.labels)} positions in {given.unit!r}, but the model "
                f"learnt from {wanted.name!r} with {len(wanted.labels)} positions in {wanted.unit!r}."
            )
    return torch.from_numpy(normalised(cohort.x, cohort.axes, fit))
