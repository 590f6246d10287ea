"""A made-up clinic: people with and without a gait disorder whose differences are known, because they were planted.

A curve is template + window effect + the person's own smooth deviation + smooth noise of the trial. The disorders
differ from healthy people only inside one window a channel and class; an explanation or a test that points elsewhere is
wrong.
"""

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.ndimage import gaussian_filter1d

from biox.core.study import Strict
from biox.core.types import Axis, Cohort

Label = Literal["healthy", "ankle", "knee", "hip"]
LABELS: tuple[Label, ...] = ("healthy", "ankle", "knee", "hip")
COMPONENTS = ("ML", "AP", "V")
CHANNELS = tuple(f"{side} {component}" for side in ("affected", "unaffected") for component in COMPONENTS)
POINTS = 101
STANCE = np.linspace(0, 1, POINTS)
SPREAD_BW = {"ML": 0.010, "AP": 0.028, "V": 0.070}
TRIAL_SHARE = 0.7
PERSON_FWHM, TRIAL_FWHM = 14.0, 9.0
COMMON = 0.3
TAPER = 0.2
MARGIN = 4  # points at both ends, where the forces are near zero in everybody, stay free of windows


class SimulateSettings(Strict):
    """How the made-up clinic looks.

    labels: who is there. subjects: people a label; trials: steps a person. effect: mean Hedges g inside a window, on
    the people's mean curves. share: part of the points that a disorder's windows cover. seed: draws windows and people.
    """

    labels: tuple[Label, ...] = LABELS
    subjects: int = Field(default=60, ge=2)
    trials: int = Field(default=5, ge=1)
    effect: float = 0.65
    share: float = Field(default=0.15, gt=0, le=0.6)
    seed: int = 0


def simulate(settings: SimulateSettings) -> Cohort:
    """Ground reaction forces of both legs of a simulated clinical cohort, with the truth of where each class differs.

    x: shape (sample, 6, 101), unit body weight; truth: shape (class, 6, 101), False for the healthy. Side, speed, age,
    mass and sex are drawn alike in all classes and do not act on the curves: whatever is found for them is chance.
    """
    truth = np.stack([_windows(label, settings) for label in settings.labels])
    curves, tables = [], []
    for label, windows in zip(settings.labels, truth, strict=True):
        rng = np.random.default_rng([settings.seed, 1, LABELS.index(label)])
        curves.append(_curves(windows, rng, settings))
        tables.append(_people(label, rng, settings))
    return Cohort(
        x=np.concatenate(curves),
        samples=pd.concat(tables, ignore_index=True),
        axes=(Axis("channel", CHANNELS), Axis("stance", tuple(str(p) for p in range(POINTS)), "%")),
        unit="body weight",
        classes=settings.labels,
        label_level="subject",
        truth=truth,
        notes=("These people are simulated; the windows in which a disorder differs from healthy are known.",),
    )


def template() -> np.ndarray:
    """The healthy mean curve, shape (channel, point), unit body weight: both legs alike."""
    ends = (1 - np.exp(-STANCE / 0.06)) * (1 - np.exp(-(1 - STANCE) / 0.05))
    curve = {
        "ML": ends * (0.05 * _hill(0.22, 0.13) + 0.045 * _hill(0.75, 0.15)) - 0.03 * _hill(0.04, 0.03),
        "AP": ends * (-0.19 * _hill(0.19, 0.11) + 0.21 * _hill(0.86, 0.10)),
        "V": ends * (0.70 + 0.42 * _hill(0.25, 0.12) + 0.44 * _hill(0.77, 0.12)),
    }
    return np.stack([curve[component] for component in COMPONENTS * 2])


def spread() -> np.ndarray:
    """How much people differ at each point, one standard deviation, shape (channel, point): least where the foot lands
    and leaves.
    """
    ends = 0.3 + 0.7 * (1 - np.exp(-STANCE / 0.06)) * (1 - np.exp(-(1 - STANCE) / 0.05))
    return np.stack([SPREAD_BW[component] * ends for component in COMPONENTS * 2])


