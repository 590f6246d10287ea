"""What a stance-phase curve is here: 101 points, named channels, one unit for all trials."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from biox.core.errors import InputError
from biox.core.types import Axis

POINTS = 101
BODY_WEIGHT = "body weight"
NEWTON = "newton"
SIX_CHANNELS = (
    "affected ML",
    "affected AP",
    "affected V",
    "unaffected ML",
    "unaffected AP",
    "unaffected V",
)
# The force under a walking foot peaks between about 0.5 and 4 times body weight, that is between about 100 and 4000 N.
# Anything between 10 and 50 would be neither, so a threshold there tells the two units apart.
LARGEST_IN_BODY_WEIGHT = 10.0


def stance_axes(channels: tuple[str, ...]) -> tuple[Axis, Axis]:
    """The axes of a cohort of stance curves: channels by name, and 0 to 100 % of the stance phase."""
    return Axis("channel", channels), Axis("stance", tuple(str(percent) for percent in range(POINTS)), "%")


def sample_names(samples: pd.DataFrame) -> list[str]:
    """One short unique name a trial: subject and trial, with the label between them where that alone is not unique."""
    if samples.duplicated(["subject", "trial"]).any():
        return [f"{s}-{label}-{t}" for s, label, t in zip(samples.subject, samples.label, samples.trial, strict=True)]
    return [f"{s}-{t}" for s, t in zip(samples.subject, samples.trial, strict=True)]


def check_finite(x: Float[np.ndarray, "sample channel point"], names: list[str], channels: tuple, where: str) -> None:
    """Refuse curves with gaps; the message names the first trial, channel and percent, and how many there are."""
    bad = ~np.isfinite(x)
    if bad.any():
        trial, channel, point = np.argwhere(bad)[0]
        raise InputError(
            f"{where}: trial {names[trial]!r}, channel {channels[channel]!r} is {x[trial, channel, point]} at {point} "
            f"% of stance ({int(bad.any((1, 2)).sum())} of {len(x)} trials have such gaps); every point must be a "
            "number. Fill the gap or leave the trial out."
        )


def check_unit(x: Float[np.ndarray, "sample channel point"], unit: str, names: list[str], where: str) -> None:
    """Refuse forces whose size does not fit the unit they are said to have, or that mix newton with body weight.

    Only ``"body weight"`` and ``"newton"`` can be checked; other units pass.
    """
    if unit not in (BODY_WEIGHT, NEWTON) or len(x) == 0:
        return
    peak = np.abs(x).max((1, 2))
    in_newton = peak > LARGEST_IN_BODY_WEIGHT
    wrong = in_newton if unit == BODY_WEIGHT else ~in_newton
    if not wrong.any():
        return
    first = int(np.flatnonzero(wrong)[0])
    looks_like = NEWTON if unit == BODY_WEIGHT else BODY_WEIGHT
    other = f"{int((~wrong).sum())} of {len(x)} trials do fit it: units are mixed. " if not wrong.all() else ""
    raise InputError(
        f"{where}: the forces should be in {unit}, but trial {names[first]!r} peaks at {peak[first]:.4g}, which looks "
        f"like {looks_like}. {other}Give all trials in one unit (newton / (body mass in kg x 9.81) = body weight)."
    )
