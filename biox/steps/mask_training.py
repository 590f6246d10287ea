"""Training of a network that predicts hidden proteins: random masks, early stopping, the best weights kept.

Each sample is shown a random share P ~ U(.01, .99) of its proteins in every epoch and is judged on the hidden ones only
(Keyl et al. 2022). What was not measured is never shown and never judged.
"""

import copy
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
from biox.steps.optimise import OPTIMISERS, follow, refuse_divergence
from biox.steps.schedule import SCHEDULES

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
    run = _Run(model, train, training, seed)
    judge = _Judge(validation, training, seed)
    progress = _Progress(math.inf, 0, copy.deepcopy(model.state_dict()), [])
    if checkpoint is not None and (kept := checkpoint.found()) is not None:
        run.resume(kept)
        progress = _Progress(**kept["progress"])
    for epoch in tqdm(range(len(progress.rows) + 1, training.epochs + 1), desc="epochs", disable=None, leave=False):
        if epoch - 1 - progress.best_epoch >= training.patience:
            break
        loss_of_training = run.epoch()
        loss = judge.loss(run.smooth)
        refuse_divergence(epoch, (loss_of_training, loss), training)
        if loss < progress.best_loss:
            progress.best_loss, progress.best_epoch = loss, epoch
            progress.best_state = copy.deepcopy(run.smooth.state_dict())
        progress.rows.append((epoch, loss_of_training, loss, run.rate()))
        if checkpoint is not None and training.checkpoint and epoch % training.checkpoint == 0:
            checkpoint.keep({**run.state(), "progress": vars(progress)})
    model.load_state_dict(progress.best_state)
    columns = ["epoch", "train_loss", "validation_loss", "learning_rate"]
    return pd.DataFrame(progress.rows, columns=columns).assign(best=lambda t: t["epoch"] == progress.best_epoch)


def descend_masked(model: nn.Module, train: Levels, epochs: int, training: Training, seed: int) -> None:
    """Train for a fixed number of epochs of the same schedule, without looking at anyone else."""
    run = _Run(model, train, training, seed)
    for epoch in tqdm(range(1, epochs + 1), desc="refit", disable=None, leave=False):
        refuse_divergence(epoch, (run.epoch(),), training)
    model.load_state_dict(run.smooth.state_dict())


def hidden_loss(predicted: Tensor, levels: Levels, shown: Tensor) -> Tensor:
    """Mean squared error of the predictions where a level was measured and hidden."""
    judged = levels.measured & ~shown
    return ((predicted - levels.values).square() * judged).sum() / judged.sum().clamp(min=1)


@dataclass
class _Progress:
    best_loss: float
    best_epoch: int
    best_state: dict[str, Tensor]
    rows: list[tuple[float, ...]]


class _Judge:
    """The loss of validation samples under masks that stay the same, in the precision of the training."""

    def __init__(self, levels: Levels, training: Training, seed: int) -> None:
        self.precision = training.precision
        rows = np.repeat(np.arange(len(levels)), JUDGED)
        self.levels = levels.take(rows)
        shares = torch.linspace(*SHOWN, 2 * JUDGED + 1)[1::2].repeat(len(levels)).unsqueeze(1)
        drawn = torch.rand(self.levels.values.shape, generator=torch.Generator().manual_seed(seed + 1))
        self.shown = (drawn < shares).to(levels.values.device) & self.levels.measured

    def loss(self, model: nn.Module) -> float:
        model.eval()
        with torch.inference_mode(), _lowered(self.precision, self.shown):
            return float(hidden_loss(model(self.levels.values, self.shown), self.levels, self.shown))


def _lowered(precision: str, like: Tensor) -> torch.autocast:
    """Products in bfloat16 where the training asks for it."""
    return torch.autocast(like.device.type, torch.bfloat16, enabled=precision == "bfloat16")


class _Run:
    """One training run: the network, its running mean, its optimiser and its random numbers."""

    def __init__(self, model: nn.Module, train: Levels, training: Training, seed: int) -> None:
        self.model, self.train, self.training = model, train, training
        self.smooth = copy.deepcopy(model) if training.average else model
        self.random = torch.Generator(device=train.values.device).manual_seed(seed)
        self.steps_an_epoch = math.ceil(len(train) / training.batch)
        self.optimiser = OPTIMISERS[training.optimiser](
            model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
        )
        total = training.epochs * self.steps_an_epoch
        share = SCHEDULES[training.schedule]
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, lambda step: share(step, total))

    def epoch(self) -> float:
        """One pass over the training samples in random order; gives the mean loss."""
        self.model.train()
        order = torch.randperm(len(self.train), generator=self.random, device=self.random.device)
        losses = [self._step(rows) for rows in order.tensor_split(self.steps_an_epoch)]
        self.model.eval()
        return float(torch.stack(losses).mean())

    def rate(self) -> float:
        return float(self.schedule.get_last_lr()[0])

    def state(self) -> State:
        """Everything that the rest of the run depends on."""
        parts = {name: getattr(self, name).state_dict() for name in ("model", "smooth", "optimiser", "schedule")}
        card = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
        return {**parts, "random": self.random.get_state(), "torch": torch.get_rng_state(), "cuda": card}

    def resume(self, state: State) -> None:
        """Go on from a saved state."""
        for name in ("model", "smooth", "optimiser", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        self.random.set_state(state["random"])
        torch.set_rng_state(state["torch"])
        if state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"])

    def _step(self, rows: Tensor) -> Tensor:
        levels = Levels(self.train.values[rows], self.train.measured[rows])
        share = torch.empty((len(rows), 1), device=rows.device).uniform_(*SHOWN, generator=self.random)
        drawn = torch.rand(levels.values.shape, generator=self.random, device=rows.device)
        shown = (drawn < share) & levels.measured
        with _lowered(self.training.precision, rows):
            loss = hidden_loss(self.model(levels.values, shown), levels, shown)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        if self.smooth is not self.model:
            follow(self.smooth, self.model, self.training.average, self.schedule.last_epoch)
        return loss.detach()
