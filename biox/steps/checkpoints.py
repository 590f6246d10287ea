"""Where a training that takes hours leaves its state, so that an interrupted job goes on where it was."""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from biox.core.files import whole

State = dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """A place for the state of one training.

    identity: what the training depends on (settings, seed, samples); a state of another identity is not taken up.
    load: the state that lies there, or None; save: put a state there. Both are given by whoever knows the files.
    """

    identity: Mapping[str, Any]
    load: Callable[[], State | None]
    save: Callable[[State], None]

    def found(self) -> State | None:
        """The state of an interrupted run of this very training, or None."""
        state = self.load()
        return state["run"] if state is not None and state["identity"] == dict(self.identity) else None

    def keep(self, run: State) -> None:
        """Save the state of this training."""
        self.save({"identity": dict(self.identity), "run": run})


def loaded(file: Path) -> State | None:
    """The state in a file; None where there is none, or where the file is damaged (the training then starts anew)."""
    try:
        return torch.load(file, weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError):
        return None


def saved(state: State, file: Path) -> None:
    """Write a state as a whole."""
    with whole(file) as fresh:
        torch.save(state, fresh)
