"""The published generator of block tables, written anew from its equation (Keyl et al. 2022, npj Precis Oncol 6:35).

x = tanh(W2 relu(W1 (u + e))): u is uniform on 0 .. 1, e is normal with one covariance for the whole table, and W1 and
W2 hold nothing but what the graph of blocks allows (within an active block, and each protein to itself).

- W = ((V * G) D V') * G, * taken entry by entry: V an orthonormal basis of (uniform matrix + identity), D diagonal and
  uniform on 0 .. 1, G the graph. Tables in which one block is active draw V and D once, as published.
- The covariance is Q (1 1' + D') Q' with Q orthonormal and D' uniform on 0 .. 1: scikit-learn's random SPD matrix,
  whose ones stand in the whole matrix and not only on the diagonal. Hence one factor, common to all proteins, carries
  most of the noise, and proteins of different blocks correlate.

The released tables follow this equation: with the weights that torch draws from seed 0, relu(W1 (u + e)) can be solved
for, is nowhere negative, and has the means that u = 1/2 gives. Their noise was drawn without a seed and the weights
here come from numpy, so these tables are like the released ones, not the same.
"""

import numpy as np
from jaxtyping import Float
from scipy.linalg import orth

from biox.domains.proteomics.simulated import Simulated, names
from biox.domains.proteomics.simulation import Simulation


def blocks(settings: Simulation, samples: int) -> Simulated:
    """A table of ``samples`` rows; where one block is active at a time, the rows of a block lie side by side.

    Block b of B holds the b-th of B parts of the proteins, as even as can be. Groups are "all" or "block-0" and so on;
    proteins outside the active block are all but constant there.
    """
    block = np.sort(np.arange(settings.proteins) % settings.blocks)
    within = block[:, None] == block[None]
    active = {"all": np.ones(settings.proteins, bool)}
    if settings.active == "one":
        active = {f"block-{b}": block == b for b in range(settings.blocks)}
    related = {group: within & np.outer(on, on) for group, on in active.items()}
    parts = np.array_split(np.arange(samples), len(related))
    rng = np.random.default_rng([settings.seed, 1])
    tables = [
        _table(np.random.default_rng([settings.seed, 0]), rng, graph, len(part))
        for graph, part in zip(related.values(), parts, strict=True)
    ]
    proteins = names(settings.proteins)
    return Simulated(
        x=np.concatenate(tables).astype(np.float32),
        proteins=proteins,
        groups=np.repeat(list(related), [len(part) for part in parts]).astype(object),
        effects={group: np.where(np.eye(len(graph)), 0.0, graph) for group, graph in related.items()},
        directed=False,
        modules={f"block-{b}": tuple(np.asarray(proteins, object)[block == b]) for b in range(settings.blocks)},
        unit="simulated units",
    )


def _table(wiring: np.random.Generator, rng: np.random.Generator, graph: np.ndarray, samples: int) -> np.ndarray:
    """Samples under one graph; ``wiring`` draws the weights, ``rng`` the noise and the samples."""
    size = len(graph)
    allowed = graph | np.eye(size, dtype=bool)
    first, second = (weights(wiring.random((size, size)), wiring.random(size), allowed) for _ in range(2))
    noise = rng.standard_normal((samples, size)) @ np.linalg.cholesky(covariance(rng, size)).T
    hidden = np.maximum((rng.random((samples, size)) + noise) @ first.T, 0)
    return np.tanh(hidden @ second.T)


def weights(
    uniform: Float[np.ndarray, "target source"], diagonal: Float[np.ndarray, " source"], allowed: np.ndarray
) -> Float[np.ndarray, "target source"]:
    """W1 or W2 from uniform draws: what the graph allows of a matrix with these eigenvalues."""
    basis = orth(uniform + np.eye(len(allowed)))
    return ((basis * allowed) * diagonal) @ basis.T * allowed


def covariance(rng: np.random.Generator, size: int) -> Float[np.ndarray, "protein protein"]:
    """Of the noise of one table."""
    uniform = rng.random((size, size))
    basis = np.linalg.svd(uniform.T @ uniform)[0]
    return basis @ (1 + np.diag(rng.random(size))) @ basis.T
