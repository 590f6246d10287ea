"""Does folding BatchNorm make explanations better, and which composite is best? On tasks whose evidence is known.

    OMP_NUM_THREADS=1 python bench/canonisation.py                  # all; about half an hour of one quiet core
    OMP_NUM_THREADS=1 python bench/canonisation.py --only windows   # one task or network; merged into the results

Trains three networks (seeds) of each kind, explains test samples that all of them name rightly as "yes", and compares
three ways with BatchNorm: folded into the layer before it (canonised); a layer of its own, with the composite's rule;
passed over, as zennit does without a canoniser. The choice among fixed composites and the search over gamma see
validation data only; test data are touched once. Intervals are 95 % bootstrap over fields (tiles) or people (curves).
Writes bench/results/canonisation.json and docs/canonisation.md (bench/canonisation_page.py).
"""

import argparse
import json
import platform
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import evidence
import evidence_nets as nets
import heatmap_metrics as metrics
import numpy as np
import torch
from canonisation_page import BASES, OTHERS, page
from evidence import Task
from explained_case import (
    DRAWS,
    RADIUS,
    SAMPLES,
    Case,
    blind,
    chosen_rows,
    explain,
    measured,
    on_validation,
    performance,
    summary,
)
from gamma_search import VALUES, grouped, search
from torch import nn
from tqdm import tqdm

from biox import lrp
from biox.core.errors import InputError

RESULTS = Path(__file__).parent / "results" / "canonisation.json"
COMPOSITES = (*BASES, *(f"{base}-{first}" for first in ("flat", "box") for base in BASES))
SEEDS = (0, 1, 2)


CASES: dict[str, tuple[Callable[[], Task], Callable[[], nn.Module], int]] = {
    "nuclei, VGG-like": (evidence.nuclei, nets.vgg_like, 8),
    "nuclei, ResNet-like": (evidence.nuclei, nets.resnet_like, 8),
    "planted windows, CNN": (evidence.windows, nets.curve_cnn, 12),
}


def folded(name: str) -> lrp.Composite:
    """BatchNorm joins the layer before it."""
    return lrp.composite(name)


def own_layer(name: str) -> lrp.Composite:
    """BatchNorm is a layer with the composite's rule."""
    return replace(lrp.composite(name), fold_batchnorm=False)


def passed(name: str) -> lrp.Composite:
    """Relevance passes BatchNorm unchanged."""
    made = own_layer(name)
    return replace(made, entries=(lrp.Entry(lrp.rules.passing(), kind="batch_norm"), *made.entries))


WAYS = {"folded": folded, "own layer": own_layer, "passed": passed}


def made_case(name: str) -> Case:
    """Train the networks of a case and choose its samples."""
    make_task, make_net, epochs = CASES[name]
    task = make_task()
    models = tuple(nets.trained(make_net, task, epochs, seed) for seed in tqdm(SEEDS, desc=f"training {name}"))
    return Case(task, models, {part: chosen_rows(task, models, part) for part in SAMPLES})


