"""What laboratories add to a protein table: batches that shift proteins, and values that are missing."""

import numpy as np
from jaxtyping import Float, Int


def batches(rng: np.random.Generator, samples: int, count: int) -> Int[np.ndarray, " sample"]:
    """The batch 0 .. count-1 of every sample: as even as can be, dealt at random."""
    return rng.permutation(np.arange(samples) % count)


def shifted(
    rng: np.random.Generator, x: Float[np.ndarray, "sample protein"], batch: Int[np.ndarray, " sample"], sd: float
) -> Float[np.ndarray, "sample protein"]:
    """Each protein of a batch moved by a normal shift of ``sd`` times the protein's own sd."""
    shift = sd * rng.standard_normal((batch.max() + 1, x.shape[1]))
    return (x + shift[batch] * x.std(0)).astype(x.dtype)


def with_gaps(
    rng: np.random.Generator, x: Float[np.ndarray, "sample protein"], share: float
) -> Float[np.ndarray, "sample protein"]:
    """A share of the values, the same for all proteins and chosen at random, becomes NaN."""
    return np.where(rng.random(x.shape) < share, np.float32(np.nan), x)
