"""Gradient descent with early stopping: from a fresh network to the best weights that the validation people chose."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot
from tqdm import tqdm

from biox.core.errors import InputError
from biox.core.study import Training
from biox.models.average import Average
from biox.steps.augment import augment, mixed

WARM_UP = 0.1
_OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": partial(torch.optim.AdamW, fused=True),
    "sgd": partial(torch.optim.SGD, momentum=0.9, nesterov=True, fused=True),
}


@dataclass(frozen=True)
class Examples:
    """Normalised samples with their class index and the weight of each class in the loss."""

    x: Float[Tensor, "sample *feature"]
    y: Int[Tensor, " sample"]
    weight: Float[Tensor, " class"]


def optimise(model: nn.Module, train: Examples, validation: Examples, training: Training, seed: int) -> pd.DataFrame:
    """Train until the validation loss has not fallen for ``patience`` epochs, and keep the best weights in ``model``.

    The learning rate rises over the first tenth of ``epochs`` and falls as a cosine to zero. The validation loss
    is the cross-entropy of the averaged weights (``training.average``) where averaging is on.
    Returns one row an epoch: epoch (from 1), train_loss, validation_loss, validation_accuracy, learning_rate, best.
    """
    best_loss, best_epoch, best_state, rows = math.inf, 0, copy.deepcopy(model.state_dict()), []
    run = _Run(model, train, training, seed)
    bar = tqdm(range(1, training.epochs + 1), desc="epochs", disable=None, leave=False)
    for epoch in bar:
        train_loss = run.epoch()
        loss, accuracy = _assess(run.smooth, validation)
        _refuse_divergence(epoch, (train_loss, loss), training)
        if loss < best_loss:
            best_loss, best_epoch, best_state = loss, epoch, copy.deepcopy(run.smooth.state_dict())
        rows.append((epoch, train_loss, loss, accuracy, run.rate()))
        bar.set_postfix(validation=f"{loss:.3f}", best=best_epoch)
        if epoch - best_epoch >= training.patience:
            break
    model.load_state_dict(best_state)
    columns = ["epoch", "train_loss", "validation_loss", "validation_accuracy", "learning_rate"]
    return pd.DataFrame(rows, columns=columns).assign(best=lambda table: table["epoch"] == best_epoch)


def descend(model: nn.Module, train: Examples, epochs: int, training: Training, seed: int) -> None:
    """Train for a fixed number of epochs of the same schedule, without looking at anyone else."""
    run = _Run(model, train, training, seed)
    for epoch in tqdm(range(1, epochs + 1), desc="refit", disable=None, leave=False):
        _refuse_divergence(epoch, (run.epoch(),), training)
    model.load_state_dict(run.smooth.state_dict())


def _refuse_divergence(epoch: int, losses: tuple[float, ...], training: Training) -> None:
    if not all(math.isfinite(loss) for loss in losses):
        raise InputError(
            f"training diverged in epoch {epoch}: the loss is no finite number. "
            f"Lower training.learning_rate (it is {training.learning_rate:g}) or normalise the data."
        )


class _Run:
    """One training run: the network, its running mean, its optimiser and its random numbers."""

    def __init__(self, model: nn.Module, train: Examples, training: Training, seed: int) -> None:
        self.model, self.train, self.training = model, train, training
        self.smooth = copy.deepcopy(model) if training.average else model
        self.answers = len(model.each(train.x[:1])) if isinstance(model, Average) else 1
        self.rng = np.random.default_rng(seed)
        self.steps_an_epoch = math.ceil(len(train.x) / training.batch)
        self.optimiser = _OPTIMISERS[training.optimiser](
            [p for p in model.parameters() if p.requires_grad],
            lr=training.learning_rate,
            weight_decay=training.weight_decay,
        )
        total = training.epochs * self.steps_an_epoch
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, lambda step: _rate(step, total))

    def epoch(self) -> float:
        """One pass over the training samples in random order; gives the mean loss."""
        self.model.train()
        batches = np.array_split(self.rng.permutation(len(self.train.x)), self.steps_an_epoch)
        losses = [self._step(torch.from_numpy(rows).to(self.train.x.device)) for rows in batches]
        self.model.eval()
        return float(np.mean(losses))

    def rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.schedule.get_last_lr()[0])

    def _step(self, rows: Tensor) -> float:
        x, labels = self.train.x[rows], one_hot(self.train.y[rows], len(self.train.weight)).to(self.train.x)
        x, labels = mixed(augment(x, self.training, self.rng), labels, self.training.mixup, self.rng)
        loss = _loss(self.model, x, labels, self.train.weight, self.training.label_smoothing)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        if self.smooth is not self.model:
            _follow(self.smooth, self.model, self.training.average, self.schedule.last_epoch)
        return loss.item() / self.answers


def _rate(step: int, total: int) -> float:
    """Share of the full learning rate: a linear rise, then a cosine to zero."""
    rise = max(1, round(WARM_UP * total))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1, total - rise))))


def _loss(model: nn.Module, x: Tensor, labels: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """Mean cross-entropy; the members of an average each answer for themselves and learn as if they were alone."""
    if not isinstance(model, Average):
        return cross_entropy(model(x), labels, weight, label_smoothing=smoothing)
    losses = [cross_entropy(logits, labels, weight, label_smoothing=smoothing) for logits in model.each(x)]
    return torch.stack(losses).sum()


def _follow(smooth: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Move the running mean towards the model; early steps move it further, so that the start is soon forgotten."""
    share = 1 - min(decay, step / (step + 9))
    with torch.no_grad():
        for mean, value in zip(smooth.state_dict().values(), model.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, share)
            else:
                mean.copy_(value)


def _assess(model: nn.Module, examples: Examples) -> tuple[float, float]:
    model.eval()
    with torch.inference_mode():
        logits = model(examples.x)
    accuracy = (logits.argmax(1) == examples.y).double().mean()
    return float(cross_entropy(logits, examples.y, examples.weight)), float(accuracy)
