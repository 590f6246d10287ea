"""A cohort with planted edges, and fits and influences as if networks had been trained on it."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from biox.core.graph_types import Influence, MaskedFit
from biox.core.study import Study
from biox.core.types import Axis, Cohort

PROTEINS = tuple(f"P{i:02d}" for i in range(20))
# The last four proteins follow nothing; every other one has one partner.
PLANTED = {(i, i + 1) for i in range(0, 16, 2)}


@dataclass(frozen=True)
class Made:
    cohort: Cohort
    study: Study
    fits: dict[int, dict[str, MaskedFit]]
    influences: dict[str, Influence]


def made(*, nulls=3, seeds=1, types=("lung", "skin"), samples=90, where=None, **graph):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "sample": [f"s{i:03d}" for i in range(samples)],
            "subject": [f"p{i:03d}" for i in range(samples)],
            "label": [types[i % len(types)] for i in range(samples)],
        }
    )
    x = rng.standard_normal((samples, 20)).astype(np.float32)
    for a, b in PLANTED:
        x[:, b] = 0.8 * x[:, a] + 0.6 * x[:, b]
    cohort = Cohort(x, table, (Axis("protein", PROTEINS),), "log2 intensity", types, "subject")
    study = Study.model_validate(
        {
            "name": "made", "title": "Made", "question": "?", "domain": "proteomics", "data": {"source": "table"},
            "folds": {"count": 3}, "graph": {"nulls": nulls, "seeds": seeds, **graph},
            "variants": {"alone": {"learn": {"where": {"label": [types[0]]}}}},
        }
    )  # fmt: skip
    fold = np.arange(samples) // 2 % 3
    names = ["main", "alone", *(f"seed-{k + 1}" for k in range(seeds)), *(f"null-{k}" for k in range(nulls))]
    influences = {name: influence(cohort, name, fold, k) for k, name in enumerate(names)}
    fits = {k: {"main": fit(cohort, fold, k, rng)} for k in range(3)}
    for k in range(nulls):
        for number, of_fold in fits.items():
            of_fold[f"null-{k}"] = noise_fit(of_fold["main"], f"null-{k}", number + 10 * k)
    return Made(cohort, study, fits, influences)


def influence(cohort, variant, fold, seed):
    """Rows in the order of the folds, as shards are joined; the planted edges raise, P00 -> P01 lowers."""
    rng = np.random.default_rng(seed)
    rows = np.argsort(fold, kind="stable")
    if variant == "alone":
        rows = rows[(cohort.samples["label"] == cohort.classes[0]).to_numpy()[rows]]
    values = 0.02 * rng.standard_normal((len(rows), 20, 20))
    for a, b in PLANTED if not variant.startswith("null") else ():
        values[:, a, b] = 0.2 + 0.02 * rng.standard_normal(len(rows))
        values[:, b, a] = 0.1 + 0.02 * rng.standard_normal(len(rows))
    values[:, 0, 1] *= -1
    values[:, np.arange(20), np.arange(20)] = 0
    table = pd.DataFrame({"sample": cohort.samples["sample"].to_numpy()[rows], "masks": 10, "error": 0.1})
    return Influence(variant, "lrp", {}, values.astype(np.float32), table, PROTEINS)


def fit(cohort, fold, k, rng):
    shift, scale = np.full(20, 0.5 + k, np.float32), np.full(20, 2.0 + k, np.float32)
    test = np.flatnonzero(fold == k)
    z = (cohort.x[test] - shift) / scale
    guess = 0.7 * z + 0.3 * rng.standard_normal(z.shape) / scale
    guess[:, 16:] = rng.standard_normal((len(test), 4)) / scale[16:]  # cannot be predicted
    names = cohort.samples["sample"]
    return MaskedFit(
        variant="main", fold=k, seed=0, model="masked_mlp", options={}, weights={}, proteins=PROTEINS, unit="log2",
        shift=shift, scale=scale, parts=pd.DataFrame({"sample": names, "part": np.where(fold == k, "test", "train")}),
        accuracy=pd.DataFrame({"protein": PROTEINS, "r": 0.5, "mse": 0.5, "n": len(test)}),
        predictions=pd.DataFrame(guess, columns=list(PROTEINS)).assign(sample=names.to_numpy()[test]),
        history=pd.DataFrame({"epoch": [0]}),
    )  # fmt: skip


def noise_fit(main, variant, seed):
    guess = np.random.default_rng(seed).standard_normal((len(main.predictions), 20))
    names = main.predictions["sample"].to_numpy()
    return replace(main, variant=variant, predictions=pd.DataFrame(guess, columns=list(PROTEINS)).assign(sample=names))
