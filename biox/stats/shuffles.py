"""The ways in which labels could have been dealt otherwise: all of them where they are few, a random choice where
they are many.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, permutations, product
from math import comb, factorial, prod

import numpy as np


@dataclass(frozen=True)
class Deals:
    """The possible dealings of a design.

    observed: the dealing that happened, shape (1, ...). total: how many distinct ones there are (the observed one
    included).
    every: goes through all of them. random: ``(rng, count)`` -> shape (count, ...), drawn independently.
    """

    observed: np.ndarray
    total: int
    every: Callable[[], Iterator[np.ndarray]]
    random: Callable[[np.random.Generator, int], np.ndarray]

    def chunks(self, iterations: int, chunk: int, seed: int) -> Iterator[np.ndarray]:
        """All dealings if there are at most ``iterations``; else that many random ones, after the observed one."""
        if self.total <= iterations:
            dealings = self.every()
            while block := list(islice(dealings, chunk)):
                yield np.array(block)
            return
        yield self.observed
        rng = np.random.default_rng(seed)
        for start in range(0, iterations, chunk):
            yield self.random(rng, min(chunk, iterations - start))


def between(*sizes: int) -> Deals:
    """People change groups: the group number of every person, shape (draw, person); group sizes stay."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    total = prod(comb(sum(sizes[i:]), sizes[i]) for i in range(len(sizes)))
    return Deals(
        observed=labels[None],
        total=total,
        every=lambda: _partitions(np.zeros(len(labels), int), np.arange(len(labels)), sizes),
        random=lambda rng, count: rng.permuted(np.tile(labels, (count, 1)), axis=1),
    )


def signs(people: int) -> Deals:
    """Each person's two conditions change places or stay: -1 or 1, shape (draw, person)."""
    return Deals(
        observed=np.ones((1, people)),
        total=2**people,
        every=lambda: map(np.array, product((1.0, -1.0), repeat=people)),
        random=lambda rng, count: rng.integers(0, 2, (count, people)) * 2.0 - 1,
    )


def within(people: int, conditions: int) -> Deals:
    """Each person's own conditions change places: the condition dealt to every measurement, shape (draw, person,
    condition).
    """
    orders = list(permutations(range(conditions)))
    return Deals(
        observed=np.tile(np.arange(conditions), (1, people, 1)),
        total=factorial(conditions) ** people,
        every=lambda: map(np.array, product(orders, repeat=people)),
        random=lambda rng, count: np.array(orders)[rng.integers(0, len(orders), (count, people))],
    )


def _partitions(labels: np.ndarray, free: np.ndarray, sizes: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Every way to give the free people to the groups of these sizes; the first group is the last label not yet
    given.
    """
    if len(sizes) == 1:
        yield labels
        return
    for chosen in combinations(range(len(free)), sizes[0]):
        rest = np.delete(free, chosen)
        dealt = labels.copy()
        dealt[rest] += 1
        yield from _partitions(dealt, rest, sizes[1:])
