"""GaitRec's waveform files: one wide row a trial and a file for every side and component, read piece by piece."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.reading import reading, refuse_shifted
from biox.domains.gait.curves import LARGEST_IN_BODY_WEIGHT, POINTS
from biox.domains.gait.files import as_numbers, as_whole_numbers, row_name

KEYS = ("SUBJECT_ID", "SESSION_ID", "TRIAL_ID")
FILES = {
    "ML": "F_ML_PRO",
    "AP": "F_AP_PRO",
    "V": "F_V_PRO",
    "COP AP": "COP_AP_PRO",
    "COP ML": "COP_ML_PRO",
}
ROWS_AT_ONCE = 4000
SHOWN = 10


def wave_file(folder: Path, component: str, side: str) -> Path:
    """Where the curves of one component under the left or right foot stand."""
    return folder / f"GRF_{FILES[component]}_{side}.csv"


def trial_keys(file: Path) -> pd.DataFrame:
    """Which trials a waveform file holds: whole numbers SUBJECT_ID, SESSION_ID, TRIAL_ID, in the order of its rows."""
    with reading(file, "a GaitRec waveform table"):
        begin = pd.read_csv(file, nrows=1)
        refuse_shifted(begin, file)
        _check_header(file, list(begin.columns))
        keys = pd.read_csv(file, usecols=list(KEYS))[list(KEYS)]
    if keys.empty:
        raise InputError(f"{file} has a header but no trials.")
    keys = pd.DataFrame({name: as_whole_numbers(keys[name], file) for name in KEYS})
    double = np.flatnonzero(keys.duplicated(["SESSION_ID", "TRIAL_ID"]))
    if len(double):
        row = int(double[0])
        raise InputError(
            f"{row_name(file, row)}: duplicate trial: session {keys['SESSION_ID'][row]}, trial {keys['TRIAL_ID'][row]} "
            f"stands there a second time ({len(double)} such rows)."
        )
    return keys


def curves(file: Path) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    """The keys and curves, shape (row, 101), of a few thousand trials at a time, so that memory stays small.

    Raises InputError for a gap, text, or a force that cannot be in body weight; the message names row and column.
    """
    columns = _value_columns(file)
    with reading(file, "a GaitRec waveform table"):
        for piece in pd.read_csv(file, chunksize=ROWS_AT_ONCE, low_memory=False):
            start = int(piece.index[0])
            if all(piece[name].dtype.kind in "fi" for name in columns):
                values = piece[columns].to_numpy(dtype=float)
            else:
                values = np.stack([as_numbers(piece[name], file, start) for name in columns], axis=1)
            _check_values(values, columns, file, start)
            yield piece[list(KEYS)].astype(int), values


def _value_columns(file: Path) -> list[str]:
    stem = file.name.removeprefix("GRF_").rsplit("_", 1)[0]
    return [f"{stem}_{point}" for point in range(1, POINTS + 1)]


def _check_header(file: Path, found: list[str]) -> None:
    missing = [name for name in KEYS if name not in found]
    if missing:
        raise InputError(f"{file}: missing column {listed(missing)}; it has {listed(found[:SHOWN])} ...")
    wanted = _value_columns(file)
    stem = wanted[0].removesuffix("_1")
    values = [name for name in found if name.startswith(f"{stem}_")]
    if sorted(values) != sorted(wanted):
        raise InputError(
            f"{file}: it has {len(values)} columns {stem}_*, expected {POINTS} ({wanted[0]} to {wanted[-1]}); "
            f"the first one missing is {next((name for name in wanted if name not in values), 'none')}."
        )


def _check_values(values: np.ndarray, columns: list[str], file: Path, start: int) -> None:
    gaps = np.argwhere(~np.isfinite(values))
    if len(gaps):
        row, column = gaps[0]
        raise InputError(
            f"{row_name(file, start + int(row))}: column {columns[column]!r} is empty (NaN) or infinite, "
            "expected a number."
        )
    large = np.argwhere(np.abs(values) > LARGEST_IN_BODY_WEIGHT)
    if len(large) and columns[0].startswith("F_"):
        row, column = large[0]
        raise InputError(
            f"{row_name(file, start + int(row))}: column {columns[column]!r} holds {values[row, column]:.4g}, which "
            "looks like newton; GaitRec's processed (PRO) forces are in body weight."
        )
