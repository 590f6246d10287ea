"""Variables of MATLAB's files: numbers and lists of them, and nothing else that such a file may hold."""

from pathlib import Path

import numpy as np
from scipy.io import loadmat, whosmat

from biox.core.errors import InputError, listed

KINDS = tuple("double single logical int8 uint8 int16 uint16 int32 uint32 int64 uint64 cell".split())  # noqa: SIM905


def variables(file: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Some variables of a .mat file, and nothing else of it; objects and functions of MATLAB are an InputError."""
    there = {name: kind for name, _, kind in whosmat(file)}
    require(list(there), names, file)
    strange = [name for name in names if there[name] not in KINDS]
    if strange:
        raise InputError(f"{file}: {strange[0]!r} is of MATLAB's class {there[strange[0]]!r}; expected numbers.")
    return loadmat(file, variable_names=list(names))


def require(found: list[str], wanted: tuple[str, ...], file: Path) -> None:
    """Refuse a file that lacks a variable, listing what it has."""
    missing = [name for name in wanted if name not in found]
    if missing:
        have = [name for name in found if not name.startswith("__")]
        raise InputError(f"{file}: missing {listed(missing)}; it has {listed(have)}.")
