"""The answer of one test of the bias scan: a figure, what shuffling gives, and p, or why there is none."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from biox.stats.shuffles import Deals

CHUNK = 256
Statistic = Callable[[np.ndarray], np.ndarray]  # dealings (draw, ...) -> values (draw,)


@dataclass(frozen=True)
class Plan:
    """How a cohort is scanned: level of the whole scan, shufflings a test, covariates, seed."""

    alpha: float
    draws: int
    covariates: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class Tie:
    """How strongly explanations go with a covariate: ``value``, what shuffling gives (``chance``, its median) and p.

    n: patients that could speak. unit: what was shuffled. least: the smallest p that so few patients can reach, however
    strong the tie. reason: why nothing could be said ("" if it could).
    """

    value: float
    chance: float
    p: float
    n: int
    unit: str
    least: float = np.nan
    reason: str = ""


def silent(n: int, reason: str) -> Tie:
    """Nothing could be said, and why."""
    return Tie(np.nan, np.nan, np.nan, n, "", reason=reason)


def held_against(statistic: Statistic, deals: Deals, draws: int, seed: int, about: tuple[int, str]) -> Tie:
    """The statistic of the observed dealing among those of others; about: how many could speak, what was shuffled."""
    value = float(statistic(deals.observed)[0])
    every = np.concatenate([statistic(dealt) for dealt in deals.chunks(draws, CHUNK, seed)])
    near = 1e-9 * max(1.0, abs(value))
    p, least = (float(reached.mean()) for reached in (every >= value - near, np.abs(every - value) <= near))
    return Tie(value, float(np.median(every)), p, *about, least)


def out_of_reach(p: np.ndarray, least: np.ndarray, n: np.ndarray, alpha: float) -> dict[int, str]:
    """The tests (NaN: not made) that so few patients (n) could never carry past Holm, and the reason in words.

    What cannot be found must not count as looked for: without these, fewer tests are corrected for.
    """
    made, lost = ~np.isnan(p), {}
    while (hopeless := made & (least * made.sum() > alpha)).any():
        worst, tests = int(np.argmax(np.where(hopeless, least, 0))), int(made.sum())
        found = f"with {n[worst]:.0f} patients p cannot fall below {least[worst]:.2g}"
        lost[worst], made[worst] = f"{found}, which {tests} tests at once would need", False
    return lost
