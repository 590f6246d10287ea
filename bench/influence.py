"""What the influences of a graph study cost: ``python bench/influence.py [products] [loop] [growth] [large]``.

products: relevance of all hidden proteins against the matrix products that it needs, counted and measured alone.
loop:     against one backward pass a target through the same engine (105 proteins, 32 samples, 10 masks).
growth:   training and influence against GENIE3 on the same table, for 50 to 400 proteins.
large:    2,000 proteins and 1,000 samples from table to graphs through the command line: time and peak memory.

What is compared alternates in one process on one thread. Writes ``bench/results/influence.json`` (all parts without an
argument; a part keeps the others).
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from influence_large import large
from torch import Tensor, nn

from biox import lrp
from biox.core.study import Training
from biox.explain.all_targets import Changed, changed, relevance_of_targets
from biox.explain.influence import Masks, Seen, influence, rounds
from biox.graphs.baselines import Forest, genie3
from biox.models.masked_mlp import MaskedMLP, doubled, masked_mlp
from biox.steps.mask_training import Levels, optimise_masked

RESULTS = Path(__file__).parent / "results" / "influence.json"
GAMMA = 0.01
MASKS = 10
ROUNDS = 9
SIZES = ((50, 64), (105, 32), (200, 16), (400, 8))
SAMPLES = 500
FORESTS = ("random forest", "extra trees")
KINDS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def network(proteins: int, width: float = 10.0) -> MaskedMLP:
    """An untrained network with biases, as published: three layers of ten units a protein."""
    torch.manual_seed(0)
    model = masked_mlp((proteins,), proteins, width=width).eval()
    assert isinstance(model, MaskedMLP)
    return model


def timed(call: Callable[[], object]) -> float:
    """Wall time of one call in seconds."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def explainer(net: Changed) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """LRP as ``influence`` wants it."""
    return lambda values, shown, seen, targets: relevance_of_targets(net, values, shown, seen, targets)[0]


def needed(net: Changed, rows: int, targets: int, sources: int) -> list[tuple[Tensor, Tensor]]:
    """The factors of every product that the relevance of ``targets`` outputs of ``rows`` rows cannot do without.

    On the way down one product a hidden layer for all targets, and one with the shown proteins' contributions of each
    row; on the way up the activations and the denominators of every layer above the first.
    """
    units = net.first.shape[1]
    wide = torch.rand(rows, targets, units).to(net.products)
    down = [(wide, weight) for weight in net.hands_down]
    up = [(torch.rand(rows, units), w.T) for layer in net.between for w in (layer.weight, layer.raised)]
    last = [(torch.rand(rows, units), w.T) for w in (net.above.weight, net.above.raised, net.below.raised)]
    return [*down, *up, *last, (wide, torch.rand(rows, units, sources).to(net.products))]


def products() -> dict[str, dict[str, float]]:
    """Relevance of all targets of a batch over its products alone, for networks of several sizes."""
    return {name: {str(p): against_products(p, rows, kind) for p, rows in SIZES} for name, kind in KINDS.items()}


def against_products(proteins: int, rows: int, kind: torch.dtype) -> float:
    """The median of the ratio over ROUNDS, both measured in each."""
    net, x = changed(network(proteins), GAMMA, kind), torch.randn(rows, proteins)
    hidden, shown = torch.stack([torch.randperm(proteins) for _ in range(rows)]).tensor_split(2, dim=1)
    seen = torch.ones_like(shown, dtype=torch.bool)
    factors = needed(net, rows, hidden.shape[1], shown.shape[1])
    ratios = []
    with torch.inference_mode():
        for _ in range(ROUNDS):
            alone = timed(lambda: [torch.matmul(a, b) for a, b in factors])
            ratios.append(timed(lambda: relevance_of_targets(net, x, shown, seen, hidden)) / alone)
    found = round(statistics.median(ratios), 3)
    print(f"{proteins} proteins, {rows} rows, {kind}: {found} of {len(factors)} products alone")
    return found


def loop() -> dict[str, float]:
    """How many times faster than a loop of one backward pass a hidden target through ``biox.lrp``, the same masks."""
    proteins, samples = 105, 32
    model, x = network(proteins), torch.randn(32, proteins)
    seen = Seen(x, torch.ones(samples, proteins, dtype=torch.bool), np.arange(samples))
    masks = Masks(MASKS, 0.0)
    plain = nn.Sequential(*[part for layer in list(model.layers)[:-1] for part in (layer, nn.ReLU())], model.layers[-1])
    orders = torch.as_tensor(rounds(np.arange(samples), proteins, masks, 0))
    nets = {name: changed(model, GAMMA, kind) for name, kind in KINDS.items()}
    ratios: dict[str, list[float]] = {name: [] for name in nets}
    for _ in range(5):
        theirs = timed(lambda: one_by_one(plain, x, orders))
        for name, net in nets.items():
            ours = timed(lambda net=net: list(influence(explainer(net), seen, masks, net.first.shape[1], 0)))
            ratios[name].append(theirs / ours)
    found = {name: round(statistics.median(several), 1) for name, several in ratios.items()}
    print(f"times faster than one pass a target: {found}")
    return found


def one_by_one(model: nn.Module, x: Tensor, orders: Tensor) -> None:
    """One run and one backward pass for every hidden protein of every mask, each for all samples together."""
    rule = lrp.composite("gamma", gamma=GAMMA)
    for k in range(orders.shape[1]):
        for hidden, shown in (halves := orders[:, k].tensor_split(2, dim=1), halves[::-1]):
            mask = torch.zeros(x.shape, dtype=torch.bool).scatter_(1, shown, True)
            inputs = doubled(x, mask)
            for place in range(hidden.shape[1]):
                lrp.relevance(model, inputs, target=hidden[:, place], composite=rule)


def growth() -> dict[str, dict[str, float]]:
    """Seconds for tables of 50 to 400 proteins; see ``beside_forests``."""
    found = {}
    for proteins in (50, 100, 200, 400):
        found[str(proteins)] = beside_forests(np.random.default_rng(0).normal(size=(SAMPLES, proteins)))
        print(proteins, found[str(proteins)], flush=True)
    return found


def beside_forests(x: np.ndarray) -> dict[str, float]:
    """Seconds of training (100 epochs) and influence (10 masks) of one network, and of GENIE3 with 100 trees."""
    model = network(x.shape[1], width=4)
    levels = Levels(torch.from_numpy(x.astype(np.float32)), torch.ones(x.shape, dtype=torch.bool))
    train, validation = (levels.take(rows) for rows in np.split(np.arange(len(x)), [int(0.8 * len(x))]))
    training = Training(epochs=100, batch=100, patience=100)
    learn = timed(lambda: optimise_masked(model, train, validation, training, 0))
    net, seen = changed(model.eval(), GAMMA), Seen(levels.values, levels.measured, np.arange(len(x)))
    explain = timed(lambda: list(influence(explainer(net), seen, Masks(MASKS, 0.0), net.first.shape[1], 0)))
    forests = {f"genie3, {kind}": timed(partial(genie3, x, Forest(kind=kind, trees=100))) for kind in FORESTS}
    return {name: round(s, 2) for name, s in {"training": learn, "influence": explain, **forests}.items()}


PARTS: dict[str, Callable[[], object]] = {"products": products, "loop": loop, "growth": growth, "large": large}


def main() -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    for name in sys.argv[1:] or PARTS:
        kept[name] = PARTS[name]()
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
