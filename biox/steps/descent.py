"""What every gradient descent here has in common: the steps, the schedule, averaged weights, stopping in time."""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import Protocol

import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from biox.core.errors import InputError
from biox.core.training import Training
from biox.steps.checkpoints import Checkpoint, State
from biox.steps.schedule import SCHEDULES

_STATEFUL = ("model", "smooth", "optimiser", "schedule")
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": partial(torch.optim.AdamW, fused=True),
    "sgd": partial(torch.optim.SGD, momentum=0.9, nesterov=True, fused=True),
}


class Descent:
    """A network on its way down: its weights, their running mean (``smooth``), its optimiser and its learning rate."""

    def __init__(self, model: nn.Module, training: Training, steps_an_epoch: int) -> None:
        self.model = model
        self.average = training.average
        self.smooth = copy.deepcopy(model) if training.average else model
        self.optimiser = OPTIMISERS[training.optimiser](
            [p for p in model.parameters() if p.requires_grad],
            lr=training.learning_rate,
            weight_decay=training.weight_decay,
        )
        total = training.epochs * steps_an_epoch
        share = SCHEDULES[training.schedule]
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, lambda step: share(step, total))

    def step(self, loss: Tensor) -> None:
        """One step against the gradient of a loss."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        if self.smooth is not self.model:
            follow(self.smooth, self.model, self.average, self.schedule.last_epoch)

    def rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.schedule.get_last_lr()[0])

    def state(self) -> State:
        """Everything that the further way depends on, but for random numbers of the run's own."""
        parts = {name: getattr(self, name).state_dict() for name in _STATEFUL}
        card = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
        return {**parts, "torch": torch.get_rng_state(), "cuda": card}

    def resume(self, state: State) -> None:
        """Go on from a saved state."""
        for name in _STATEFUL:
            getattr(self, name).load_state_dict(state[name])
        torch.set_rng_state(state["torch"])
        if state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"])


class Run(Protocol):
    """One training of some samples."""

    descent: Descent

    def epoch(self) -> float:
        """Pass the samples once; gives the mean loss."""
        ...

    def state(self) -> State:
        """Everything that the rest of the run depends on, the state of its descent included."""
        ...

    def resume(self, state: State) -> None:
        """Go on from a saved state."""
        ...


def stopped_in_time(
    run: Run,
    judge: Callable[[nn.Module], dict[str, float]],
    training: Training,
    checkpoint: Checkpoint | None,
) -> pd.DataFrame:
    """Train until the validation loss has not fallen for ``patience`` epochs, and keep the best weights in the model.

    judge: figures of a network on the validation samples; the first is the loss. It sees the averaged weights where
    ``training.average`` is on. An interrupted training goes on from its checkpoint and ends with the same weights.
    Returns one row an epoch: epoch (from 1), train_loss, the judge's figures, learning_rate, best.
    """
    descent = run.descent
    best_loss, best_epoch, best_state = math.inf, 0, copy.deepcopy(descent.model.state_dict())
    rows: list[dict[str, float]] = []
    if checkpoint is not None and (kept := checkpoint.found()) is not None:
        run.resume(kept)
        best_loss, best_epoch, best_state, rows = (kept[name] for name in ("loss", "epoch", "weights", "rows"))
        print(f"An interrupted training goes on after epoch {len(rows)}.", flush=True)
    bar = tqdm(range(len(rows) + 1, training.epochs + 1), desc="epochs", disable=None, leave=False)
    for epoch in bar:
        if epoch - 1 - best_epoch >= training.patience:
            break
        train_loss = run.epoch()
        judged = judge(descent.smooth)
        loss = next(iter(judged.values()))
        refuse_divergence(epoch, (train_loss, loss), training)
        if loss < best_loss:
            best_loss, best_epoch, best_state = loss, epoch, copy.deepcopy(descent.smooth.state_dict())
        rows.append({"epoch": epoch, "train_loss": train_loss, **judged, "learning_rate": descent.rate()})
        bar.set_postfix(validation=f"{loss:.3f}", best=best_epoch)
        if checkpoint is not None and training.checkpoint and epoch % training.checkpoint == 0:
            best = {"loss": best_loss, "epoch": best_epoch, "weights": best_state, "rows": rows}
            checkpoint.keep({**run.state(), **best})
    descent.model.load_state_dict(best_state)
    return pd.DataFrame(rows).assign(best=lambda table: table["epoch"] == best_epoch)


def refuse_divergence(epoch: int, losses: tuple[float, ...], training: Training) -> None:
    """A loss that is no finite number is an InputError that says what to change."""
    if not all(math.isfinite(loss) for loss in losses):
        raise InputError(
            f"training diverged in epoch {epoch}: the loss is no finite number. "
            f"Lower training.learning_rate (it is {training.learning_rate:g}) or normalise the data."
        )


def follow(smooth: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Move the running mean towards the model; early steps move it further, so that the start is soon forgotten."""
    share = 1 - min(decay, step / (step + 9))
    with torch.no_grad():
        for mean, value in zip(smooth.state_dict().values(), model.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, share)
            else:
                mean.copy_(value)
