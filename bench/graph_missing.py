"""What missing values cost: ``python bench/graph_missing.py STUDY.yaml [SHARE]`` (the study ``keyl2022``, 0.2).

Trains the first fold of the study on its table and on the same table with a share of the values removed at random, and
scores the graphs of the fold's test samples against the known active block: all pairs pooled, and those within blocks.
Pairs of which a protein was removed in a sample are left out of both. Writes ``bench/results/graph_missing.json``.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from biox.core.sections import section
from biox.core.studies import read_study
from biox.core.study import Study
from biox.core.types import Cohort
from biox.domains.proteomics.known import group_of, known, matrices
from biox.steps.folds import assign, parts
from biox.steps.graph_train import train_graph
from biox.steps.influence import influences
from biox.steps.ingest import ingest

RESULTS = Path(__file__).parent / "results" / "graph_missing.json"


def graphs_of(cohort: Cohort, study: Study) -> np.ndarray:
    """Undirected strengths in the test samples of fold 0, (sample, pair)."""
    fits = train_graph(cohort, study, 0)
    job = next(iter(influences(cohort, study, fits, next(iter(study.methods)), 0)))
    size = np.abs(np.concatenate([piece.values for piece in job.pieces]))
    a, b = np.triu_indices(size.shape[1], 1)
    return 0.5 * (size[:, a, b] + size[:, b, a])


def active(cohort: Cohort, study: Study, rows: np.ndarray) -> np.ndarray:
    """Which pairs are connected in each of some samples, (sample, pair)."""
    (name, reference) = next(iter(section(study, "validate")["settings"].known.items()))
    proteins = cohort.axes[0].labels
    groups = group_of(cohort.samples).to_numpy()
    by_group = matrices(known(name, reference, proteins), proteins, sorted(set(groups)))
    a, b = np.triu_indices(len(proteins), 1)
    return np.stack([by_group[group][a, b] for group in groups[rows]])


def main() -> None:
    """Train twice, score, print and write."""
    torch.set_num_threads(1)
    study = read_study(Path(sys.argv[1]))
    share = float(sys.argv[2]) if len(sys.argv) > 2 else 0.2
    cohort = ingest(study)
    x = np.array(cohort.x)
    x[np.random.default_rng(0).random(x.shape) < share] = np.nan
    gaps = replace(cohort, x=x)
    strengths = {"complete": graphs_of(cohort, study), "with gaps": graphs_of(gaps, study)}
    truth = active(cohort, study, np.flatnonzero(parts(assign(cohort.samples, study), 0, study.folds.count) == "test"))
    there = ~np.isnan(strengths["with gaps"])
    within = np.broadcast_to(truth.any(0), truth.shape)
    found = {"share removed": share}
    for name, values in strengths.items():
        for scope, pairs in (("all pairs", there), ("within blocks", there & within)):
            found[f"{name}, {scope}"] = round(float(roc_auc_score(truth[pairs], values[pairs])), 4)
    print(found)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
