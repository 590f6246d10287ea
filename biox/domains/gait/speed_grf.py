"""Walking at three speeds: the measured forces that ship inside the package spm1d (Pataky et al. 2008).

Ten people walked 60 times each, twenty times at each of three speeds in random order; vertical force under one foot.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from biox.core.errors import InputError
from biox.core.reading import reading
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.gait.curves import POINTS, check_finite, sample_names, stance_axes

PEOPLE = 10
CHANNELS = ("V",)
CLASSES = ("slow", "normal", "fast")
# spm1d's examples label the axis "BW", but the mean over stance is 1.12 to 1.40 of that unit, person by person, where a
# walking foot carries about 0.8 of body weight (half of it, averaged over a stride, in 60 % of the time).
UNIT = "body weight, uncalibrated"
NOTE_UNIT = (
    "spm1d labels these forces as body weight, but their mean over stance (1.12 to 1.40 a person) is about 1.5 times "
    "what walking allows (about 0.8), so the scale is taken as uncalibrated. Comparisons between speeds still hold."
)


class SpeedGrfSettings(Strict):
    """Where the arrays lie; nothing needs to be said, since they come with spm1d."""

    folder: Path = Field(default_factory=lambda: _shipped())


def speed_grf(settings: SpeedGrfSettings) -> Cohort:
    """The vertical force under the foot of ten people who walked slowly, normally and fast.

    x: shape (600, 1, 101). The label is the speed asked for (a property of the trial, not of the person); the column
    ``speed_mps`` is the speed measured, in metres per second. Raises InputError where an array is missing or broken.
    """
    folder = settings.folder
    speeds = _array(folder / "ex_grf_speeds.npy", (None, PEOPLE))
    conditions = _array(folder / "ex_grf_speeds_cond.npy", speeds.shape)
    if not np.isin(conditions, (1, 2, 3)).all():
        raise InputError(f"{folder / 'ex_grf_speeds_cond.npy'}: expected only the conditions 1, 2 and 3.")
    trials = len(speeds)
    forces = [_array(folder / f"ex_grf_subj{person:03d}.npy", (trials, POINTS)) for person in range(PEOPLE)]
    samples = pd.DataFrame(
        {
            "subject": np.repeat([f"P{person + 1:02d}" for person in range(PEOPLE)], trials),
            "label": np.array(CLASSES)[conditions.T.ravel().astype(int) - 1],
            "trial": np.tile(np.arange(1, trials + 1), PEOPLE),
            "speed_mps": speeds.T.ravel(),
        }
    )
    samples.insert(0, "sample", sample_names(samples))
    x = np.concatenate(forces)[:, None, :]
    check_finite(x, list(samples["sample"]), CHANNELS, str(folder))
    return Cohort(
        x=x,
        samples=samples,
        axes=stance_axes(CHANNELS),
        unit=UNIT,
        classes=CLASSES,
        label_level="trial",
        notes=(NOTE_UNIT,),
    )


def _shipped() -> Path:
    spec = find_spec("spm1d")
    if spec is None or spec.origin is None:
        raise InputError("The package spm1d, which brings the data of speed_grf, is not installed.")
    return Path(spec.origin).parent / "data" / "datafiles"


def _array(file: Path, shape: tuple[int | None, ...]) -> np.ndarray:
    """One numeric array of the expected shape; None stands for any length."""
    with reading(file, "a numpy array of spm1d"):
        values = np.load(file, allow_pickle=False).astype(float)
    if len(values.shape) != len(shape) or any(w not in (None, n) for n, w in zip(values.shape, shape, strict=True)):
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise InputError(f"{file}: the array has shape {values.shape}, expected ({wanted}).")
    return values
