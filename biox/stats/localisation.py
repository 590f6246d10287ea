"""Does relevance lie where the truth is known to lie? For simulated data with planted windows, or images with masks."""

from dataclasses import dataclass

import numpy as np

from biox.core.errors import InputError


@dataclass(frozen=True)
class Localisation:
    """For every sample, shape (sample,): the share of relevance inside the true region, and what a blind method would
    reach.

    mass: relevance mass accuracy, the share of |R| inside the mask. rank: relevance rank accuracy, the share of the K
    most relevant features inside the mask, K = its size. Both 0 to 1, higher is better. chance: the mask's share of
    all features, which is what both are for relevance without any place. NaN where there is no relevance, or the mask
    is empty.
    """

    mass: np.ndarray
    rank: np.ndarray
    chance: np.ndarray

    @property
    def mass_ratio(self) -> np.ndarray:
        """Mass accuracy as a multiple of chance: above 1 is better than blind."""
        return self.mass / self.chance

    @property
    def rank_ratio(self) -> np.ndarray:
        """Rank accuracy as a multiple of chance: above 1 is better than blind."""
        return self.rank / self.chance


def localise(relevance: np.ndarray, mask: np.ndarray) -> Localisation:
    """How much of the relevance lies inside the true region, against chance (Arras et al. 2022).

    relevance: shape (sample, *feature); its absolute value counts, so give ``np.maximum(relevance, 0)`` to ask only
    for what spoke for the class. mask: True inside, shape (*feature) or (sample, *feature).
    """
    relevance = np.abs(np.asarray(relevance, float))
    mask = np.asarray(mask, bool)
    if mask.shape not in (relevance.shape, relevance.shape[1:]):
        raise InputError(f"A mask of shape {mask.shape} does not fit relevance of shape {relevance.shape}.")
    if not np.isfinite(relevance).all():
        raise InputError("Relevance must not hold missing or infinite values.")
    r = relevance.reshape(len(relevance), -1)
    inside = np.broadcast_to(mask, relevance.shape).reshape(r.shape)
    size, total = inside.sum(1), r.sum(1)
    known = (size > 0) & (total > 0)
    mass = np.divide((r * inside).sum(1), total, out=np.full(len(r), np.nan), where=known)
    rank = np.divide(_hits(r, inside, size), size, out=np.full(len(r), np.nan), where=known)
    return Localisation(mass, rank, np.where(size > 0, size / r.shape[1], np.nan))


def _hits(r: np.ndarray, inside: np.ndarray, size: np.ndarray) -> np.ndarray:
    """How many of the K most relevant features lie inside; equal values share the last places, so flat relevance is
    chance.
    """
    ordered = -np.sort(-r, axis=1)
    last = np.take_along_axis(ordered, np.maximum(size - 1, 0)[:, None], axis=1)
    above, equal = r > last, r == last
    places = size - above.sum(1)
    return (above & inside).sum(1) + places * (equal & inside).sum(1) / equal.sum(1)
