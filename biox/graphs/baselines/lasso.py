"""Absolute partial correlation from a sparse precision matrix: the graphical lasso.

The precision matrix P minimises tr(S P) - log det P + a * (sum of |P_ij| off the diagonal), S being the correlations
(Friedman et al. 2008). It is solved by alternating directions (Boyd et al. 2011, section 6.5) and not by coordinate
descent because each of its steps costs one eigendecomposition, whatever the data: its time is bounded, and correlations
near 1 do not break it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from biox.core.errors import InputError
from biox.core.graph_settings import MOST_OF_LASSO
from biox.graphs.baselines.standardised import filled, partial_correlation

# Each penalty is this part of the one before it; the first leaves no edge.
STEP, PENALTIES = 0.5, 20
CROSSED = 3
ROUGH, FINE = 1e-3, 1e-5
MOST_ROUGH, MOST_FINE = 100, 500


@dataclass(frozen=True)
class Sparse:
    """A solution: ``precision`` has zeros but may be indefinite by rounding, ``dense`` is positive definite.

    dual, rho: where the iteration stood, to begin the next penalty there. steps: how many it took. settled: whether
    it stopped by its tolerance and not by the largest number of steps.
    """

    precision: np.ndarray
    dense: np.ndarray
    dual: np.ndarray
    rho: float
    steps: int
    settled: bool


def lasso(x: Float[np.ndarray, "sample protein"]) -> Float[np.ndarray, "source target"]:
    """How closely two proteins go together once all others are accounted for, 0 to 1, most pairs being exactly 0.

    The penalty is the one of at most 20 (the largest leaves no edge, each next is half of it) with the best likelihood
    of held-out samples in three parts; the search ends at the first fall. A value that was not measured counts as the
    protein's mean. Bounded: at most 100 steps a penalty in the search and 500 in the end, each an eigendecomposition;
    more than 1,000 proteins are an InputError.
    """
    z = filled(x)
    if z.shape[1] > MOST_OF_LASSO:
        raise InputError(
            f"The graphical lasso takes at most {MOST_OF_LASSO} proteins in bearable time; the table has {z.shape[1]}. "
            "Leave 'lasso' out of graph.baselines."
        )
    covariance = _covariance(z)
    penalty = best_penalty(z)
    start = sparse_precision(covariance, penalty, tolerance=ROUGH, most=MOST_ROUGH)
    solution = sparse_precision(covariance, penalty, start=start, tolerance=FINE, most=MOST_FINE)
    return partial_correlation(solution.precision)


def best_penalty(z: Float[np.ndarray, "sample protein"]) -> float:
    """The penalty under which held-out samples of a standardised table are most likely, on average over three parts."""
    largest = np.abs(_off_diagonal(_covariance(z))).max()
    if largest == 0:
        return 1.0
    # Samples of one kind often lie side by side; dealt at random, each part holds all kinds.
    part = np.random.default_rng(0).permutation(len(z)) % CROSSED
    pairs = [(_covariance(z[part != k]), _covariance(z[part == k])) for k in range(CROSSED)]
    at: list[Sparse | None] = [None] * CROSSED
    best, best_likelihood = largest, -np.inf
    for penalty in largest * STEP ** np.arange(PENALTIES):
        at = [
            sparse_precision(seen, penalty, start=before, tolerance=ROUGH, most=MOST_ROUGH)
            for (seen, _), before in zip(pairs, at, strict=True)
        ]
        likelihood = np.mean([_likelihood(one.dense, held) for one, (_, held) in zip(at, pairs, strict=True) if one])
        if likelihood < best_likelihood:
            break
        best, best_likelihood = penalty, likelihood
    return float(best)


def sparse_precision(
    covariance: Float[np.ndarray, "protein protein"],
    penalty: float,
    *,
    start: Sparse | None = None,
    tolerance: float = FINE,
    most: int = MOST_FINE,
) -> Sparse:
    """The sparse inverse of a covariance; ``start``: a solution for a similar penalty.

    tolerance: of both residuals, as a share of the size of the matrices. most: steps.
    """
    size = len(covariance)
    z = np.diag(1 / (np.diag(covariance) + penalty)) if start is None else start.precision
    dual, rho = (np.zeros((size, size)), 1.0) if start is None else (start.dual, start.rho)
    dense = z
    for step in range(1, most + 1):
        values, vectors = np.linalg.eigh(rho * (z - dual) - covariance)
        dense = (vectors * ((values + np.sqrt(values**2 + 4 * rho)) / (2 * rho))) @ vectors.T
        before, z = z, _softened(dense + dual, penalty / rho)
        dual = dual + dense - z
        primal, moved = float(np.linalg.norm(dense - z)), rho * float(np.linalg.norm(z - before))
        reach, dual_reach = float(np.linalg.norm(dense)), max(rho * float(np.linalg.norm(dual)), 1e-12)
        if primal <= tolerance * reach and moved <= tolerance * dual_reach:
            return Sparse(z, dense, dual, rho, step, True)
        rho, dual = _balanced(rho, dual, primal / reach, moved / dual_reach)
    return Sparse(z, dense, dual, rho, most, False)


def _balanced(rho: float, dual: np.ndarray, primal: float, moved: float) -> tuple[float, np.ndarray]:
    """A step length that lets both residuals fall alike; the scaled dual changes with it."""
    factor = 2.0 if primal > 5 * moved else 0.5 if moved > 5 * primal else 1.0
    return rho * factor, dual / factor


def _softened(matrix: np.ndarray, by: float) -> np.ndarray:
    soft = np.sign(matrix) * np.maximum(np.abs(matrix) - by, 0)
    np.fill_diagonal(soft, np.diag(matrix))
    return soft


def _covariance(z: np.ndarray) -> np.ndarray:
    """Covariance; a protein without spread in these samples gets the variance 1 and no covariance."""
    covariance = z.T @ z / len(z)
    still = np.diag(covariance) == 0
    covariance[still, still] = 1.0
    return covariance


def _off_diagonal(matrix: np.ndarray) -> np.ndarray:
    return matrix - np.diag(np.diag(matrix))


def _likelihood(precision: np.ndarray, covariance: np.ndarray) -> float:
    """Log likelihood of a sample, up to constants."""
    return float(np.linalg.slogdet(precision)[1] - (covariance * precision).sum())
