"""From a raw force signal to stance phases: filter, find contact, cut, bring to 101 points.

Low-pass: a second-order Butterworth filter run forward and backward, hence fourth order without delay. Each run weakens
the cutoff by 3 dB, so the single run's cutoff is raised: tan(pi f' / fs) = tan(pi f / fs) / (sqrt(2) - 1)^(1/4).
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline
from scipy.signal import butter, filtfilt

from biox.domains.gait.curves import POINTS

RUNS = 2


@dataclass(frozen=True)
class Contact:
    """When a foot counts as standing: force above ``contact_n`` newton for ``shortest_s`` to ``longest_s`` seconds."""

    contact_n: float
    shortest_s: float
    longest_s: float


@dataclass(frozen=True)
class Stances:
    """The stance phases of one foot as (first, last) samples, and how many were dropped for which reason."""

    spans: tuple[tuple[int, int], ...]
    cut_off: int
    too_short: int
    too_long: int


def low_pass(signal: Float[np.ndarray, "channel time"], rate_hz: float, cutoff_hz: float) -> np.ndarray:
    """The signal without what is faster than ``cutoff_hz``, and not delayed; the cutoff itself keeps 1/sqrt(2).

    ``cutoff_hz`` must lie below half the sampling rate.
    """
    assert 0 < cutoff_hz < rate_hz / 2, (cutoff_hz, rate_hz)
    order = 2
    correction = (2 ** (1 / RUNS) - 1) ** (1 / (2 * order))
    single_hz = math.atan(math.tan(math.pi * cutoff_hz / rate_hz) / correction) * rate_hz / math.pi
    return filtfilt(*butter(order, single_hz, fs=rate_hz), signal, axis=-1)


def stances(vertical: Float[np.ndarray, "time"], rate_hz: float, contact: Contact) -> Stances:
    """Every stance phase of one foot, from its filtered vertical force in newton (upward on the foot is positive).

    A contact at the first or last sample of the recording is incomplete and dropped, as are implausible durations.
    """
    loaded = np.concatenate([[False], vertical > contact.contact_n, [False]])
    edges = np.flatnonzero(np.diff(loaded.astype(int)))
    spans = [(int(first), int(after) - 1) for first, after in zip(edges[::2], edges[1::2], strict=True)]
    whole = [span for span in spans if span[0] > 0 and span[1] < len(vertical) - 1]
    seconds = [(last - first) / rate_hz for first, last in whole]
    return Stances(
        spans=tuple(
            span for span, s in zip(whole, seconds, strict=True) if contact.shortest_s <= s <= contact.longest_s
        ),
        cut_off=len(spans) - len(whole),
        too_short=sum(s < contact.shortest_s for s in seconds),
        too_long=sum(s > contact.longest_s for s in seconds),
    )


def at_101_points(signal: Float[np.ndarray, "channel time"], span: tuple[int, int]) -> np.ndarray:
    """One stance phase of every channel at 0 to 100 % of its duration, by cubic interpolation, shape (channel, 101)."""
    first, last = span
    percent = np.linspace(0, 100, last - first + 1)
    return CubicSpline(percent, signal[:, first : last + 1], axis=-1)(np.arange(POINTS))


def pairs(one: Stances, other: Stances) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Each stance of one foot with the stance of the other foot that starts next, before the first foot lands again.

    A stance without such a partner (a step beside the plate) is left out; no stance is used twice.
    """
    starts = np.array([first for first, _ in other.spans])
    found = []
    for number, span in enumerate(one.spans):
        following = one.spans[number + 1][0] if number + 1 < len(one.spans) else math.inf
        next_one = int(np.searchsorted(starts, span[0], side="right"))
        if next_one < len(starts) and starts[next_one] < following:
            found.append((span, other.spans[next_one]))
    return found
