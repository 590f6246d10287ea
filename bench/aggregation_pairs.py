"""Ten models and data for bench/aggregation.py, each trained here in seconds to minutes from a fixed seed.

Inputs are standardised by their training samples (tables by column, curves and images by channel), so 0 is the training
mean. Explained is the class that the model chose, or the output of a regression, for people or tiles of the test part.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import evidence
import evidence_nets
import numpy as np
import pandas as pd
import torch
from sklearn import datasets
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from biox.explain import Background, Score, score_of
from biox.explain.aggregate import Removal
from biox.explain.groups import Groups, group_index
from biox.models.cnn1d import cnn1d
from biox.models.mlp import mlp

SHARED = Path(os.environ.get("BIOX_SHARED_DATA", Path(__file__).parent.parent / "../shared/data"))
SAMPLES, OTHERS, BATCH = 40, 200, 32
SMALL = (32, 16)


@dataclass(frozen=True)
class Pair:
    """A trained model with samples to explain; ``quality`` is its accuracy, or R squared, on the test part."""

    model: nn.Module
    x: Tensor
    target: int | Tensor
    background: Background
    quality: float
    groups: dict[str, object]
    steps: int = 32
    draws: int = 50

    def score(self) -> Score:
        """What is explained."""
        return score_of(self.model, self.target)

    def removal(self, share: float) -> Removal:
        """Groups of values are replaced by 0, the training mean."""
        index = group_index(Groups.model_validate(self.groups), self.x, self.background)
        return Removal(index, torch.zeros_like(self.x), share)


@dataclass(frozen=True)
class Data:
    """x and y of the training and the test part, x standardised; y is a class (int64) or a number (float32)."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor


def table(load: Callable[..., object]) -> Data:
    """A table of scikit-learn, three quarters for training."""
    x, y = load(return_X_y=True)  # pyright: ignore
    return _split(x, y, np.random.default_rng(0).permutation(len(x)), len(x) // 4, axes=(0,))


def images() -> Data:
    """Digits as images of one channel."""
    x, y = datasets.load_digits(return_X_y=True)
    return _split(x.reshape(-1, 1, 8, 8), y, np.random.default_rng(0).permutation(len(x)), 450, axes=(0, 2, 3))


def gait() -> Data:
    """Healthy against disorder; the people of folds 0 and 1 are the test part, with one trial each."""
    with np.load(SHARED / "gait-acm2021" / "grf_194subjects.npz", allow_pickle=False) as file:
        x, y, subject, fold = (file[name] for name in ("X", "class_index", "subject", "fold"))
    test = np.flatnonzero(fold < 2)
    test = test[np.unique(subject[test], return_index=True)[1]]
    return _split(x, np.minimum(y, 1), np.concatenate([test, np.flatnonzero(fold >= 2)]), len(test), axes=(0, 2))


def proteins() -> Data:
    """ER-alpha from the other proteins that were measured in everybody."""
    found = pd.read_csv(SHARED / "rppa-tcga" / "rppa_tcga_31cohorts.csv.gz").iloc[:, 4:].dropna(axis=1)
    y = found.pop("ER-alpha").to_numpy()
    x = found.to_numpy()
    return _split(x, (y - y.mean()) / y.std(), np.random.default_rng(0).permutation(len(x)), 1500, axes=(0,))


def fitted(
    make: Callable[[tuple[int, ...], int], nn.Module], data: Callable[[], Data], epochs: int, groups: dict[str, object]
) -> Pair:
    """Train (AdamW, fixed epochs) and take the first test samples."""
    torch.manual_seed(0)
    given = data()
    classes = given.y.ndim == 1 and not given.y.is_floating_point()
    model = make(tuple(given.x.shape[1:]), int(given.y.max()) + 1 if classes else 1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    for _ in range(epochs):
        for some in torch.randperm(len(given.x)).split(BATCH):
            output = model(given.x[some])
            loss = cross_entropy(output, given.y[some]) if classes else mse_loss(output[:, 0], given.y[some])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
    model.eval().requires_grad_(False)
    output, truth = model(given.test_x), given.test_y
    right = (output.argmax(1) == truth).float().mean() if classes else 1 - mse_loss(output[:, 0], truth) / truth.var()
    target = output.argmax(1)[:SAMPLES] if classes else 0
    others = Background(samples=given.x[torch.randperm(len(given.x))[:OTHERS]])
    return Pair(model, given.test_x[:SAMPLES], target, others, right.item(), groups)


def nuclei() -> Pair:
    """Does this tile hold a nucleus? Twelve tiles and fewer perturbations than elsewhere, since each costs more."""
    task = evidence.nuclei()
    model = evidence_nets.trained(evidence_nets.vgg_like, task, epochs=8, seed=0).requires_grad_(False)
    rows, train = task.rows("test"), task.rows("train")
    right = ((evidence_nets.scores(model, task.x[rows]) > 0) == (task.y[rows] > 0)).float().mean().item()
    chosen = np.random.default_rng(0).permutation(rows)[:12]
    others = Background(samples=task.x[np.random.default_rng(1).permutation(train)[:OTHERS]])
    return Pair(model, task.x[chosen], 0, others, right, {"kind": "patches", "size": 8}, steps=16, draws=30)


def small_cnn(shape: tuple[int, ...], classes: int) -> nn.Module:
    """Two convolutions and max pooling for images of 8 x 8."""
    layers = [nn.Conv2d(shape[0], 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 16, classes))


def _split(x: np.ndarray, y: np.ndarray, order: np.ndarray, tests: int, axes: tuple[int, ...]) -> Data:
    """The first of the order are the test part; constant columns stay 0."""
    test, train = order[:tests], order[tests:]
    mean, sd = x[train].mean(axes, keepdims=True), x[train].std(axes, keepdims=True)
    scaled = torch.as_tensor((x - mean) / np.where(sd > 0, sd, 1), dtype=torch.float32)
    wanted = torch.as_tensor(y, dtype=torch.float32 if y.dtype.kind == "f" else torch.int64)
    return Data(scaled[train], wanted[train], scaled[test], wanted[test])


SINGLE, WINDOWS = {"kind": "single"}, {"kind": "windows", "size": 8}
SMALL_MLP, LOGISTIC, WIDE = partial(mlp, hidden=SMALL), partial(mlp, hidden=()), partial(mlp, hidden=(256, 128))
PAIRS: Mapping[str, Callable[[], Pair]] = {
    "digits_mlp": partial(fitted, partial(mlp, hidden=(64, 32)), partial(table, datasets.load_digits), 30, SINGLE),
    "digits_cnn": partial(fitted, small_cnn, images, 15, {"kind": "patches", "size": 2}),
    "cancer_mlp": partial(fitted, SMALL_MLP, partial(table, datasets.load_breast_cancer), 30, SINGLE),
    "cancer_logistic": partial(fitted, LOGISTIC, partial(table, datasets.load_breast_cancer), 60, SINGLE),
    "wine_mlp": partial(fitted, SMALL_MLP, partial(table, datasets.load_wine), 60, SINGLE),
    "diabetes_mlp": partial(fitted, SMALL_MLP, partial(table, datasets.load_diabetes), 30, SINGLE),
    "gait_mlp": partial(fitted, WIDE, gait, 15, WINDOWS),
    "gait_cnn1d": partial(fitted, cnn1d, gait, 15, WINDOWS),
    "nuclei_vgg": nuclei,
    "rppa_mlp": partial(fitted, partial(mlp, hidden=(128, 64)), proteins, 10, SINGLE),
}
