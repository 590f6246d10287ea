"""Into how many pieces does a graph fall, and into which? The smallest eigenvalues of its Laplacian tell.

    L = I - D^(-1/2) A D^(-1/2),    D = diag(A 1),

has as many eigenvalues 0 as the graph has unconnected pieces, and one small eigenvalue more for each further piece that
is joined to the rest by few edges only (von Luxburg 2007). All lie in [0, 2].

The eigenvalues 0 are known from the pieces themselves: their vectors are D^(1/2) 1 on each piece. The others are sought
among the vectors perpendicular to these, since Lanczos' method may miss some of several equal eigenvalues.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import sparse
from scipy.linalg import eigh
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from biox.core.errors import InputError

DENSE_UP_TO = 400
TOLERANCE = 1e-8
AGAIN = 4  # eigenvalues sought at a time when looking for missed ones


@dataclass(frozen=True)
class Spectrum:
    """The smallest eigenvalues of a graph's normalised Laplacian, rising, and their vectors.

    values: 0 to 2, unitless; near 0: a piece of its own. vectors: (sample, eigenvalue), each of length 1, its largest
    entry positive. pieces: how many parts of the graph are not joined at all (= how many eigenvalues are exactly 0).
    """

    values: Float[np.ndarray, " eigenvalue"]
    vectors: Float[np.ndarray, "sample eigenvalue"]
    pieces: int

    @property
    def gaps(self) -> Float[np.ndarray, " gap"]:
        """How far each eigenvalue lies below the next; gaps[c - 1] speaks for c clusters."""
        return np.diff(self.values)


def normalised_laplacian(affinity: sparse.csr_array) -> sparse.csr_array:
    """The symmetric, normalised Laplacian I - D^(-1/2) A D^(-1/2) of a graph without isolated samples."""
    return sparse.csr_array(sparse.eye_array(affinity.shape[0]) - _scaled(affinity)[0])


def spectrum(affinity: sparse.csr_array, eigenvalues: int, *, seed: int) -> Spectrum:
    """The ``eigenvalues`` smallest eigenvalues of a graph's normalised Laplacian, and their vectors."""
    samples = affinity.shape[0]
    if not 2 <= eigenvalues < samples:
        raise InputError(f"{eigenvalues} eigenvalues were asked of {samples} samples; take 2 to {samples - 1}.")
    scaled, root = _scaled(affinity)
    pieces, piece = connected_components(affinity, directed=False)
    if pieces >= eigenvalues:
        raise InputError(
            f"The graph of {samples} samples falls into {pieces} unconnected pieces, as many as the {eigenvalues} "
            "eigenvalues asked for or more. Take more neighbours, or more eigenvalues."
        )
    largest = np.argsort(-np.bincount(piece), kind="stable")
    known = (piece[:, None] == largest) * root[:, None]
    known /= np.linalg.norm(known, axis=0)
    values, vectors = _others(scaled, known, eigenvalues - pieces, seed)
    vectors = np.hstack([known, vectors])
    strongest = np.abs(vectors).argmax(0)
    vectors = vectors * np.sign(vectors[strongest, np.arange(eigenvalues)])
    return Spectrum(np.concatenate([np.zeros(pieces), np.maximum(values, 0)]), vectors, pieces)


def _others(scaled: sparse.csr_array, known: np.ndarray, wanted: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The next eigenvalues of L after those known, rising; sought as the largest of S - 2 known known', S = I - L."""
    samples = scaled.shape[0]
    if samples <= DENSE_UP_TO:
        values, vectors = eigh(scaled.toarray() - 2 * known @ known.T, subset_by_index=(samples - wanted, samples - 1))
    else:
        rng = np.random.default_rng(seed)
        values, vectors = _lanczos(scaled, known, wanted, rng)
        # Of several equal eigenvalues Lanczos may find one: look again, perpendicular to all that was found.
        while True:
            more, further = _lanczos(scaled, np.hstack([known, vectors]), min(wanted, AGAIN), rng)
            missed = more > values.min() + 10 * TOLERANCE
            if not missed.any():
                break
            values, vectors = np.append(values, more[missed]), np.hstack([vectors, further[:, missed]])
            best = np.argsort(-values)[:wanted]
            values, vectors = values[best], vectors[:, best]
    order = np.argsort(-values)
    return 1 - values[order], vectors[:, order]


def _lanczos(
    scaled: sparse.csr_array, known: np.ndarray, wanted: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Largest eigenvalues of S perpendicular to ``known``; from a larger search space if a small one fails."""
    samples = scaled.shape[0]
    start = rng.standard_normal(samples)
    start -= known @ (known.T @ start)

    def deflated(v: np.ndarray) -> np.ndarray:
        return scaled @ v - 2 * known @ (known.T @ v)

    operator = LinearOperator(scaled.shape, matvec=deflated, dtype=float)  # pyright: ignore[reportCallIssue] stubs
    spaces = [min(samples, max(size, 20)) for size in (2 * wanted + 1, 6 * wanted, 20 * wanted)]
    for space in spaces:
        try:
            return eigsh(operator, k=wanted, which="LA", ncv=space, tol=TOLERANCE, v0=start, maxiter=300)
        except ArpackNoConvergence:
            continue
    raise InputError(
        f"The {wanted} eigenvectors of a graph of {samples} samples did not converge with search spaces of {spaces}: "
        "neighbouring eigenvalues lie too close. Ask for fewer, or take more neighbours."
    )


def _scaled(affinity: sparse.csr_array) -> tuple[sparse.csr_array, np.ndarray]:
    """S = D^(-1/2) A D^(-1/2), and the diagonal of D^(1/2)."""
    degree = np.asarray(affinity.sum(axis=1)).ravel()
    if not (degree > 0).all():
        raise InputError(f"Sample {int(np.argmin(degree))} of the graph has no neighbour.")
    root = np.sqrt(degree)
    inverse = sparse.diags_array(1 / root)
    return sparse.csr_array(inverse @ affinity @ inverse), root
