"""How fast a network learns over the course of its training."""

import math
from collections.abc import Callable, Mapping

WARM_UP = 0.1


def rate(step: int, total: int) -> float:
    """Share of the full learning rate: a linear rise over the first tenth (WARM_UP), then a cosine to zero."""
    rise = max(1, round(WARM_UP * total))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1, total - rise))))


def constant(step: int, total: int) -> float:
    """The full learning rate throughout."""
    return 1.0


SCHEDULES: Mapping[str, Callable[[int, int], float]] = {"cosine": rate, "constant": constant}
