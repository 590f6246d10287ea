"""The same scale for every channel: constants from the training people only."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from biox.core.arrays import rows_within
from biox.core.errors import InputError, listed
from biox.core.types import Axis

MEASURED_BYTES = 2**28

Constants = tuple[np.ndarray, np.ndarray]


def constants(
    x: Float[np.ndarray, "sample *feature"],
    training: np.ndarray,
    how: str,
    prepare: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Constants:
    """Shift and scale of each position of the first feature axis (each channel): a model sees (x - shift) / scale.

    how: "none"; "minmax" (smallest value to 0, largest to 1) and "zscore" (mean 0, sd 1) over the samples marked in
    ``training``; "minmax-all" as published in 2021, over all samples: it lets the test people's range leak in and is
    there for comparison only. Values go through ``prepare`` first. A channel that never changes keeps scale 1. Shapes
    broadcast over (*feature). Of more samples than fit in MEASURED_BYTES, as many as do are measured, spread evenly.
    """
    chosen = np.flatnonzero(training | (how == "minmax-all"))
    most = rows_within(x.shape, MEASURED_BYTES, len(chosen))
    rows = x[chosen[np.linspace(0, len(chosen) - 1, most).round().astype(int)]]
    others = (0, *range(2, x.ndim))
    measured = np.asarray(rows if prepare is None else prepare(rows), np.float64)
    shift, scale = _MEASURES[how](measured, others)
    shift, scale = shift[0], np.where(scale[0] > 0, scale[0], 1.0)
    return shift, scale


def select(axes: tuple[Axis, ...], channels: tuple[str, ...] | None) -> tuple[np.ndarray, tuple[Axis, ...]]:
    """Positions of the wanted channels on the first feature axis, and the axes that remain; None takes all."""
    first = axes[0]
    wanted = first.labels if channels is None else channels
    unknown = [name for name in wanted if name not in first.labels]
    if unknown or not wanted:
        raise InputError(f"channels: there is no {listed(unknown)}; the data have {listed(first.labels)}.")
    rows = np.array([first.labels.index(name) for name in wanted])
    return rows, (Axis(first.name, tuple(wanted), first.unit), *axes[1:])


def _none(x: np.ndarray, axis: tuple[int, ...]) -> Constants:
    shape = tuple(1 if k in axis else n for k, n in enumerate(x.shape))
    return np.zeros(shape), np.ones(shape)


def _minmax(x: np.ndarray, axis: tuple[int, ...]) -> Constants:
    low = x.min(axis, keepdims=True)
    return low, x.max(axis, keepdims=True) - low


def _zscore(x: np.ndarray, axis: tuple[int, ...]) -> Constants:
    return x.mean(axis, keepdims=True), x.std(axis, keepdims=True)


_MEASURES: dict[str, Callable[[np.ndarray, tuple[int, ...]], Constants]] = {
    "none": _none,
    "minmax": _minmax,
    "minmax-all": _minmax,
    "zscore": _zscore,
}