def untrained(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """The network before training."""
    torch.manual_seed(seed)
    return make().eval()


def result(name: str) -> dict:
    """Everything about one case."""
    case = made_case(name)
    task, rows = case.task, case.rows["test"]
    probed = [metrics.probes(partial(nets.scores, m), task.x[rows], task.cells, seed=0) for m in case.models]
    picks = {goal: picked(case, goal) for goal in ("RMA", "flipping")}
    runs = {("chance", "white noise"): measured(case, "test", blind(), probed)}
    for goal, pick in picks.items():
        composite = grouped(tuple(map(float, pick["gammas"])))
        runs["gamma search", goal] = measured(case, "test", lambda m, x, c=composite: explain(m, task, c, x), probed)
    blank = replace(case, models=tuple(untrained(CASES[name][1], seed) for seed in SEEDS))
    for one in BASES:
        composite = folded(one)
        runs["untrained", one] = measured(blank, "test", lambda m, x, c=composite: explain(m, task, c, x), probed)
    for way, make in WAYS.items():
        for one in tqdm(COMPOSITES, desc=f"{name}, {way}"):
            composite = make(one)
            runs[way, one] = measured(case, "test", lambda m, x, c=composite: explain(m, task, c, x), probed)
    return {
        "test samples": len(rows),
        "units": len(np.unique(task.unit[rows])),
        "mask share": float(task.mask[rows].mean()),
        "performance": performance(case),
        "conservation": conservation(case),
        "picked on validation": picks,
        "values": _nested({key: summary(values, task.unit[rows]) for key, values in runs.items()}),
        "differences": _nested(differences(runs, picks, task.unit[rows])),
    }


def picked(case: Case, goal: str) -> dict:
    """What validation data choose: gammas by the search, and the best of the fixed composites."""
    found = search(partial(on_validation, case, goal))
    fixed = {one: on_validation(case, goal, folded(one)) for one in COMPOSITES}
    best = max(fixed, key=lambda one: fixed[one])
    return {
        "gammas": [str(gamma) for gamma in found.gammas],
        "objective": found.objective,
        "objective at the start": found.start,
        "tried": found.tried,
        "fixed": best,
        "objective of fixed": fixed[best],
    }


def differences(runs: dict, picks: dict, unit: np.ndarray) -> dict:
    """Paired by sample: folded minus each other way with BatchNorm, and searched gammas minus fixed composites."""
    pairs = {(f"folded - {way}", one): (runs["folded", one], runs[way, one]) for way in OTHERS for one in COMPOSITES}
    for goal, pick in picks.items():
        for one in ("epsilon-gamma", pick["fixed"]):
            pairs[f"gamma search for {goal} - fixed", one] = runs["gamma search", goal], runs["folded", one]
    return {key: summary({name: a[name] - b[name] for name in a}, unit) for key, (a, b) in pairs.items()}


def conservation(case: Case) -> dict[str, dict[str, float]]:
    """Median over samples of |score - sum of relevance| / score, for each way and base."""
    task, x = case.task, case.task.x[case.rows["test"]]
    table = {}
    for way, make in WAYS.items():
        errors = {
            one: [lrp.conservation_error(nets.scores(m, x), explain(m, task, make(one), x)).abs() for m in case.models]
            for one in BASES
        }
        table[way] = {one: float(torch.cat(error).median()) for one, error in errors.items()}
    return table


def _nested(table: dict[tuple[str, str], dict]) -> dict[str, dict[str, dict]]:
    outer: dict[str, dict[str, dict]] = {}
    for (first, second), value in table.items():
        outer.setdefault(first, {})[second] = value
    return outer


def _short(value: Any) -> Any:
    """The same with four significant digits, which is more than the intervals warrant."""
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main() -> None:
    """Run the cases asked for, merge them into the results, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help=f"run the cases whose name holds this text; cases: {'; '.join(CASES)}")
    parser.add_argument("--page", action="store_true", help="only write the page anew from earlier results")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    try:
        for name in (case for case in CASES if (asked.only or "") in case and not asked.page):
            merge({name: result(name)})
    except InputError as error:
        raise SystemExit(str(error)) from None
    merge({})


def merge(found: dict) -> None:
    """Put results among those of earlier runs, and write the page anew."""
    known = (json.loads(RESULTS.read_text())["cases"] if RESULTS.exists() else {}) | found
    cases = {case: known[case] for case in CASES if case in known}
    setting = {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "seeds": len(SEEDS),
        "gamma values": [str(value) for value in VALUES],
        "noise radius": RADIUS,
        "noise draws": DRAWS,
    }
    results = _short({"setting": setting, "cases": cases})
    RESULTS.write_text(json.dumps(results, indent=0) + "\n")
    (RESULTS.parents[2] / "docs" / "canonisation.md").write_text(page(results))


if __name__ == "__main__":
    main()
