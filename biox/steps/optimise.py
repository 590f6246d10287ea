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
from biox.steps.augment_images import augment_images
from biox.steps.checkpoints import Checkpoint, State
from biox.steps.inputs import Inputs
from biox.steps.schedule import SCHEDULES

_STATEFUL = ("model", "smooth", "optimiser", "schedule")
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": partial(torch.optim.AdamW, fused=True),
    "sgd": partial(torch.optim.SGD, momentum=0.9, nesterov=True, fused=True),
}


@dataclass(frozen=True)
class Examples:
    """Samples with their class index and the weight of each class in the loss."""

    x: Inputs
    y: Int[Tensor, " sample"]
    weight: Float[Tensor, " class"]


def optimise(
    model: nn.Module,
    train: Examples,
    validation: Examples,
    training: Training,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Train until the validation loss has not fallen for ``patience`` epochs, and keep the best weights in ``model``.

    The learning rate rises over the first tenth of ``epochs`` and falls as a cosine to zero. The validation loss
    is the cross-entropy of the averaged weights (``training.average``) where averaging is on. An interrupted training
    goes on from its checkpoint and ends with the same weights as one that was not.
    Returns one row an epoch: epoch (from 1), train_loss, validation_loss, validation_accuracy, learning_rate, best.
    """
    run = _Run(model, train, training, seed)
    progress = _Progress(math.inf, 0, copy.deepcopy(model.state_dict()), [])
    if checkpoint is not None and (kept := checkpoint.found()) is not None:
        run.resume(kept)
        progress = _Progress(**kept["progress"])
    bar = tqdm(range(len(progress.rows) + 1, training.epochs + 1), desc="epochs", disable=None, leave=False)
    for epoch in bar:
        if epoch - 1 - progress.best_epoch >= training.patience:
            break
        train_loss = run.epoch()
        loss, accuracy = _assess(run.smooth, validation)
        refuse_divergence(epoch, (train_loss, loss), training)
        if loss < progress.best_loss:
            progress.best_loss, progress.best_epoch = loss, epoch
            progress.best_state = copy.deepcopy(run.smooth.state_dict())
        progress.rows.append((epoch, train_loss, loss, accuracy, run.rate()))
        bar.set_postfix(validation=f"{loss:.3f}", best=progress.best_epoch)
        if checkpoint is not None and training.checkpoint and epoch % training.checkpoint == 0:
            checkpoint.keep({**run.state(), "progress": vars(progress)})
    model.load_state_dict(progress.best_state)
    columns = ["epoch", "train_loss", "validation_loss", "validation_accuracy", "learning_rate"]
    return pd.DataFrame(progress.rows, columns=columns).assign(best=lambda t: t["epoch"] == progress.best_epoch)


@dataclass
class _Progress:
    """The best weights so far, and one row an epoch."""

    best_loss: float
    best_epoch: int
    best_state: dict[str, Tensor]
    rows: list[tuple[float, ...]]


def descend(model: nn.Module, train: Examples, epochs: int, training: Training, seed: int) -> None:
    """Train for a fixed number of epochs of the same schedule, without looking at anyone else."""
    run = _Run(model, train, training, seed)
    for epoch in tqdm(range(1, epochs + 1), desc="refit", disable=None, leave=False):
        refuse_divergence(epoch, (run.epoch(),), training)
    model.load_state_dict(run.smooth.state_dict())


def refuse_divergence(epoch: int, losses: tuple[float, ...], training: Training) -> None:
    """A loss that is no finite number is an InputError that says what to change."""
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
        self.answers = model.learners if isinstance(model, Average) else 1
        self.rng = np.random.default_rng(seed)
        self.steps_an_epoch = math.ceil(len(train.x) / training.batch)
        self.optimiser = OPTIMISERS[training.optimiser](
            [p for p in model.parameters() if p.requires_grad],
            lr=training.learning_rate,
            weight_decay=training.weight_decay,
        )
        total = training.epochs * self.steps_an_epoch
        share = SCHEDULES[training.schedule]
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, lambda step: share(step, total))

    def epoch(self) -> float:
        """One pass over the training samples in random order; gives the mean loss."""
        self.model.train()
        batches = np.array_split(self.rng.permutation(len(self.train.x)), self.steps_an_epoch)
        seen = self.train.x.batches(batches, self._changed)
        losses = [self._step(x, torch.from_numpy(rows)) for x, rows in zip(seen, batches, strict=True)]
        self.model.eval()
        return float(np.mean(losses))

    def rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.schedule.get_last_lr()[0])

    def state(self) -> State:
        """Everything that the rest of the run depends on."""
        parts = {name: getattr(self, name).state_dict() for name in _STATEFUL}
        card = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
        return {**parts, "rng": self.rng.bit_generator.state, "torch": torch.get_rng_state(), "cuda": card}

    def resume(self, state: State) -> None:
        """Go on from a saved state."""
        for name in _STATEFUL:
            getattr(self, name).load_state_dict(state[name])
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch"])
        if state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"])

    def _changed(self, images: Tensor) -> Tensor:
        training = self.training
        return augment_images(images, turn=training.turn, stain=training.stain, shift=training.shift, rng=self.rng)

    def _step(self, x: Tensor, rows: Tensor) -> float:
        labels = one_hot(self.train.y[rows.to(self.train.y.device)], len(self.train.weight)).to(x)
        x, labels = mixed(augment(x, self.training, self.rng), labels, self.training.mixup, self.rng)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.training.precision == "bfloat16"):
            loss = _loss(self.model, x, labels, self.train.weight, self.training.label_smoothing)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        if self.smooth is not self.model:
            follow(self.smooth, self.model, self.training.average, self.schedule.last_epoch)
        return loss.item() / self.answers


def _loss(model: nn.Module, x: Tensor, labels: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """Mean cross-entropy; the members of an average each answer for themselves and learn as if they were alone."""
    if not isinstance(model, Average):
        return cross_entropy(model(x), labels, weight, label_smoothing=smoothing)
    losses = [cross_entropy(logits, labels, weight, label_smoothing=smoothing) for logits in model.each(x)]
    return torch.stack(losses).sum()


def follow(smooth: nn.Module, model: nn.Module, decay: float, step: int) -> None:
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
        logits = torch.cat([model(batch) for batch in examples.x.batches()])
    accuracy = (logits.argmax(1) == examples.y).double().mean()
    return float(cross_entropy(logits, examples.y, examples.weight)), float(accuracy)
