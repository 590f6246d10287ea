"""Made-up graph studies whose edges are known: influences are noise, and larger where an edge is active."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.graph_types import Graphs, Influence, MaskedFit
from biox.core.types import Axis, Cohort
from biox.domains.proteomics.found import Found

FOLDS = 3


@dataclass(frozen=True)
class Planted:
    """The edges of every group of samples, each a pair source -> target of protein numbers."""

    edges: dict[str, list[tuple[int, int]]]
    strength: float = 1.0


def found(
    planted: Planted = Planted({}),
    *,
    proteins: int = 12,
    samples: int = 90,
    types: tuple[str, ...] = ("a", "b", "c"),
    twice: int = 0,
    seed: int = 0,
) -> Found:
    """A study of three folds. twice: so many patients have a second sample. Types go round, folds too."""
    rng = np.random.default_rng(seed)
    names = tuple(f"P{i:02d}" for i in range(proteins))
    subject = np.array([f"s{i:03d}" for i in [*range(samples - twice), *range(twice)]])
    number = np.array([int(one[1:]) for one in subject])
    label = np.array(types)[number % len(types)]
    table = pd.DataFrame({"sample": [f"x{i:03d}" for i in range(samples)], "subject": subject, "label": label})
    x = rng.normal(size=(samples, proteins)).astype(np.float32)
    cohort = Cohort(x, table, (Axis("protein", names),), "log2 intensity", tuple(sorted(types)), "subject")
    values = _influences(rng, planted, label, proteins)
    fold = (number // len(types)) % FOLDS
    fits = {k: {"main": _fit(rng, cohort, fold, k)} for k in range(FOLDS)}
    baselines = {name: _symmetric(rng, proteins) for name in ("pearson", "partial")}
    baselines["genie3"] = np.where(np.eye(proteins, dtype=bool), 0, rng.random((proteins, proteins)))
    return Found(cohort, _graphs(names, values), {"main": influence(cohort, values)}, baselines, fits)


def influence(cohort: Cohort, values: np.ndarray, variant: str = "main") -> Influence:
    """The influences of the cohort's samples, in another order than the cohort's."""
    order = np.random.default_rng(1).permutation(len(values))
    table = pd.DataFrame({"sample": cohort.samples["sample"].to_numpy()[order], "masks": 10, "error": 0.1})
    return Influence(variant, "lrp", {}, values[order], table, cohort.axes[0].labels)


def dense(one: Found, variant: str = "main") -> np.ndarray:
    """The influences of a variant in the cohort's order."""
    found = one.influences[variant]
    where = {name: i for i, name in enumerate(found.samples["sample"])}
    kept = [where[name] for name in one.cohort.samples["sample"] if name in where]
    return found.values[kept]


def _influences(rng, planted: Planted, label: np.ndarray, proteins: int) -> np.ndarray:
    values = rng.normal(size=(len(label), proteins, proteins)).astype(np.float32) * 0.3
    for group, edges in planted.edges.items():
        rows = np.flatnonzero((label == group) | (group == ""))
        for source, target in edges:
            values[rows, source, target] += planted.strength * rng.choice([-1, 1])
    values[:, np.arange(proteins), np.arange(proteins)] = 0
    return values


def _fit(rng, cohort: Cohort, fold: np.ndarray, k: int) -> MaskedFit:
    x, names = np.asarray(cohort.x, float), cohort.axes[0].labels
    part = np.select([fold == k, fold == (k + 1) % FOLDS], ["test", "validation"], "train")
    shift, scale = x[part == "train"].mean(0), x[part == "train"].std(0)
    test = part == "test"
    guess = (x[test] - shift) / scale + rng.normal(size=(test.sum(), len(names)))
    sample = cohort.samples["sample"].to_numpy()
    predictions = pd.DataFrame(guess, columns=list(names)).assign(sample=sample[test])
    parts = pd.DataFrame({"sample": sample, "part": part})
    empty = pd.DataFrame()
    return MaskedFit("main", k, 0, "masked_mlp", {}, {}, names, "", shift, scale, parts, empty, predictions, empty)


def _symmetric(rng, proteins: int) -> np.ndarray:
    half = rng.random((proteins, proteins))
    return np.where(np.eye(proteins, dtype=bool), 0, half + half.T)


def _graphs(names: tuple[str, ...], values: np.ndarray) -> Graphs:
    average = np.median(np.abs(values), axis=0)
    count = len(names)
    nodes = pd.DataFrame({"protein": names, "r": 0.7, "p": 1e-6, "q": 1e-5, "predicted": True})
    a, b = np.triu_indices(count, 1)
    edges = pd.DataFrame({"a": np.array(names)[a], "b": np.array(names)[b], "p": 0.01, "q": 0.02, "kept": True})
    return Graphs(names, ("all",), {"main": average[None]}, {"main": average[None]}, nodes, edges, pd.DataFrame())
