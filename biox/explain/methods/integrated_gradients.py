"""Integrated gradients (Sundararajan et al. 2017), by captum, with as many steps as completeness needs.

R = (x - x0) * mean over t in (0, 1) of the gradient at x0 + t (x - x0);     sum of R = f(x) - f(x0)
"""

import warnings

import torch
from pydantic import Field, model_validator
from torch import Tensor

from biox.core.strict import Strict
from biox.explain.background import Background
from biox.explain.baselines import Baseline, baseline
from biox.explain.batches import rows_at_once
from biox.explain.methods._completeness import completeness
from biox.explain.score import Score


class IntegratedGradients(Strict):
    """How the path is walked, and when it was walked finely enough.

    baseline: where it starts (``biox.explain.baselines``). steps: points at first (Gauss-Legendre); doubled for the
    samples whose sum misses the score's change by more than the share ``tolerance`` of the sizes of all values, up to
    ``most``.
    """

    baseline: Baseline = "zero"
    steps: int = Field(default=32, ge=1)
    most: int = Field(default=512, ge=1)
    tolerance: float = Field(default=0.01, gt=0)
    seed: int = 0

    @model_validator(mode="after")
    def _room(self) -> "IntegratedGradients":
        if self.steps > self.most:
            raise ValueError(f"there are more steps at first ({self.steps}) than at most ({self.most})")
        return self


def integrated_gradients(score: Score, x: Tensor, background: Background, settings: IntegratedGradients) -> Tensor:
    """What each value adds to the score on a straight way from the baseline to the sample; unit: score.

    The values of a sample add up to its score minus that of its baseline. Samples for which this does not hold to
    ``tolerance`` with ``most`` steps are a warning that says how many they are and how much is missing.
    """
    start = baseline(settings.baseline, x, background, settings.seed)
    found = torch.empty_like(x)
    left, steps = torch.arange(len(x), device=x.device), settings.steps
    while True:
        found[left] = _walked(score.of(left), x[left], start[left], steps)
        account = completeness(score.of(left), x[left], start[left], found[left])
        open_ = ~account.holds(settings.tolerance)
        left, steps = left[open_], 2 * steps
        if not len(left) or steps > settings.most:
            break
    if len(left):
        warnings.warn(
            f"Integrated gradients of {len(left)} of {len(x)} samples do not add up to the change of their score: with "
            f"{steps // 2} steps up to {account.worst():.1%} of all values are missing (tolerance "
            f"{settings.tolerance:.1%}). Raise `most`, or take the result with care.",
            stacklevel=2,
        )
    return found


def _walked(score: Score, x: Tensor, start: Tensor, steps: int) -> Tensor:
    """One run of captum, a block of samples at a time."""
    from captum.attr import IntegratedGradients as Captum  # here, so that a study is checked without it

    at_once = rows_at_once(score, x)

    def total(points: Tensor, rows: Tensor) -> Tensor:
        # captum takes one derivative for each row of the output; those of the sum are the same in one go.
        return score(points, rows).sum().view(1)

    parts = [
        Captum(total).attribute(
            x[first : first + at_once],
            start[first : first + at_once],
            additional_forward_args=(torch.arange(len(x), device=x.device)[first : first + at_once],),
            n_steps=steps,
            method="gausslegendre",
            internal_batch_size=at_once,
        )
        for first in range(0, len(x), at_once)
    ]
    return torch.cat(parts).to(x.dtype)
