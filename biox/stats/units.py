"""From repeated measurements to one row a person: the rows that a test may treat as independent."""

import numpy as np

from biox.core.errors import InputError, listed

FEWEST_UNITS = 3


def subject_means(x: np.ndarray, subject: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean curve of every person, so that five steps of one person do not count as five people.

    x: shape (trial, *feature); subject: shape (trial,). Gives the sorted subjects, shape (unit,), and their means,
    shape (unit, *feature), in the unit of ``x``.
    """
    subjects, index = np.unique(np.asarray(subject), return_inverse=True)
    return subjects, _means(np.asarray(x, float), index, len(subjects))


def condition_means(
    x: np.ndarray, subject: np.ndarray, condition: np.ndarray, conditions: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """The mean curve of every person in every condition; only people who went through all conditions are kept.

    x: shape (trial, *feature); subject, condition: shape (trial,). Gives the subjects that were kept, shape (unit,),
    and the means, shape (condition, unit, *feature), conditions in the given order: unpack them into a paired test.
    """
    subject, condition = np.asarray(subject), np.asarray(condition)
    complete = [s for s in np.unique(subject) if set(conditions) <= set(condition[subject == s])]
    if not complete:
        raise InputError(
            f"No subject went through all conditions {listed(conditions)}; a paired test needs some that did."
        )
    kept = np.isin(subject, complete)
    means = [subject_means(x[kept & (condition == c)], subject[kept & (condition == c)])[1] for c in conditions]
    return np.array(complete), np.stack(means)


def checked(samples: tuple[np.ndarray, ...], dimensions: tuple[int, ...] = (2, 3)) -> list[np.ndarray]:
    """The groups (or conditions) of a test as float arrays, or an InputError that says what does not fit."""
    arrays = [np.asarray(sample, float) for sample in samples]
    if len({a.shape[1:] for a in arrays}) != 1 or arrays[0].ndim not in dimensions:
        raise InputError(
            f"A test compares arrays of shape (unit, point) or (unit, channel, point) with the same points; got shapes "
            f"{listed(a.shape for a in arrays)}."
        )
    if len(arrays) < 2:
        raise InputError("A test compares at least two groups or conditions; got one.")
    for number, array in enumerate(arrays, start=1):
        if len(array) < FEWEST_UNITS:
            raise InputError(
                f"Group {number} of {len(arrays)} has {len(array)} people; a test needs at least {FEWEST_UNITS}."
            )
        if not np.isfinite(array).all():
            row, *place = np.argwhere(~np.isfinite(array))[0]
            raise InputError(
                f"Group {number} of {len(arrays)}, unit {row}, position {place}: a missing or infinite value."
            )
    return arrays


def checked_pairs(samples: tuple[np.ndarray, ...], dimensions: tuple[int, ...] = (2, 3)) -> list[np.ndarray]:
    """As ``checked``, for conditions of the same people: row i of every array is person i."""
    arrays = checked(samples, dimensions)
    if len({len(a) for a in arrays}) != 1:
        raise InputError(
            f"Paired conditions need the same people in the same rows; got {listed(len(a) for a in arrays)} rows."
        )
    return arrays


def varies(deviations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The points where people deviate by more than rounding, shape (*feature); deviations and values: (unit,
    *feature).
    """
    return np.sqrt((deviations**2).mean(0)) > 1e-9 * np.abs(values).max(0)


def _means(x: np.ndarray, index: np.ndarray, units: int) -> np.ndarray:
    totals = np.zeros((units, *x.shape[1:]))
    np.add.at(totals, index, x)
    return totals / np.bincount(index, minlength=units).reshape(-1, *[1] * (x.ndim - 1))
