"""Accuracy on gait-acm2021 when a test fold plays no part in the choice of the model either.

    python bench/gait_nested.py

For every test fold, each candidate of GRID is trained on eight of the nine other folds and scored on the ninth; the one
with the lowest mean log-loss there is trained on all nine and answers for the test fold. Printed: the log-loss of the
candidates (lower is better), how often each was chosen, and accuracy by trial and by subject (higher is better).
"""

import itertools
import json
from collections import Counter
from typing import Any

import numpy as np
import torch
from gait_accuracy import ROOT, study_of
from scipy.special import log_softmax
from tqdm import tqdm

from biox.core.types import Cohort
from biox.models import build
from biox.steps.folds import assign
from biox.steps.ingest import ingest
from biox.steps.normalise import constants

RESULTS = ROOT / "bench" / "results" / "gait_nested.json"
LINES = [{"name": "logistic", "penalty": c, "standardise": False} for c in (1.0, 3.0, 10.0)]
LEGS = [
    {"name": "asymmetry", "rises": rises, "penalty": c}
    for rises in ((), (10,), (5, 10, 20), (1, 2, 5, 10, 20))
    for c in (0.5, 1.5, 5.0)
]
GRID = LINES + LEGS


def scores(x: torch.Tensor, y: torch.Tensor, known: np.ndarray, choice: dict[str, Any]) -> np.ndarray:
    """Log-probabilities (sample, class) of everyone, from the model ``choice`` fitted to the ``known`` samples."""
    options = {key: value for key, value in choice.items() if key != "name"}
    model: Any = build(choice["name"], tuple(x.shape[1:]), 2, options, 0)
    rows = torch.from_numpy(known)
    model.solve(x[rows], y[rows], 0)
    with torch.inference_mode():
        return log_softmax(model(x).double().numpy(), axis=1)


def inner_losses(x: torch.Tensor, y: torch.Tensor, folds: np.ndarray, choice: dict[str, Any]) -> np.ndarray:
    """Mean log-loss of one candidate per test fold, over the nine other folds, each scored without itself."""
    count = int(folds.max()) + 1
    losses = np.full((count, count), np.nan)  # [test fold, scored fold]
    for a, b in itertools.combinations(range(count), 2):
        found = scores(x, y, (folds != a) & (folds != b), choice)
        for test, scored in ((a, b), (b, a)):
            rows = folds == scored
            losses[test, scored] = -found[rows, y.numpy()[rows]].mean()
    return np.nanmean(losses, axis=1)


def right(cohort: Cohort, rows: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """The share of right trials, and of right people by the mean log-probability of their trials."""
    subject, truth = cohort.samples.loc[rows, "subject"].to_numpy(), cohort.y[rows]
    people = [found[rows][subject == one].mean(0).argmax() == truth[subject == one][0] for one in np.unique(subject)]
    return float((found[rows].argmax(1) == truth).mean()), float(np.mean(people))


def main() -> None:
    """Choose, train and test fold by fold; print, and keep the figures in bench/results."""
    torch.set_num_threads(1)
    study = study_of("gait_acm2021", {})
    cohort = ingest(study)
    folds = assign(cohort.samples, study)
    raw = np.asarray(cohort.x)
    shift, scale = constants(raw, np.ones(len(raw), bool), "minmax-all")
    x, y = torch.from_numpy(((raw - shift) / scale).astype(np.float32)), torch.from_numpy(cohort.y)
    losses = np.array([inner_losses(x, y, folds, choice) for choice in tqdm(GRID, desc="candidates", disable=None)])
    names = [json.dumps(choice) for choice in GRID]
    for name, loss in zip(names, losses.mean(1), strict=True):
        print(f"{loss:.4f} {name}")
    chosen = losses.argmin(0)
    tested = [right(cohort, folds == k, scores(x, y, folds != k, GRID[c])) for k, c in enumerate(chosen)]
    trial, vote = np.mean(tested, axis=0).round(4).tolist()
    kept = {
        "trial": trial,
        "vote": vote,
        "trial accuracy by fold": [round(one, 4) for one, _ in tested],
        "chosen": dict(Counter(names[c] for c in chosen)),
        "inner log-loss": dict(zip(names, losses.mean(1).round(4).tolist(), strict=True)),
    }
    print(json.dumps({key: kept[key] for key in ("trial", "vote", "chosen")}, indent=1))
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
