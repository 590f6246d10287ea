"""One task with its trained networks: what is explained, what every measure says, and how sure that is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import evidence_nets as nets
import heatmap_metrics as metrics
import numpy as np
import torch
from evidence import Task
from torch import Tensor, nn

from biox import lrp
from biox.stats.bootstrap import interval, resample
from biox.stats.metrics import auroc, balanced_accuracy

SAMPLES = {"validation": 48, "test": 120}
PER_UNIT = 6  # tiles of one field
RADIUS, DRAWS = 0.1, 4  # of the noise of the sensitivity
Values = dict[str, np.ndarray]  # metric -> (seed, sample)


@dataclass(frozen=True)
class Case:
    """A task, its networks (one a seed), and the samples of each part that are explained."""

    task: Task
    models: tuple[nn.Module, ...]
    rows: dict[str, np.ndarray]


def explain(model: nn.Module, task: Task, composite: lrp.Composite, x: Tensor) -> Tensor:
    """Relevance for the log odds of "yes"."""
    return lrp.relevance(model, x, torch.ones(len(x), 1), composite, low=task.low, high=task.high)


def chosen_rows(task: Task, models: tuple[nn.Module, ...], part: str) -> np.ndarray:
    """Samples with evidence that all networks name rightly: some of every unit, the same for all methods."""
    rows = task.rows(part)
    right = torch.stack([nets.scores(model, task.x[rows]) > 0 for model in models]).all(0).numpy()
    rows = rows[right & (task.y[rows] > 0).numpy()]
    rows = np.random.default_rng(0).permutation(rows)
    seen = [int((task.unit[rows[:i]] == task.unit[row]).sum()) for i, row in enumerate(rows)]
    return rows[np.array(seen) < PER_UNIT][: SAMPLES[part]]


def measured(case: Case, part: str, relevance_of: Callable[[nn.Module, Tensor], Tensor], probed: list) -> Values:
    """Every metric for every network and sample."""
    task, rows = case.task, case.rows[part]
    x, found = task.x[rows], []
    for model, made in zip(case.models, probed, strict=True):
        score = partial(nets.scores, model)
        relevance = relevance_of(model, x)
        values = metrics.where(relevance, task.mask[rows]) | metrics.complexity(relevance)
        values["flipping"] = metrics.flipping(score, x, relevance, task.cells) / float(score(x).mean())
        values["faithfulness correlation"] = metrics.faithfulness_correlation(relevance, task.cells, made)
        moving = metrics.sensitivity(
            partial(relevance_of, model), x, relevance, radius=RADIUS, draws=DRAWS, seed=len(rows)
        )
        found.append(values | moving)
    return {name: np.stack([one[name] for one in found]) for name in metrics.DIRECTION}


def blind() -> Callable[[nn.Module, Tensor], Tensor]:
    """Relevance that knows nothing: white noise. Its values are the chance levels."""
    generator = torch.Generator().manual_seed(7)
    return lambda model, x: torch.randn(x.shape, generator=generator)


def summary(values: Values, unit: np.ndarray) -> dict[str, dict[str, float | list[float]]]:
    """Mean over networks and samples, its interval over units, and the mean of each network."""
    drawn = resample(unit, draws=2000, seed=0)
    table = {}
    for name, value in values.items():
        found = interval(partial(_mean, value.mean(0)), drawn)
        table[name] = {
            "mean": found.value,
            "low": found.low,
            "high": found.high,
            "median": float(np.median(_known(value.mean(0)))),
            "by seed": [float(_known(one).mean()) for one in value],
        }
    return table


def _mean(value: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Over the samples for which the measure is defined; NaN where a draw holds none."""
    weight = weight * ~np.isnan(value)
    total = weight.sum(1)
    return np.divide(weight @ np.nan_to_num(value), total, out=np.full(len(weight), np.nan), where=total > 0)


def _known(value: np.ndarray) -> np.ndarray:
    """The defined values, or one NaN where there is none."""
    known = value[~np.isnan(value)]
    return known if len(known) else np.array([np.nan])


def on_validation(case: Case, objective: str, composite: lrp.Composite) -> float:
    """The mean objective on validation samples: RMA needs masks, flipping needs none."""
    task, rows, means = case.task, case.rows["validation"], []
    for model in case.models:
        relevance = explain(model, task, composite, task.x[rows])
        if objective == "RMA":
            means.append(np.nanmean(metrics.where(relevance, task.mask[rows])["RMA"]))
        else:
            score = partial(nets.scores, model)
            area = metrics.flipping(score, task.x[rows], relevance, task.cells)
            means.append(area.mean() / float(score(task.x[rows]).mean()))
    return float(np.mean(means))


def performance(case: Case) -> dict[str, list[float]]:
    """How well the networks answer on test data, one value a seed."""
    rows = case.task.rows("test")
    y = case.task.y[rows].numpy().astype(int)
    scores = [nets.scores(model, case.task.x[rows]).double().numpy() for model in case.models]
    logits = [np.stack([-one, one], 1) / 2 for one in scores]
    return {f.__name__: [float(f(one, y)) for one in logits] for f in (auroc, balanced_accuracy)}
