"""Raw force-plate recordings: CSV (comma, semicolon or tab, also gzipped, with or without a header) and C3D."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from biox.core.errors import InputError, listed
from biox.core.reading import reading, refuse_shifted
from biox.domains.gait.c3d import c3d
from biox.domains.gait.files import as_numbers, row_name

SEPARATORS = (",", ";", "\t")
UNEVEN = 0.1
INTEL, LAST_FRAME = 84, 65535


def signals(
    file: Path, columns: list[str], clock: tuple[float | None, str | None], skip_rows: int
) -> tuple[Float[np.ndarray, "column time"], float]:
    """The named columns of a recording and its sampling rate in hertz.

    columns: names in the header, or "1", "2" ... where the file has none; a leading "-" turns the sign. In a C3D file
    they are analog labels, or "plate1 Fx" for a force computed from the plate's calibration.
    clock: the rate, or the name of the column with the time in seconds; both None for C3D, which states its rate.
    """
    names = [name.removeprefix("-") for name in columns]
    table, rate, first_row = _c3d(file) if file.suffix.lower() == ".c3d" else _text(file, skip_rows, clock)
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(f"{file}: missing column {listed(missing)}; it has {listed(table.columns)}.")
    signs = np.array([[-1.0] if name.startswith("-") else [1.0] for name in columns])
    return signs * np.stack([as_numbers(table[name], file, first_row) for name in names]), rate


def _text(file: Path, skip_rows: int, clock: tuple[float | None, str | None]) -> tuple[pd.DataFrame, float, int]:
    with reading(file, "a table of forces over time"):
        first = _first_line(file, skip_rows)
        separator = max(SEPARATORS, key=first.count)
        header = None if all(_is_number(cell) for cell in first.split(separator)) else 0
        table = pd.read_csv(
            file, sep=separator, header=header, skiprows=skip_rows, low_memory=False, skipinitialspace=True
        )
        refuse_shifted(table, file)
    if header is None:
        table.columns = [str(number + 1) for number in range(table.shape[1])]
    table.columns = [str(name).strip() for name in table.columns]
    first_row = skip_rows - (header is None)
    rate, time = clock
    if rate is None and time is None:
        raise InputError(f"{file} does not state its sampling rate; set `data.rate_hz`, or `data.time` to a column.")
    return table, rate if rate is not None else _rate(table, str(time), file, first_row), first_row


def _first_line(file: Path, skip_rows: int) -> str:
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open(encoding="utf-8-sig") as stream:
        lines = [line for line, _ in zip(stream, range(skip_rows + 1), strict=False)]
    if len(lines) <= skip_rows or not lines[-1].strip():
        raise InputError(f"{file} has no row after the {skip_rows} that are skipped; expected forces over time.")
    return lines[-1].rstrip("\r\n")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _rate(table: pd.DataFrame, time: str, file: Path, first_row: int) -> float:
    """The sampling rate from a column of seconds, which must rise evenly."""
    if time not in table:
        raise InputError(f"{file}: missing column {time!r} (data.time); it has {listed(table.columns)}.")
    seconds = as_numbers(table[time], file, first_row)
    steps = np.diff(seconds)
    step = float(np.median(steps)) if len(steps) else 0.0
    if step <= 0:
        raise InputError(f"{file}: column {time!r} does not rise; expected the time in seconds.")
    odd = np.flatnonzero(np.abs(steps - step) > UNEVEN * step)
    if len(odd):
        place = row_name(file, first_row + int(odd[0]) + 1)
        raise InputError(
            f"{place}: the time moves by {steps[odd[0]]:.4g} s, but by {step:.4g} s elsewhere; frames are missing or "
            f"doubled ({len(odd)} such places)."
        )
    return 1 / step


def _c3d(file: Path) -> tuple[pd.DataFrame, float, int]:
    """Analog channels by label, and the forces of calibrated plates as "plate1 Fx" ... ; rows count frames from 0."""
    with reading(file, "a C3D recording"):
        _refuse_cut_off(file)
        columns, rate = c3d(file)
        table = pd.DataFrame(columns)
    if table.empty or rate <= 0:
        raise InputError(f"{file} has no analog signals, in which forces are recorded; it holds other data only.")
    return table, rate, 0


def _refuse_cut_off(file: Path) -> None:
    """A C3D that ends before its last frame is an InputError; ezc3d would silently give the frames that are left.

    The header (little-endian files, frame numbers below 65535) says how many frames of how many values follow.
    """
    with file.open("rb") as stream:
        start = stream.read(1024)
    _, points, analogs, first, last, _, scale, block = struct.unpack_from("<HHHHHHfH", start)
    if start[3 + 512 * (start[0] - 1)] != INTEL or not first <= last < LAST_FRAME:
        return
    expected = 512 * (block - 1) + (last - first + 1) * (4 * points + analogs) * (4 if scale < 0 else 2)
    if file.stat().st_size < expected:
        raise InputError(f"{file} is cut off: it has {file.stat().st_size} bytes, its header announces {expected}.")
