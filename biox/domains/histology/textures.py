"""Small periodic pictures that give simulated tissue its grain: fibres, chromatin and the scanner's noise.

They are constants: drawn once from fixed seeds, the same for every slide; slides differ in where they look at them.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, UInt8
from scipy import fft

FIBRE_PX, SPECKLE_PX, GRAIN_PX = 1024, 256, 512
TEXEL_UM = 0.5  # of fibres and speckle; the grain has the scanner's own pixels


@lru_cache(maxsize=1)
def fibres() -> UInt8[np.ndarray, "y x"]:
    """Streaks along x, from 0 (a cleft) to 255 (a thick bundle)."""
    fine = _filtered(1, FIBRE_PX, (1.1, 22.0))
    bundles = _filtered(2, FIBRE_PX, (4.5, 60.0))
    spots = _filtered(3, FIBRE_PX, (1.2, 3.0))
    mixed = 0.55 * fine + 0.7 * bundles + 0.25 * spots
    return np.clip(120 + 58 * mixed / mixed.std(), 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def speckle() -> Float[np.ndarray, "y x"]:
    """Clumps of about a micrometre, mean 0 and standard deviation 1."""
    mixed = _filtered(4, SPECKLE_PX, (0.75, 0.75)) + 0.5 * _filtered(5, SPECKLE_PX, (1.6, 1.6))
    return (mixed / mixed.std()).astype(np.float32)


@lru_cache(maxsize=1)
def grain() -> Float[np.ndarray, "y x"]:
    """Noise that hardly reaches from one pixel to the next, mean 0 and standard deviation 1."""
    white = np.random.default_rng(6).standard_normal((GRAIN_PX, GRAIN_PX))
    mixed = white + 0.6 * np.roll(white, 1, 0) + 0.6 * np.roll(white, 1, 1)
    return (mixed / mixed.std()).astype(np.float32)


def _filtered(seed: int, size: int, lengths_um: tuple[float, float]) -> np.ndarray:
    """Periodic Gaussian noise of variance 1, smooth over the lengths (down, across)."""
    white = np.random.default_rng(seed).standard_normal((size, size)).astype(np.float32)
    down, across = fft.fftfreq(size)[:, None], fft.rfftfreq(size)[None, :]
    sd = [length / TEXEL_UM for length in lengths_um]
    transfer = np.exp(-2 * np.pi**2 * ((down * sd[0]) ** 2 + (across * sd[1]) ** 2))
    field = np.asarray(fft.irfft2(np.asarray(fft.rfft2(white)) * transfer, s=(size, size)))
    return field / field.std()
