"""Training of a network that predicts hidden proteins: random masks, early stopping, the best weights kept.

Each sample is shown a random share P ~ U(.01, .99) of its proteins in every epoch and is judged on the hidden ones only
(Keyl et al. 2022). What was not measured is never shown and never judged.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from tqdm import tqdm

from biox.core.study import Training
from biox.steps.checkpoints import Checkpoint, State
from biox.steps.descent import Descent, refuse_divergence, stopped_in_time

SHOWN = 0.01, 0.99
JUDGED = 2  # masks by which a validation sample is judged, the same in every epoch


@dataclass(frozen=True)
class Levels:
    """Standardised protein levels, 0 where nothing was measured, and where something was."""

    values: Float[Tensor, "sample protein"]
    measured: Bool[Tensor, "sample protein"]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> "Levels":
        """Some of the samples."""
        chosen = torch.as_tensor(rows, device=self.values.device)
        return Levels(self.values[chosen], self.measured[chosen])


def optimise_masked(
    model: nn.Module,
    train: Levels,
    validation: Levels,
    training: Training,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Train until the validation loss has not fallen for ``patience`` epochs, and keep the best weights in ``model``.

    The validation loss is the mean squared error of hidden proteins, in units of their training variance, of the
    averaged weights where ``training.average`` is on. An interrupted training goes on from its checkpoint.
    Returns one row an epoch: epoch (from 1), train_loss, validation_loss, learning_rate, best.
    """
    judge = _Judge(validation, training, seed)
    return stopped_in_time(_Run(model, train, training, seed), judge.figures, training, checkpoint)


def descend_masked(model: nn.Module, train: Levels, epochs: int, training: Training, seed: int) -> None:
    """Train for a fixed number of epochs of the same schedule, without looking at anyone else."""
    run = _Run(model, train, training, seed)
    for epoch in tqdm(range(1, epochs + 1), desc="refit", disable=None, leave=False):
        refuse_divergence(epoch, (run.epoch(),), training)
    model.load_state_dict(run.descent.smooth.state_dict())


def hidden_loss(predicted: Tensor, levels: Levels, shown: Tensor) -> Tensor:
    """Mean squared error of the predictions where a level was measured and hidden."""
    judged = levels.measured & ~shown
    return ((predicted - levels.values).square() * judged).sum() / judged.sum().clamp(min=1)


class _Judge:
    """The loss of validation samples under masks that stay the same, in the precision of the training."""

    def __init__(self, levels: Levels, training: Training, seed: int) -> None:
        self.precision = training.precision
        rows = np.repeat(np.arange(len(levels)), JUDGED)
        self.levels = levels.take(rows)
        shares = torch.linspace(*SHOWN, 2 * JUDGED + 1)[1::2].repeat(len(levels)).unsqueeze(1)
        drawn = torch.rand(self.levels.values.shape, generator=torch.Generator().manual_seed(seed + 1))
        self.shown = (drawn < shares).to(levels.values.device) & self.levels.measured

    def figures(self, model: nn.Module) -> dict[str, float]:
        """What ``stopped_in_time`` wants to know of a network."""
        return {"validation_loss": self.loss(model)}

    def loss(self, model: nn.Module) -> float:
        model.eval()
        with torch.inference_mode(), _lowered(self.precision, self.shown):
            return float(hidden_loss(model(self.levels.values, self.shown), self.levels, self.shown))


def _lowered(precision: str, like: Tensor) -> torch.autocast:
    """Products in bfloat16 where the training asks for it."""
    return torch.autocast(like.device.type, torch.bfloat16, enabled=precision == "bfloat16")


class _Run:
    """One training run: the network on its way, the samples, and random numbers of their order and masks."""

    def __init__(self, model: nn.Module, train: Levels, training: Training, seed: int) -> None:
        self.model, self.train, self.training = model, train, training
        self.random = torch.Generator(device=train.values.device).manual_seed(seed)
        self.steps_an_epoch = math.ceil(len(train) / training.batch)
        self.descent = Descent(model, training, self.steps_an_epoch)

    def epoch(self) -> float:
        """One pass over the training samples in random order; gives the mean loss."""
        self.model.train()
        order = torch.randperm(len(self.train), generator=self.random, device=self.random.device)
        losses = [self._step(rows) for rows in order.tensor_split(self.steps_an_epoch)]
        self.model.eval()
        return float(torch.stack(losses).mean())

    def state(self) -> State:
        """Everything that the rest of the run depends on."""
        return {**self.descent.state(), "random": self.random.get_state()}

    def resume(self, state: State) -> None:
        """Go on from a saved state."""
        self.descent.resume(state)
        self.random.set_state(state["random"])

    def _step(self, rows: Tensor) -> Tensor:
        levels = Levels(self.train.values[rows], self.train.measured[rows])
        share = torch.empty((len(rows), 1), device=rows.device).uniform_(*SHOWN, generator=self.random)
        drawn = torch.rand(levels.values.shape, generator=self.random, device=rows.device)
        shown = (drawn < share) & levels.measured
        with _lowered(self.training.precision, rows):
            loss = hidden_loss(self.model(levels.values, shown), levels, shown)
        self.descent.step(loss)
        return loss.detach()
