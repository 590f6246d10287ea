"""Undirected average graphs as networks give them: factors of the two ends, and noise that is lognormal or heavier."""

import numpy as np


def made(rng, proteins=20, *, level=1.0, spread=0.2, heavy=False, ends=0.3, planted=()):
    """A symmetric matrix of weights. planted: (a, b, factor)."""
    factor = ends * rng.standard_normal(proteins)
    noise = rng.standard_t(5, (proteins, proteins)) if heavy else rng.standard_normal((proteins, proteins))
    log = np.triu(spread * noise, 1)
    log = log + log.T + factor[:, None] + factor[None, :] + level * rng.standard_normal()
    weights = np.exp(log)
    for a, b, times in planted:
        weights[a, b] *= times
        weights[b, a] = weights[a, b]
    np.fill_diagonal(weights, 0)
    return weights
