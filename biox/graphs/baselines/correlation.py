"""Correlations of all pairs of proteins from a few sums, each pair over the samples in which both were measured.

With n shared samples, r = (n S_xy - S_x S_y) / sqrt((n S_xx - S_x^2) (n S_yy - S_y^2)). The sums add up over samples,
so a sample can be added or taken away without going through the others.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

# Of the largest possible n S_xx: below it, a spread is rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Sums:
    """Sums over the samples in which both proteins of a pair were measured; all of shape (..., protein, protein).

    count: samples. value: of the values of the row's protein. square: of their squares. product: of the products.
    """

    count: np.ndarray
    value: np.ndarray
    square: np.ndarray
    product: np.ndarray

    def plus(self, other: "Sums") -> "Sums":
        """The sums over the samples of both."""
        return _each(self, other, 1)

    def minus(self, other: "Sums") -> "Sums":
        """The sums over the samples of this one without those of the other."""
        return _each(self, other, -1)


def _each(one: Sums, other: Sums, sign: int) -> Sums:
    names = ("count", "value", "square", "product")
    return Sums(*(getattr(one, name) + sign * getattr(other, name) for name in names))


def sums(z: Float[np.ndarray, "sample protein"]) -> Sums:
    """The sums over all samples of a table (NaN where not measured); best when its values are near 0."""
    measured = (~np.isnan(z)).astype(np.float64)
    values = np.nan_to_num(z, nan=0.0)
    return Sums(measured.T @ measured, values.T @ measured, (values**2).T @ measured, values.T @ values)


def sums_of_each(z: Float[np.ndarray, "sample protein"]) -> Sums:
    """The sums of every sample by itself, with the sample as first dimension."""
    measured = (~np.isnan(z)).astype(np.float64)
    values = np.nan_to_num(z, nan=0.0)

    def outer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a[:, :, None] * b[:, None, :]

    return Sums(outer(measured, measured), outer(values, measured), outer(values**2, measured), outer(values, values))


def correlation(of: Sums) -> np.ndarray:
    """Signed correlations, shape (..., protein, protein); 0 for a pair of which one does not vary, 1 on the diagonal.

    Pairs with fewer than three shared samples are 0 as well: two points always correlate perfectly.
    """
    spread = of.count * of.square - of.value**2
    other = np.swapaxes(spread, -1, -2)
    known = (of.count > 2) & (spread > ROUNDING * of.count**2) & (other > ROUNDING * of.count**2)
    covariance = of.count * of.product - of.value * np.swapaxes(of.value, -1, -2)
    r = np.where(known, covariance / np.sqrt(np.where(known, spread * other, 1)), 0.0)
    diagonal = np.arange(r.shape[-1])
    r[..., diagonal, diagonal] = 1.0
    return np.clip(r, -1, 1)
