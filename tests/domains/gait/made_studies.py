"""Whole studies in milliseconds: a linear model whose weights are differences of means, explained by input times
weight.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from biox.core.types import Axis, Cohort, Fit, Relevance
from biox.domains.gait.simulate import SimulateSettings, simulate


@dataclass(frozen=True)
class Made:
    cohort: Cohort
    fits: dict[int, dict[str, Fit]]
    relevances: dict[str, dict[int, dict[str, Relevance]]]

    def of_main(self):
        return {k: fold["main"] for k, fold in self.relevances["lrp"].items()}


def made(cohort: Cohort, folds: int = 5, variants: dict[str, tuple[str, ...] | None] | None = None) -> Made:
    """Fits and relevances of all folds; ``variants`` name the channels that they see."""
    variants = {"main": None, **(variants or {})}
    fold = fold_of(cohort, folds)
    part = [np.select([fold == k, fold == (k + 1) % folds], ["test", "validation"], "train") for k in range(folds)]
    pairs = {k: {name: one(cohort, part[k], k, name, c) for name, c in variants.items()} for k in range(folds)}
    fits = {k: {name: fit for name, (fit, _) in v.items()} for k, v in pairs.items()}
    return Made(cohort, fits, {"lrp": {k: {name: r for name, (_, r) in v.items()} for k, v in pairs.items()}})


def fold_of(cohort: Cohort, folds: int) -> np.ndarray:
    people = cohort.samples.groupby("subject", sort=True)["label"].first().reset_index()
    if cohort.label_level == "trial":
        people["fold"] = np.arange(len(people)) % folds
    else:
        people["fold"] = people.groupby("label").cumcount() % folds
    return cohort.samples["subject"].map(people.set_index("subject")["fold"]).to_numpy()


def one(cohort, part, k, name, channels):
    rows = [cohort.axes[0].labels.index(c) for c in channels or cohort.axes[0].labels]
    x, y = cohort.x[:, rows], cohort.y
    train = part == "train"
    shift, scale = x[train].mean((0, 2))[:, None], x[train].std((0, 2))[:, None]
    z = (x - shift) / scale
    means = np.stack([z[train & (y == c)].mean(0) for c in range(len(cohort.classes))])
    weights = (means - means.mean(0)) / z[0].size
    bias = -(weights * means.mean(0)).sum((1, 2))
    logits = np.tensordot(z, weights, axes=([1, 2], [1, 2])) + bias
    axes = (Axis("channel", tuple(cohort.axes[0].labels[r] for r in rows)), *cohort.axes[1:])
    names = cohort.samples["sample"].to_numpy()
    scores = pd.DataFrame({"sample": names, "part": part}).assign(
        **{f"logit:{c}": 50 * logits[:, i] for i, c in enumerate(cohort.classes)}
    )
    fit = Fit(
        name, k, 0, "linear", {}, {"1.weight": torch.zeros(1)}, cohort.classes, axes, cohort.unit, "zscore",
        shift, scale, z[train].min(0), z[train].max(0), scores,
    )  # fmt: skip
    samples = pd.DataFrame({"sample": names, "part": part, "target": cohort.samples["label"].to_numpy()})
    samples = samples.assign(logit=50 * logits[np.arange(len(y)), y], conservation=0.01)
    return fit, Relevance(name, k, "lrp", {}, z * weights[y], samples, axes)


def clinic(seed=0, subjects=30, trials=2, effect=0.65, labels=("healthy", "knee")) -> Cohort:
    return simulate(SimulateSettings(seed=seed, subjects=subjects, trials=trials, effect=effect, labels=labels))


def dealt(cohort: Cohort, seed: int) -> Cohort:
    """The labels dealt anew among the people."""
    labels = cohort.samples.groupby("subject", sort=True)["label"].first()
    labels[:] = np.random.default_rng(seed).permutation(labels.to_numpy())
    return replace(cohort, samples=cohort.samples.assign(label=cohort.samples["subject"].map(labels)), truth=None)


def walks(seed=0, people=9, shift=1.0) -> Cohort:
    """People who all pass through three conditions, which differ at 40-59 % of stance by ``shift`` each."""
    rng = np.random.default_rng(seed)
    base = clinic(seed, subjects=people, trials=12, labels=("healthy",))
    base = replace(base, x=base.x[:, :3], axes=(Axis("channel", base.axes[0].labels[:3]), base.axes[1]), truth=None)
    condition = np.tile(np.arange(12) % 3, people)
    x = base.x.copy()
    x[:, :, 40:60] += shift * 0.02 * condition[:, None, None]
    samples = base.samples.assign(label=np.array(["slow", "normal", "fast"])[condition])
    samples["speed_mps"] = 1.0 + 0.3 * condition + rng.normal(0, 0.02, len(samples))
    return replace(base, x=x, samples=samples, classes=("slow", "normal", "fast"), label_level="trial", truth=None)
