"""Many tests at once (channels, covariates, pairs of groups): the more one asks, the more answers err by chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from biox.core.errors import InputError

if TYPE_CHECKING:  # spm1d is loaded by those who test curves
    from biox.stats.spm import SPM


@dataclass(frozen=True)
class Channels:
    """A test along every channel of a signal.

    alone: each channel tested for itself at ``alpha`` (not corrected over channels). p: of each channel's highest
    point.
    q: those p after Holm over channels; q <= alpha means "this channel differs somewhere". It speaks for whole
    channels, not for their single points.
    """

    alone: "tuple[SPM, ...]"
    p: np.ndarray
    q: np.ndarray

    @property
    def statistic(self) -> np.ndarray:
        """T or F, shape (channel, point)."""
        return np.stack([one.statistic for one in self.alone])

    @property
    def mask(self) -> np.ndarray:
        """Significant points, each channel for itself, shape (channel, point)."""
        return np.stack([one.mask for one in self.alone])


def holm(p: np.ndarray) -> np.ndarray:
    """The p values raised for the number of tests, so that alpha bounds the chance of any false finding (Holm 1979).

    p: any shape; NaN (a test that could not be done) is kept and not counted.
    """
    p = np.asarray(p, float)
    q = np.full(p.shape, np.nan)
    done = ~np.isnan(p)
    order = np.argsort(p[done])
    raised = np.maximum.accumulate(p[done][order] * np.arange(len(order), 0, -1))
    q[done] = np.minimum(raised, 1)[np.argsort(order)]
    return q


def per_channel(test: "Callable[..., SPM]", samples: Sequence[np.ndarray], *, alpha: float = 0.05) -> Channels:
    """Where along which channel do the groups differ? ``test`` is any of ``biox.stats.spm``.

    samples: the groups or conditions, each of shape (unit, channel, point).
    """
    shapes = {np.shape(s)[1:] for s in samples}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise InputError(
            f"Channels are tested on arrays of shape (unit, channel, point); got {[np.shape(s) for s in samples]}."
        )
    channels = np.shape(samples[0])[1]
    alone = tuple(_of_channel(test, samples, c, alpha) for c in range(channels))
    p = np.array([one.p for one in alone])
    return Channels(alone, p, holm(p))


def _of_channel(test: "Callable[..., SPM]", samples: Sequence[np.ndarray], channel: int, alpha: float) -> "SPM":
    try:
        return test(*(s[:, channel] for s in samples), alpha=alpha)
    except InputError as error:
        raise InputError(f"Channel {channel}: {error}") from None
