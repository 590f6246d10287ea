"""The combination of methods with the smallest error, where the error is quadratic: minimise w'Gw over shares w.

Shares are at least 0 and add up to 1. G is positive semidefinite, here always a mean of products of errors. Solved by
DAQP (Arnstrom, Bemporad and Axehill 2022), a dual active-set method for small dense programs.
"""

from ctypes import c_int

import daqp
import numpy as np
from jaxtyping import Float

RIDGES = (1e-9, 1e-8, 1e-7, 1e-6)
"""Added to the squares of what each method does, in shares of them: ties fall to the most even shares. The next one is
taken where the solver does not settle, on forms that are nearly flat in some direction."""

HALVINGS = 30
MIXTURES = 65


def lowest(form: Float[np.ndarray, "method method"]) -> Float[np.ndarray, " method"]:
    """The shares with the smallest w'Gw, which is never above the smallest entry of G's diagonal (one method alone).

    Where several are equally good, an even one: duplicates of a method share its weight. ValueError where G is not
    symmetric, finite and positive semidefinite.
    """
    size = np.diag(form)
    if not np.isfinite(form).all() or not np.allclose(form, form.T, atol=0, rtol=1e-6) or (size < 0).any():
        raise ValueError(
            f"A quadratic form must be a symmetric matrix of finite numbers without negative squares, got {form}."
        )
    if size.min() == 0:
        return (size == 0) / (size == 0).sum()
    # In units of each method's own error all of them are alike to the solver, however far apart they are.
    unit = np.sqrt(size)
    price = unit.min() / unit
    scaled = form / unit / unit[:, None]
    found = _solved((scaled + scaled.T) / 2, price) * price
    shares = found / found.sum()
    single = np.eye(len(form))[size.argmin()]
    return single if _error(scaled, single / price) < _error(scaled, shares / price) else shares


def balanced(
    first: Float[np.ndarray, "sample method method"],
    second: Float[np.ndarray, "sample method method"],
    units: tuple[float, float],
) -> Float[np.ndarray, "sample method"]:
    """The shares of each sample with which the worse of two mean errors is smallest, each error in its own unit.

    Wherever any shares keep both errors within their units, these do. The largest over t of the smallest of
    t Q1 + (1 - t) Q2 is the answer (minimax), and t is found by halving. Where a unit is 0, only methods without error
    in that form are left, and the other form decides among them; ValueError where there are none.
    """
    for unit, one, other in ((units[0], first, second), (units[1], second, first)):
        if unit == 0:
            free = alone(one) == 0
            if not free.any():
                raise ValueError("No method is without error in a form whose unit is 0.")
            shares = np.zeros(first.shape[:2])
            shares[:, free] = [lowest(each[np.ix_(free, free)]) for each in other]
            return shares
    first, second = first / units[0], second / units[1]
    start, end = 0.0, 1.0
    low, high = _weighed(first, second, start), _weighed(first, second, end)
    if _mean_error(first, low) <= _mean_error(second, low):
        return low
    if _mean_error(second, high) <= _mean_error(first, high):
        return high
    for _ in range(HALVINGS):
        middle = (start + end) / 2
        shares = _weighed(first, second, middle)
        if _mean_error(first, shares) > _mean_error(second, shares):
            start, low = middle, shares
        else:
            end, high = middle, shares
    # Ties at the last t leave two answers, one for each form; what is best lies between them.
    between = [part * low + (1 - part) * high for part in np.linspace(0, 1, MIXTURES)]
    return min(between, key=lambda w: max(_mean_error(first, w), _mean_error(second, w)))


def _weighed(first: np.ndarray, second: np.ndarray, t: float) -> np.ndarray:
    return np.stack([lowest(t * one + (1 - t) * other) for one, other in zip(first, second, strict=True)])


def alone(form: Float[np.ndarray, "sample method method"]) -> Float[np.ndarray, " method"]:
    """The mean error of each method by itself."""
    return form.diagonal(axis1=1, axis2=2).mean(0)


def _mean_error(form: np.ndarray, shares: np.ndarray) -> float:
    return float(np.einsum("si,sij,sj->", shares, form, shares) / len(form))


def _solved(form: np.ndarray, price: np.ndarray) -> np.ndarray:
    """The smallest v'Gv with v >= 0 and price'v = 1."""
    methods = len(form)
    upper, lower = np.append(np.full(methods, np.inf), 1.0), np.append(np.zeros(methods), 1.0)
    kinds = np.zeros(methods + 1, dtype=c_int)
    kinds[-1] = 5  # an equality
    tight = {"primal_tol": 1e-10, "dual_tol": 1e-12}
    state = None
    for ridge in RIDGES:
        lifted = form + ridge * np.eye(methods)
        found, _, state, _ = daqp.solve(lifted, np.zeros(methods), price[None], upper, lower, kinds, **tight)
        if state == 1:
            return np.maximum(found, 0)
    raise ValueError(f"The quadratic program has no solution (DAQP says {state}); is this form positive? {form}")


def _error(form: np.ndarray, shares: np.ndarray) -> float:
    return float(shares @ form @ shares)
