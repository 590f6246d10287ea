"""From tidy rows to curves of 101 points, with every gap and every double named by its row."""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from biox.core.errors import InputError
from biox.domains.gait.curves import POINTS
from biox.domains.gait.files import row_name

GRID = np.arange(POINTS, dtype=float)
SHORTEST = 10
NAMED = 5
# A curve that starts and ends this close to 0 and 100 % covers the stance; shorter ones may not be stretched unasked.
EDGE_PERCENT = 1.5


def curves_of(
    rows: pd.DataFrame,
    trial: Int[np.ndarray, "row"],
    channel: Int[np.ndarray, "row"],
    names: tuple[list[str], tuple[str, ...]],
    source: tuple[Path, bool],
) -> tuple[Float[np.ndarray, "sample channel point"], tuple[str, ...]]:
    """The curves of all trials, and a note where they were resampled.

    rows: columns ``percent`` and ``value``; trial, channel: the index of each row's trial and channel.
    names: of trials and of channels. source: the file, for messages, and whether other lengths are resampled.
    Raises InputError for a missing channel, a value given twice, and a wrong length where resampling was not asked for.
    """
    (samples, channels), (file, resample) = names, source
    curve = trial * len(channels) + channel
    counts = np.bincount(curve, minlength=len(samples) * len(channels)).reshape(len(samples), len(channels))
    if (counts == 0).any():
        row, missing = np.argwhere(counts == 0)[0]
        raise InputError(
            f"{file}: trial {samples[row]!r} has no channel {channels[missing]!r} ({int((counts == 0).any(1).sum())} "
            f"of {len(samples)} trials lack a channel); every trial needs {', '.join(channels)}."
        )
    _check_duplicates(rows, curve, names, file)
    order = np.lexsort((rows["percent"].to_numpy(), curve))
    percent, value = rows["percent"].to_numpy()[order], rows["value"].to_numpy()[order]
    ends = np.cumsum(counts.ravel())
    fits = (counts == POINTS).all() and np.array_equal(
        percent.reshape(-1, POINTS) - GRID, np.zeros((len(ends), POINTS))
    )
    if fits:
        return value.reshape(len(samples), len(channels), POINTS), ()
    if not resample:
        _refuse_length(rows, curve, names, file)
    x = np.empty((len(ends), POINTS))
    pieces = zip(np.split(percent, ends[:-1]), np.split(value, ends[:-1]), strict=True)
    for number, (at, values) in enumerate(pieces):
        where = f"{file}: trial {samples[number // len(channels)]!r}, channel {channels[number % len(channels)]!r}"
        x[number] = np.interp(GRID, _stretched(at, where), values)
    note = f"{int((counts != POINTS).sum())} of {len(ends)} curves had another length than {POINTS}"
    return x.reshape(len(samples), len(channels), POINTS), (f"{note}; all were resampled by linear interpolation.",)


def _check_duplicates(rows: pd.DataFrame, curve: np.ndarray, names: tuple, file: Path) -> None:
    double = pd.DataFrame({"curve": curve, "percent": rows["percent"].to_numpy()}).duplicated().to_numpy()
    if double.any():
        row = int(np.flatnonzero(double)[0])
        samples, channels = names
        raise InputError(
            f"{row_name(file, row)}: duplicate trial: {samples[curve[row] // len(channels)]!r}, channel "
            f"{channels[curve[row] % len(channels)]!r} has a second value at {rows['percent'].iloc[row]:g} % "
            f"({int(double.sum())} such rows). Number repeated trials 1, 2, 3 ... in the column 'trial'."
        )


def _refuse_length(rows: pd.DataFrame, curve: np.ndarray, names: tuple, file: Path) -> None:
    """Say which curve does not have the percents 0 to 100 once each, at its first row."""
    samples, channels = names
    groups = rows["percent"].groupby(curve)
    table = groups.agg(["count", "min", "max"])
    off_grid = ~rows["percent"].isin(GRID).groupby(curve).all()
    wrong = (table["count"] != POINTS) | off_grid
    number = wrong[wrong].index[0]
    row = int(np.flatnonzero(curve == number)[0])
    found = table.loc[number]
    raise InputError(
        f"{row_name(file, row)}: trial {samples[number // len(channels)]!r}, "
        f"channel {channels[number % len(channels)]!r} has {int(found['count'])} values from {found['min']:g} to "
        f"{found['max']:g} %, expected {POINTS} (one per percent of stance, 0 to 100)"
        f"{_gaps(rows['percent'].to_numpy()[curve == number])}. "
        f"{int(wrong.sum())} of {len(wrong)} curves differ. "
        "Resample the trial, or set `data.resample: true` to let biox do it."
    )


def _gaps(percent: np.ndarray) -> str:
    """Which percents are missing, or else which are there besides: the first few of them."""
    missing, beside = np.setdiff1d(GRID, percent), np.setdiff1d(percent, GRID)
    found, what = (missing, "missing") if len(missing) else (beside, "not among them")
    if len(found) == 1:
        return f"; {found[0]:g} % is {what}"
    first = ", ".join(f"{p:g}" for p in found[:NAMED])
    return f"; {first}{f' ... % ({len(found)} in all)' if len(found) > NAMED else ' %'} are {what}"


def _stretched(percent: np.ndarray, where: str) -> np.ndarray:
    """The places of the values in percent of stance: as given, or spread from 0 to 100 where they only count frames."""
    first, last = percent[0], percent[-1]
    if len(percent) < SHORTEST:
        raise InputError(f"{where} has only {len(percent)} values; resampling needs at least {SHORTEST}.")
    counts_frames = first in (0, 1) and np.array_equal(percent, np.arange(first, first + len(percent)))
    if not counts_frames and (abs(first) > EDGE_PERCENT or abs(last - 100) > EDGE_PERCENT):
        raise InputError(
            f"{where} covers {first:g} to {last:g} % of stance; resampling needs the whole of it (0 to 100), or frames "
            "that are numbered 0, 1, 2 ..."
        )
    return (percent - first) / (last - first) * 100
