"""Edges where there are none, and where there are: ``python bench/graph_null.py [SEEDS] [PROCESSES]``.

Small tables of independent noise, and the same with planted pairs of correlated proteins, go through the steps of a
graph study with its own defaults of the edge test (nulls, gate, false discovery rate 0.05). Writes
``bench/results/graph_null.json``: tables with any kept edge, the share of planted pairs that were kept, and the share
of kept edges that were not planted.
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from biox.core.graph_types import Influence
from biox.core.study import Study
from biox.core.types import Axis, Cohort
from biox.domains.proteomics.noise_tables import noise_table, planted_table
from biox.domains.proteomics.simulated import Simulated
from biox.steps.graph_train import train_graph
from biox.steps.graphs import graphs
from biox.steps.influence import influences

RESULTS = Path(__file__).parent / "results" / "graph_null.json"
SAMPLES, PROTEINS, PAIRS, CORRELATION = 300, 20, 4, 0.6
FOLDS = 4


def study(seed: int) -> Study:
    """A small study with the usual controls."""
    return Study.model_validate({
        "name": "null",
        "title": "Noise",
        "question": "Is there an edge?",
        "domain": "proteomics",
        "seed": seed,
        "data": {"source": "table"},
        "folds": {"count": FOLDS},
        "model": {"name": "masked_mlp", "width": 4, "layers": 2},
        "training": {"epochs": 100, "batch": 50, "learning_rate": 2e-3, "weight_decay": 1.0, "average": 0.99},
        "graph": {"masks": 20, "error": 0.2, "seeds": 0},
    })  # fmt: skip


def kept(table: Simulated, seed: int) -> set[frozenset[str]]:
    """The pairs that a whole study of a table keeps."""
    own = study(seed)
    names = [f"s{k}" for k in range(len(table.x))]
    samples = pd.DataFrame({"sample": names, "subject": names, "label": "all"})
    cohort = Cohort(table.x.astype(np.float32), samples, (Axis("protein", table.proteins),), "", ("all",), "subject")
    fits = {fold: train_graph(cohort, own, fold) for fold in range(FOLDS)}
    arms: dict[str, list] = {}
    for of_fold in fits.values():
        for job in influences(cohort, own, of_fold, "lrp", 0):
            arms.setdefault(job.variant, []).extend(job.pieces)
    whole = {
        name: Influence(
            name,
            "lrp",
            {},
            np.concatenate([piece.values for piece in pieces]),
            pd.concat([piece.samples for piece in pieces], ignore_index=True),
            table.proteins,
        )
        for name, pieces in arms.items()
    }
    edges = graphs(cohort, own, fits, whole).edges
    return {frozenset(pair) for pair in edges.loc[edges["kept"], ["a", "b"]].itertuples(index=False)}


def one(seed: int) -> dict[str, int]:
    """What is kept of a table of noise and of one with planted pairs."""
    torch.set_num_threads(1)
    planted = planted_table(SAMPLES, PROTEINS, pairs=PAIRS, correlation=CORRELATION, seed=seed)
    true = {frozenset((row.source, row.target)) for row in planted.edges().itertuples()}
    noise, found = kept(noise_table(SAMPLES, PROTEINS, seed=seed), seed), kept(planted, seed)
    return {"noise": len(noise), "planted": len(found & true), "wrong": len(found - true), "pairs": len(true)}


def main() -> None:
    """Run all seeds, print and write."""
    seeds, processes = (int(word) for word in (*sys.argv[1:], *("100", "1")[len(sys.argv) - 1 :]))
    with ProcessPoolExecutor(processes) as pool:
        rows = list(pool.map(one, range(seeds)))
    table = pd.DataFrame(rows)
    found = {
        "seeds": seeds,
        "table": f"{SAMPLES} samples, {PROTEINS} proteins; planted: {PAIRS} pairs, correlation {CORRELATION}",
        "noise tables with any kept edge": int((table["noise"] > 0).sum()),
        "planted tables with any planted pair kept": int((table["planted"] > 0).sum()),
        "planted tables with all planted pairs kept": int((table["planted"] == table["pairs"]).sum()),
        "share of planted pairs kept": round(float(table["planted"].sum() / table["pairs"].sum()), 3),
        "mean share of kept edges not planted": round(
            float((table["wrong"] / (table["wrong"] + table["planted"]).clip(lower=1)).mean()), 3
        ),
        "by seed": rows,
    }
    print({key: value for key, value in found.items() if key != "by seed"})
    RESULTS.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
