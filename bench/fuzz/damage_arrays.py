"""Damage to arrays in .npz, .npy and .mat files, so that the file itself stays whole."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bench.fuzz.damage_text import CELLS

NUMBERS = (np.nan, np.inf, -np.inf, 0.0, -1.0, 1e308, 3e38, 1e-320, 2.0**63, 1e9, 0.5, 255.0, 256.0)
KINDS = ("f8", "f4", "f2", "i8", "i4", "u1", "i1", "u8", "?", "U5", "S3", "c16", "M8[s]", ">f8", ">i4")
RESERVED = ("__header__", "__version__", "__globals__")


def damaged_array(array: np.ndarray, random: Random) -> np.ndarray:
    """One change of an array: values, type or shape."""
    at = random.randrange(max(1, array.size))
    length = len(array) if array.ndim else 0

    def one_value() -> np.ndarray:
        changed = array.copy()
        if changed.size:
            changed.flat[at] = np.array(random.choice(NUMBERS)).astype(array.dtype)
        return changed

    ways: tuple[Callable[[], np.ndarray], ...] = (
        one_value,
        one_value,
        lambda: np.full_like(array, np.array(random.choice(NUMBERS)).astype(array.dtype)),
        lambda: array.astype(random.choice(KINDS)),
        lambda: array[: random.randint(0, length)] if array.ndim else array[None],
        lambda: np.concatenate([array, array]) if array.ndim else array[None],
        lambda: array.T,
        lambda: array.ravel(),
        lambda: array[None],
        lambda: array[..., 0] if array.ndim and array.shape[-1] else array,
        lambda: array[..., None],
        lambda: np.empty((0, *array.shape[1:]), array.dtype),
        lambda: np.empty((*array.shape[:1], 0), array.dtype),
        lambda: np.zeros((), array.dtype),
        lambda: np.array([random.choice(CELLS)] * max(1, length)),
        lambda: np.zeros(3, [("a", "f8"), ("b", "i4")]),
        lambda: array[::-1],
    )
    with np.errstate(all="ignore"):
        try:
            return random.choice(ways)()
        except (ValueError, TypeError, OverflowError):
            return array[:0] if array.ndim else array


def _damaged(arrays: dict[str, Any], random: Random) -> dict[str, Any]:
    arrays = dict(arrays)
    for _ in range(random.randint(1, 3)):
        if not arrays:
            break
        name = random.choice(sorted(arrays))
        way = random.random()
        if way < 0.75:
            arrays[name] = damaged_array(np.asarray(arrays[name]), random)
        elif way < 0.85:
            del arrays[name]
        elif way < 0.95:
            arrays[random.choice(sorted(arrays))] = arrays[name]
        else:
            arrays[name + "x"] = arrays[name]
    return arrays


def damage_npz(file: Path, random: Random) -> None:
    """Change arrays of an .npz archive."""
    with np.load(file, allow_pickle=False) as found:
        arrays = _damaged({name: found[name] for name in found.files}, random)
    if random.random() < 0.05:
        arrays["objects"] = np.array([{"a": 1}, None], dtype=object)
    np.savez(file, **arrays)


def damage_npy(file: Path, random: Random) -> None:
    """Change an .npy array, or the shape that its header announces."""
    if random.random() < 0.2:
        content, shape = (
            file.read_bytes(),
            random.choice((b"(999999999, 999999)", b"(-1,)", b"(0, 0)", b"()", b"(2, 'a')")),
        )
        start, end = content.index(b"(", 10), content.index(b")", 10) + 1
        head = content[:start] + shape + content[end:]
        file.write_bytes(head)
        return
    np.save(file, damaged_array(np.load(file, allow_pickle=False), random))


def damage_mat(file: Path, random: Random) -> None:
    """Change arrays of a MATLAB file; now and then to what is no array."""
    from scipy.io import loadmat, savemat

    arrays = _damaged({k: v for k, v in loadmat(file).items() if k not in RESERVED}, random)
    if arrays and random.random() < 0.1:
        arrays[random.choice(sorted(arrays))] = random.choice(({"a": 1.0}, "text", np.array([1, "a"], dtype=object)))
    try:
        savemat(file, arrays)
    except (TypeError, ValueError):
        file.write_bytes(file.read_bytes()[: random.randint(0, 2000)])
