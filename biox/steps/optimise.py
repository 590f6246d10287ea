"""Gradient descent with early stopping: from a fresh network to the best weights that the validation people chose."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot
from tqdm import tqdm

from biox.core.study import Training
from biox.models.average import Average
from biox.steps.augment import augment, mixed
from biox.steps.augment_images import augment_images
from biox.steps.checkpoints import Checkpoint, State
from biox.steps.descent import Descent, refuse_divergence, stopped_in_time
from biox.steps.inputs import Inputs


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
    return stopped_in_time(_Run(model, train, training, seed), partial(_assess, validation), training, checkpoint)


def descend(model: nn.Module, train: Examples, epochs: int, training: Training, seed: int) -> None:
    """Train for a fixed number of epochs of the same schedule, without looking at anyone else."""
    run = _Run(model, train, training, seed)
    for epoch in tqdm(range(1, epochs + 1), desc="refit", disable=None, leave=False):
        refuse_divergence(epoch, (run.epoch(),), training)
    model.load_state_dict(run.descent.smooth.state_dict())


class _Run:
    """One training run: the network on its way, the samples, and random numbers of their order and change."""

    def __init__(self, model: nn.Module, train: Examples, training: Training, seed: int) -> None:
        self.model, self.train, self.training = model, train, training
        self.answers = model.learners if isinstance(model, Average) else 1
        self.rng = np.random.default_rng(seed)
        self.steps_an_epoch = math.ceil(len(train.x) / training.batch)
        self.descent = Descent(model, training, self.steps_an_epoch)

    def epoch(self) -> float:
        """One pass over the training samples in random order; gives the mean loss."""
        self.model.train()
        batches = np.array_split(self.rng.permutation(len(self.train.x)), self.steps_an_epoch)
        seen = self.train.x.batches(batches, self._changed)
        losses = [self._step(x, torch.from_numpy(rows)) for x, rows in zip(seen, batches, strict=True)]
        self.model.eval()
        return float(np.mean(losses))

    def state(self) -> State:
        """Everything that the rest of the run depends on."""
        return {**self.descent.state(), "rng": self.rng.bit_generator.state}

    def resume(self, state: State) -> None:
        """Go on from a saved state."""
        self.descent.resume(state)
        self.rng.bit_generator.state = state["rng"]

    def _changed(self, images: Tensor) -> Tensor:
        training = self.training
        return augment_images(images, turn=training.turn, stain=training.stain, shift=training.shift, rng=self.rng)

    def _step(self, x: Tensor, rows: Tensor) -> float:
        labels = one_hot(self.train.y[rows.to(self.train.y.device)], len(self.train.weight)).to(x)
        x, labels = mixed(augment(x, self.training, self.rng), labels, self.training.mixup, self.rng)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.training.precision == "bfloat16"):
            loss = _loss(self.model, x, labels, self.train.weight, self.training.label_smoothing)
        self.descent.step(loss)
        return loss.item() / self.answers


def _loss(model: nn.Module, x: Tensor, labels: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """Mean cross-entropy; the members of an average each answer for themselves and learn as if they were alone."""
    if not isinstance(model, Average):
        return cross_entropy(model(x), labels, weight, label_smoothing=smoothing)
    losses = [cross_entropy(logits, labels, weight, label_smoothing=smoothing) for logits in model.each(x)]
    return torch.stack(losses).sum()


def _assess(examples: Examples, model: nn.Module) -> dict[str, float]:
    model.eval()
    with torch.inference_mode():
        logits = torch.cat([model(batch) for batch in examples.x.batches()])
    accuracy = (logits.argmax(1) == examples.y).double().mean()
    loss = float(cross_entropy(logits, examples.y, examples.weight))
    return {"validation_loss": loss, "validation_accuracy": float(accuracy)}
