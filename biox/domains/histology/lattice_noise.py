"""Random numbers and smooth random fields that are functions of a place: no state, no edges, no period.

A region of a simulated slide can then be drawn alone, in any order, and equals the same region of the whole.
"""

import numpy as np
from jaxtyping import Float, Int

# One lattice of uniform numbers seen through a cubic B-spline has this standard deviation, whatever the lattice.
SPLINE_SD = np.sqrt(1 / 12) * 151 / 315


def hashed(key: tuple[int, int], i: Int[np.ndarray, "*place"], j: Int[np.ndarray, "*place"]) -> np.ndarray:
    """One uniform number in [0, 1) for every lattice point (i, j), shape (*place).

    key: the seed of the slide and the number of the draw; other keys give unrelated numbers.
    """
    start = np.random.SeedSequence([key[0] & 0xFFFFFFFF, key[1]]).generate_state(2, np.uint32)
    mixed = _mix(np.asarray(i).astype(np.uint32) + start[0])
    return _mix(mixed + np.asarray(j).astype(np.uint32) * np.uint32(0x9E3779B1) + start[1]) / np.float64(2**32)


def normal(key: tuple[int, int], i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """One nearly normal number for every lattice point, mean 0, variance 1: four uniform draws added, within 3.5."""
    total = sum(hashed((key[0], key[1] + 1000 * k), i, j) for k in range(1, 5))
    return np.asarray((total - 2) * np.sqrt(3), np.float32)


def smooth_noise(
    key: tuple[int, int], ys: Float[np.ndarray, " y"], xs: Float[np.ndarray, " x"], length: float
) -> Float[np.ndarray, "y x"]:
    """A smooth random field of mean 0 and standard deviation about 1 on the grid of ``ys`` and ``xs``.

    length: the distance over which it changes, in the unit of ``ys`` and ``xs``.
    """
    rows, down = _spline(ys / length)
    columns, across = _spline(xs / length)
    lattice = hashed(key, rows[:, None], columns[None, :]) - 0.5
    return (down @ lattice @ across.T / SPLINE_SD).astype(np.float32)


def _mix(h: np.ndarray) -> np.ndarray:
    """The bits of 32-bit integers thrown about (a finaliser of the xor, shift and multiply kind)."""
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
    return h ^ (h >> np.uint32(16))


def _spline(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lattice points that matter at the places, and the cubic B-spline weights, shape (place, point)."""
    cell = np.floor(at).astype(np.int64)
    t = at - cell
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6
    first = int(cell.min()) - 1
    points = np.arange(first, int(cell.max()) + 3)
    matrix = np.zeros((len(at), len(points)))
    np.put_along_axis(matrix, (cell - 1 - first)[:, None] + np.arange(4), weights, axis=1)
    return points, matrix
