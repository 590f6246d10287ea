"""Who regulates whom in a simulated table of regulation: sparse, in modules, switched between subgroups."""

from dataclasses import dataclass

import numpy as np

from biox.domains.proteomics.simulation import Simulation

# Share of the regulators of a protein that stand in its own module.
INSIDE = 0.85
# Share of a module's proteins that nothing regulates.
MASTERS = 0.25
RESPONSES = ("switch", "threshold", "hump")
RESPONSE_SHARES = (0.5, 0.3, 0.2)
WEAKEST, STRONGEST = 0.7, 1.3


@dataclass(frozen=True)
class Regulators:
    """Those of one protein. source: their places. weight: signed size of the full response. response: which of
    ``RESPONSES``. threshold: level of the source (sd) at which the response begins. on: bool (group, source).
    """

    source: np.ndarray
    weight: np.ndarray
    response: np.ndarray
    threshold: np.ndarray
    on: np.ndarray


@dataclass(frozen=True)
class Wiring:
    """order: the proteins such that regulators come before their targets, feedbacks apart. regulators: by target.
    module: of each protein. means: shape (group, protein), of the proteins that nothing regulates.
    """

    order: np.ndarray
    regulators: dict[int, Regulators]
    module: np.ndarray
    means: np.ndarray

    def effects(self, group: int) -> np.ndarray:
        """The signed weights of the edges of one group, shape (source, target); 0 where there is none."""
        matrix = np.zeros((len(self.order), len(self.order)))
        for target, them in self.regulators.items():
            matrix[them.source, target] = them.weight * them.on[group]
        return matrix


def wiring(rng: np.random.Generator, settings: Simulation) -> Wiring:
    """Draw a network: within a module the first quarter of the proteins regulate and are not regulated; each of the
    others has one or more regulators among those before it, mostly of its own module, and early ones most often.
    """
    order = rng.permutation(settings.proteins)
    rank = np.empty(settings.proteins, int)
    rank[order] = np.arange(settings.proteins)
    # Dealt in turn, so that the regulators of a module are spread over the order.
    module, place = rank % settings.modules, rank // settings.modules
    masters = place < np.maximum(1, np.round(MASTERS * np.bincount(module)))[module]
    drawn = {}
    for target in order[~masters[order]]:
        likely = (rank < rank[target]) / (1.0 + place)
        own = module == module[target]
        drawn[int(target)] = _regulators(rng, settings, _chosen(rng, settings.regulators, likely, own))
    _close_loops(rng, settings, drawn, rank, module)
    means = np.where(masters, settings.shift * rng.standard_normal((settings.subgroups, settings.proteins)), 0.0)
    return Wiring(order, drawn, module, means)


def _chosen(rng: np.random.Generator, most: int, likely: np.ndarray, own: np.ndarray) -> np.ndarray:
    """One to ``most`` regulators; ``likely``: how much so, before the module is looked at."""
    inside, outside = (part / max(part.sum(), 1e-300) for part in (likely * own, likely * ~own))
    chance = inside if not outside.any() else INSIDE * inside + (1 - INSIDE) * outside
    wanted = min(int(rng.integers(1, most + 1)), np.count_nonzero(chance))
    return rng.choice(len(likely), wanted, replace=False, p=chance / chance.sum())


def _regulators(rng: np.random.Generator, settings: Simulation, source: np.ndarray) -> Regulators:
    size = len(source)
    return Regulators(
        source=source,
        weight=settings.strength * rng.uniform(WEAKEST, STRONGEST, size) * rng.choice([-1, 1], size, p=[0.4, 0.6]),
        response=rng.choice(len(RESPONSES), size, p=RESPONSE_SHARES),
        threshold=rng.uniform(-0.5, 0.5, size),
        on=_switches(rng, settings, size),
    )


def _switches(rng: np.random.Generator, settings: Simulation, size: int) -> np.ndarray:
    """In which groups each edge holds: in all, or, for the switched share, in at least one and not in all."""
    on = np.ones((settings.subgroups, size), bool)
    if settings.subgroups == 1:
        return on
    for edge in np.flatnonzero(rng.random(size) < settings.switched):
        holds = rng.choice(settings.subgroups, rng.integers(1, settings.subgroups), replace=False)
        on[:, edge] = np.isin(np.arange(settings.subgroups), holds)
    return on


def _close_loops(
    rng: np.random.Generator, settings: Simulation, drawn: dict[int, Regulators], rank: np.ndarray, module: np.ndarray
) -> None:
    """Add to ``drawn`` weak edges from the end of a path of two edges back to its beginning."""
    loops = [
        (last, first)
        for last, middles in drawn.items()
        for middle in middles.source
        for first in (drawn[int(middle)].source if int(middle) in drawn else ())
        if int(first) in drawn and last not in drawn[int(first)].source
    ]
    for k in rng.permutation(len(loops))[: settings.feedbacks]:
        last, first = loops[k]
        back, before = _regulators(rng, settings, np.array([last])), drawn[int(first)]
        drawn[int(first)] = Regulators(
            np.append(before.source, back.source),
            np.append(before.weight, back.weight / 2),
            np.append(before.response, back.response),
            np.append(before.threshold, back.threshold),
            np.concatenate([before.on, back.on], axis=1),
        )
