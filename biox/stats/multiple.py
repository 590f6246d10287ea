"""Many tests at once (channels, pairs of groups): the more one asks, the more answers are wrong by chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from statsmodels.stats.multitest import multipletests

from biox.core.errors import InputError
from biox.stats.spm import SPM


@dataclass(frozen=True)
class Channels:
    """A test along every channel of a signal.

    alone: each channel tested for itself at ``alpha`` (not corrected over channels). p: of each channel's highest
    point.
    q: those p after Holm over channels; q <= alpha means "this channel differs somewhere".
    together: each channel tested at alpha / channels. Its marked points hold for all channels at once: the
    probability of one false point anywhere is at most alpha. (Holm's later, milder steps speak for whole channels,
    not for their single points.)
    """

    alone: tuple[SPM, ...]
    together: tuple[SPM, ...]
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

    @property
    def mask_together(self) -> np.ndarray:
        """Points that stay significant over all channels, shape (channel, point)."""
        return np.stack([one.mask for one in self.together])


@dataclass(frozen=True)
class Pair:
    """Two groups compared after the fact: their places among the groups, the test, and its p after Holm over all
    pairs.
    """

    first: int
    second: int
    result: SPM
    q: float


def holm(p: np.ndarray) -> np.ndarray:
    """The p values raised for the number of tests, so that alpha bounds the chance of any false finding (Holm 1979).

    p: any shape; NaN (a test that could not be done) is kept and not counted.
    """
    p = np.asarray(p, float)
    q = np.full(p.shape, np.nan)
    done = ~np.isnan(p)
    if done.any():
        q[done] = multipletests(p[done], method="holm")[1]
    return q


def per_channel(test: Callable[..., SPM], samples: Sequence[np.ndarray], *, alpha: float = 0.05) -> Channels:
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
    together = tuple(_of_channel(test, samples, c, alpha / channels) for c in range(channels))
    p = np.array([one.p for one in alone])
    return Channels(alone, together, p, holm(p))


def post_hoc(test: Callable[..., SPM], samples: Sequence[np.ndarray], *, alpha: float = 0.05) -> tuple[Pair, ...]:
    """Which of several groups differ from which? Every pair is tested at alpha / pairs, and p corrected by Holm over
    pairs.

    test: ``two_sample_t`` or ``welch_t`` for groups of different people, ``paired_t`` for conditions of the same
    people.
    samples: each of shape (unit, point). The sign of t: positive where the first of the pair is higher.
    """
    pairs = list(combinations(range(len(samples)), 2))
    results = [test(samples[i], samples[j], alpha=alpha / len(pairs)) for i, j in pairs]
    q = holm(np.array([r.p for r in results]))
    return tuple(Pair(i, j, r, float(v)) for (i, j), r, v in zip(pairs, results, q, strict=True))


def _of_channel(test: Callable[..., SPM], samples: Sequence[np.ndarray], channel: int, alpha: float) -> SPM:
    try:
        return test(*(s[:, channel] for s in samples), alpha=alpha)
    except InputError as error:
        raise InputError(f"Channel {channel}: {error}") from None
