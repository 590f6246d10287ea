"""Which gamma suits which layers? A search by groups of layers on validation data (after Pahde et al. 2023).

Groups are early, middle and late convolutions and the dense layers. Coordinate descent: one group at a time takes the
value with the best objective, the others held, twice around. Gamma 0 is epsilon, infinity is z+.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from evidence_nets import GROUPS

from biox.lrp import Composite, Entry, rules

VALUES = (0.0, 0.1, 0.25, 0.5, 1.0, 4.0, math.inf)
START = (0.25, 0.25, 0.25, 0.0)  # the usual epsilon-gamma
ROUNDS = 2
Gammas = tuple[float, ...]


@dataclass(frozen=True)
class Found:
    """The gammas chosen, in the order of GROUPS, their objective on validation data, and how many were tried."""

    gammas: Gammas
    objective: float
    start: float
    tried: int


def grouped(gammas: Gammas) -> Composite:
    """A rule for each group of layers; the networks name their layers by group."""
    return Composite(tuple(Entry(_rule(g), name=f"{name}.*") for name, g in zip(GROUPS, gammas, strict=True)))


def search(objective: Callable[[Composite], float]) -> Found:
    """The gammas with the highest objective that coordinate descent finds."""
    known: dict[Gammas, float] = {}

    def value(gammas: Gammas) -> float:
        if gammas not in known:
            known[gammas] = objective(grouped(gammas))
        return known[gammas]

    best = START
    for _ in range(ROUNDS):
        before = best
        for group in range(len(GROUPS)):
            best = max((_changed(best, group, one) for one in VALUES), key=value)
        if best == before:
            break
    return Found(best, value(best), value(START), len(known))


def _changed(gammas: Gammas, group: int, value: float) -> Gammas:
    return (*gammas[:group], value, *gammas[group + 1 :])


def _rule(gamma: float) -> rules.Rule:
    return rules.zplus() if math.isinf(gamma) else rules.gamma(gamma) if gamma > 0 else rules.epsilon()
