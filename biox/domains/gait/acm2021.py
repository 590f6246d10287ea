"""Ground reaction forces of 194 people, as published with Slijepcevic et al. 2021 (ACM HEALTH, doi 10.1145/3474121).

Two forms are read: the ``.npz`` archive that holds everything, and the authors' own ``.mat`` files (``Feature``,
``Target_Injury``, ``Target_Subject``). Their ten folds stand in two further files: a permutation P of all 970 trials
and ten sets S of places in the permuted order; fold k tests the trials P[S[k]].
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.reading import reading
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.gait.curves import (
    BODY_WEIGHT,
    LARGEST_IN_BODY_WEIGHT,
    POINTS,
    SIX_CHANNELS,
    check_finite,
    check_unit,
    sample_names,
    stance_axes,
)
from biox.domains.gait.matlab import require, variables

CLASSES = ("healthy", "ankle", "knee", "hip")
# The full set is sorted by class; a .mat file of some classes holds the same rows without the others.
TRIALS_OF_CLASS = (310, 215, 260, 185)
# Braking and pushing reach 0.36 of body weight here; a curve scaled to 0..1, to -1..1 or to unit variance goes beyond.
LARGEST_SHEAR = 0.9
ARCHIVE_KEYS = ("X", "class_index", "subject")
NUMBERS = ("class_index", "subject", "fold", "paper_row")
MOST_NUMBER = 100_000
MATLAB_KEYS = ("Feature", "Target_Injury", "Target_Subject")
NOTE_CHANNELS = (
    "Channel names corrected: the published file calls channels 1 and 4 fore-aft and 2 and 5 medio-lateral; the curves "
    "show the opposite (2 and 5 brake, then push off), so they are named ML, AP, V here."
)
NOTE_CLASSES = (
    "The file only numbers its classes; the names healthy, ankle, knee and hip are inferred from GaitRec, which comes "
    "from the same laboratory."
)


class Acm2021Settings(Strict):
    """``file`` is the ``.npz`` or a ``.mat``; ``splits`` and ``permutation`` give a ``.mat`` its folds."""

    file: Path
    splits: Path | None = None
    permutation: Path | None = None


@dataclass(frozen=True)
class _Trials:
    """The arrays of either form: x (trial, channel, point), class and subject numbers, given columns of the table."""

    x: np.ndarray
    class_index: np.ndarray
    subject: np.ndarray
    given: Mapping[str, np.ndarray]


def acm2021(settings: Acm2021Settings) -> Cohort:
    """The forces under both feet of people with and without a gait disorder, five walks each.

    x: shape (trial, 6, 101), in body weight, channels as in ``SIX_CHANNELS``. Where the folds are known, the column
    ``fold`` holds 0 to 9 and ``paper_row`` the row of the trial in the authors' permuted arrays.
    Raises InputError where a file is missing, broken, or of another layout.
    """
    file = settings.file
    trials = _archive(file) if file.suffix == ".npz" else _matlab(settings)
    if trials.x.ndim != 3 or trials.x.shape[1:] != (len(SIX_CHANNELS), POINTS):
        raise InputError(
            f"{file}: the forces have shape {trials.x.shape}, expected (trials, {len(SIX_CHANNELS)}, {POINTS})."
        )
    lengths = {len(trials.x), len(trials.class_index), len(trials.subject), *map(len, trials.given.values())}
    if len(lengths) > 1:
        raise InputError(f"{file}: its arrays describe different numbers of trials ({listed(sorted(lengths))}).")
    _check_not_normalised(trials.x, file)
    samples = _table(trials, file)
    names = list(samples["sample"])
    check_finite(trials.x, names, SIX_CHANNELS, str(file))
    check_unit(trials.x, BODY_WEIGHT, names, str(file))
    return Cohort(
        x=trials.x,
        samples=samples,
        axes=stance_axes(SIX_CHANNELS),
        unit=BODY_WEIGHT,
        classes=tuple(name for name in CLASSES if name in set(samples["label"])),
        label_level="subject",
        notes=(NOTE_CHANNELS, NOTE_CLASSES),
    )


def _check_not_normalised(x: np.ndarray, file: Path) -> None:
    """The authors also publish scaled versions of their files, which no unit fits any more."""
    shear = x[:, [SIX_CHANNELS.index("affected AP"), SIX_CHANNELS.index("unaffected AP")]]
    if not np.isfinite(shear).all() or np.abs(shear).max() > LARGEST_IN_BODY_WEIGHT:
        return  # a gap or newton: said with its place by the checks that follow
    if shear.min() >= 0 or np.abs(shear).max() > LARGEST_SHEAR:
        raise InputError(
            f"{file}: the antero-posterior forces run from {shear.min():.3g} to {shear.max():.3g}, expected both signs "
            f"and at most {LARGEST_SHEAR:g} body weight. The file seems to be normalised: take the one called 'nonorm'."
        )


def _table(trials: _Trials, file: Path) -> pd.DataFrame:
    unknown = sorted(set(np.unique(trials.class_index)) - set(range(len(CLASSES))))
    if unknown:
        raise InputError(
            f"{file}: unknown class number {listed(map(int, unknown))}; known are 0 to {len(CLASSES) - 1}."
        )
    samples = pd.DataFrame({"subject": [f"S{number:03d}" for number in trials.subject]})
    samples["label"] = np.array(CLASSES)[trials.class_index]
    samples["trial"] = samples.groupby("subject").cumcount() + 1
    samples.insert(0, "sample", sample_names(samples))
    return samples.assign(**trials.given)


def _archive(file: Path) -> _Trials:
    with reading(file, "the .npz archive of gait-acm2021"), np.load(file, allow_pickle=False) as archive:
        require(archive.files, ARCHIVE_KEYS, file)
        numbers = {name: _whole(archive[name], f"{file}, {name}") for name in NUMBERS if name in archive.files}
        return _Trials(
            x=archive["X"].astype(float),
            class_index=numbers.pop("class_index"),
            subject=numbers.pop("subject"),
            given=numbers,
        )


def _whole(values: np.ndarray, where: str) -> np.ndarray:
    """One list of whole numbers from 0; astype alone would make some number of a gap."""
    if values.ndim != 1 or values.dtype.kind not in "iuf" or not np.isin(values, np.arange(MOST_NUMBER)).all():
        raise InputError(
            f"{where}: expected one list of whole numbers from 0, found shape {values.shape} of {values.dtype}."
        )
    return values.astype(int)


def _matlab(settings: Acm2021Settings) -> _Trials:
    file = settings.file
    with reading(file, "one of the authors' .mat files, or the .npz archive"):
        content = variables(file, MATLAB_KEYS)
        if content["Target_Injury"].shape[1:] != (len(CLASSES),):
            found = content["Target_Injury"].shape
            raise InputError(f"{file}, Target_Injury: expected {len(CLASSES)} columns, found shape {found}.")
        injury = _one_hot(content["Target_Injury"], f"{file}, Target_Injury")
        subject = _one_hot(content["Target_Subject"], f"{file}, Target_Subject")
        trials = _Trials(x=content["Feature"].astype(float), class_index=injury, subject=subject, given={})
    if settings.splits is None and settings.permutation is None:
        return trials
    if settings.splits is None or settings.permutation is None:
        raise InputError(f"{file}: data.splits and data.permutation belong together; give both or neither.")
    return replace(trials, given=_folds(trials, settings.splits, settings.permutation))


def _one_hot(table: np.ndarray, where: str) -> np.ndarray:
    """The number of the column that holds the single 1 of each row."""
    if table.ndim != 2 or not ((table == 0) | (table == 1)).all() or not (table.sum(1) == 1).all():
        raise InputError(f"{where}: expected a table of zeros with a single 1 in every row, found shape {table.shape}.")
    return table.argmax(1)


def _folds(trials: _Trials, splits: Path, permutation: Path) -> dict[str, np.ndarray]:
    """Fold and place in the authors' order of every trial, from their two files about the full set."""
    order, cells = _matlab_value(permutation, "P").ravel(), _matlab_value(splits, "S").ravel()
    sets = [np.ravel(one) for one in cells] if cells.dtype == object and len(cells) else [np.empty(0)]
    total = sum(TRIALS_OF_CLASS)
    if not _each_once(order, total) or not _each_once(np.concatenate(sets), total):
        raise InputError(f"{permutation} and {splits}: expected every number from 0 to {total - 1} once in each.")
    counts = np.bincount(trials.class_index, minlength=len(CLASSES))
    if any(count not in (0, whole) for count, whole in zip(counts, TRIALS_OF_CLASS, strict=False)):
        raise InputError(
            f"{splits} describes classes of {listed(TRIALS_OF_CLASS)} trials, but the file of forces has "
            f"{listed(map(int, counts))}; leave out data.splits and data.permutation to have folds drawn instead."
        )
    offset = np.concatenate([[0], np.cumsum(TRIALS_OF_CLASS)])
    place = pd.Series(trials.class_index).groupby(trials.class_index).cumcount().to_numpy()
    rows = offset[trials.class_index] + place
    fold_of_permuted = np.empty(total, int)
    for fold, chosen in enumerate(sets):
        fold_of_permuted[chosen.astype(int)] = fold
    paper_row = np.argsort(order)[rows]
    return {"fold": fold_of_permuted[paper_row], "paper_row": paper_row}


def _each_once(numbers: np.ndarray, total: int) -> bool:
    return numbers.dtype.kind in "iuf" and np.array_equal(np.sort(numbers), np.arange(total))


def _matlab_value(file: Path, name: str) -> np.ndarray:
    with reading(file, f"a .mat file with the variable {name}"):
        return variables(file, (name,))[name]