def _windows(label: Label, settings: SimulateSettings) -> np.ndarray:
    """One window a channel at a random place, shape (channel, point); none for the healthy."""
    mask = np.zeros((len(CHANNELS), POINTS), bool)
    if label == "healthy":
        return mask
    rng = np.random.default_rng([settings.seed, 0, LABELS.index(label)])
    for row in mask:
        length = round(POINTS * settings.share * rng.uniform(2 / 3, 4 / 3))
        start = rng.integers(MARGIN, POINTS - MARGIN - length + 1)
        row[start : start + length] = True
    return mask


def _curves(windows: np.ndarray, rng: np.random.Generator, settings: SimulateSettings) -> np.ndarray:
    """The trials of one class, shape (subject * trial, channel, point)."""
    people, trials = settings.subjects, settings.trials
    own = _smooth(rng, (people, 1), PERSON_FWHM)
    noise = TRIAL_SHARE * _smooth(rng, (people, trials), TRIAL_FWHM)
    sd_of_means = np.sqrt(1 + TRIAL_SHARE**2 / trials)
    deviation = own + noise + settings.effect * sd_of_means * _shape(windows, rng)
    return (template() + spread() * deviation).reshape(-1, len(CHANNELS), POINTS)


def _smooth(rng: np.random.Generator, units: tuple[int, int], fwhm: float) -> np.ndarray:
    """Smooth random curves of variance 1, shape (*units, channel, point); a component of both legs correlates."""
    margin = round(2 * fwhm)
    legs, common = (
        rng.standard_normal((*units, 2, 3, POINTS + 2 * margin)),
        rng.standard_normal((*units, 1, 3, POINTS + 2 * margin)),
    )
    white = np.sqrt(1 - COMMON) * legs + np.sqrt(COMMON) * common
    sigma = fwhm / np.sqrt(8 * np.log(2))
    curve = gaussian_filter1d(white, sigma, axis=-1)[..., margin:-margin]
    kernel = gaussian_filter1d(np.eye(1, 4 * margin + 1, 2 * margin)[0], sigma)
    return (curve / np.sqrt((kernel**2).sum())).reshape(*units, len(CHANNELS), POINTS)


def _shape(windows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Direction and course of the effect, shape (channel, point): tapered at the window's ends, mean size 1 inside."""
    shape = np.zeros(windows.shape)
    for row, mask in zip(shape, windows, strict=True):
        place = np.flatnonzero(mask)
        if len(place):
            distance = np.minimum(np.arange(len(place)), np.arange(len(place))[::-1]) + 1
            course = np.minimum(1, distance / (TAPER * len(place) + 1))
            row[place] = rng.choice([-1, 1]) * course / course.mean()
    return shape


def _people(label: Label, rng: np.random.Generator, settings: SimulateSettings) -> pd.DataFrame:
    """The sample table of one class: one row a trial."""
    people = [f"{label}-{number:03d}" for number in range(settings.subjects)]
    one = pd.DataFrame(
        {
            "subject": people,
            "label": label,
            "affected_side": rng.choice(["left", "right"], len(people)),
            "sex": rng.choice(["female", "male"], len(people)),
            "speed_mps": rng.normal(1.25, 0.15, len(people)).round(2),
            "age_years": rng.integers(20, 76, len(people)),
            "mass_kg": rng.normal(76, 12, len(people)).round(1),
        }
    )
    table = one.loc[one.index.repeat(settings.trials)].reset_index(drop=True)
    table["trial"] = np.tile(np.arange(settings.trials), len(people))
    table.insert(0, "sample", table["subject"] + "-" + table["trial"].astype(str))
    return table


def _hill(centre: float, width: float) -> np.ndarray:
    return np.exp(-(((STANCE - centre) / width) ** 2))
