"""Tables in which proteins regulate others: directed, sparse, not linear, and different in each subgroup of patients.

A protein that nothing regulates is normal, with a mean of its own in each subgroup. Any other one is

    level = sum over its regulators of on * weight * response(level of the regulator) + noise * normal,

then brought to mean 0 and sd 1 over the table. Responses, of the distance d of the regulator from its threshold in sd:

    switch      tanh(2.5 d)            low, then high, saturating on both sides
    threshold   tanh(1.5 max(d, 0))    nothing below the threshold, saturating above it
    hump        2 exp(-2 d^2) - 1      strongest near the threshold: no correlation shows it

Where feedbacks close loops, all levels start at 0 and relax for a while; what goes in circles is seen at one moment.
"""

from collections.abc import Callable

import numpy as np

from biox.domains.proteomics.simulated import Simulated, names
from biox.domains.proteomics.simulation import Simulation
from biox.domains.proteomics.wiring import RESPONSES, Regulators, Wiring, wiring

CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "switch": lambda d: np.tanh(2.5 * d),
    "threshold": lambda d: np.tanh(1.5 * np.maximum(d, 0)),
    "hump": lambda d: 2 * np.exp(-2 * d**2) - 1,
}
LOWEST_LOG2, HIGHEST_LOG2 = 16.0, 26.0
NARROW_LOG2, WIDE_LOG2 = 0.5, 1.5
# With loops: rounds, and the share of the way to its new level that a protein goes in each.
ROUNDS, STEP = 60, 0.5


def regulation(settings: Simulation, samples: int) -> Simulated:
    """A table of ``samples`` rows, the subgroups as even as can be and in random order; the wiring depends on the seed
    and on nothing that is drawn later. Groups are "type-1" and so on, or "all" if there is one.
    """
    network = wiring(np.random.default_rng([settings.seed, 0]), settings)
    rng = np.random.default_rng([settings.seed, 1])
    centre = rng.uniform(LOWEST_LOG2, HIGHEST_LOG2, settings.proteins)
    sd = rng.uniform(NARROW_LOG2, WIDE_LOG2, settings.proteins)
    group = rng.permutation(np.arange(samples) % settings.subgroups)
    own = rng.standard_normal((samples, settings.proteins))
    proteins = names(settings.proteins)
    kinds = ["all"] if settings.subgroups == 1 else [f"type-{g + 1}" for g in range(settings.subgroups)]
    return Simulated(
        x=(centre + sd * _levels(network, group, own, settings)).astype(np.float32),
        proteins=proteins,
        groups=np.asarray(kinds, object)[group],
        effects={kind: network.effects(g) for g, kind in enumerate(kinds)},
        directed=True,
        modules={
            f"module-{m + 1}": tuple(np.asarray(proteins, object)[network.module == m]) for m in range(settings.modules)
        },
        unit="log2 intensity",
    )


def _levels(network: Wiring, group: np.ndarray, own: np.ndarray, settings: Simulation) -> np.ndarray:
    """Standardised levels, shape (sample, protein); ``own`` is what nothing explains."""
    free = [p for p in range(own.shape[1]) if p not in network.regulators]
    levels = np.zeros_like(own)
    levels[:, free] = _standard(own[:, free] + network.means[group][:, free])
    rounds, step = (ROUNDS, STEP) if settings.feedbacks else (1, 1.0)
    for _ in range(rounds):
        for target in network.order[np.isin(network.order, free, invert=True)]:
            driven = _driven(network.regulators[int(target)], levels, group) + settings.noise * own[:, target]
            levels[:, target] += step * (_standard(driven) - levels[:, target])
    return levels


def _driven(them: Regulators, levels: np.ndarray, group: np.ndarray) -> np.ndarray:
    parts = [
        on[group] * weight * CURVES[RESPONSES[kind]](levels[:, source] - threshold)
        for source, weight, kind, threshold, on in zip(
            them.source, them.weight, them.response, them.threshold, them.on.T, strict=True
        )
    ]
    return np.sum(parts, axis=0)


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(0)) / values.std(0)
