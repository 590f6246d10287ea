"""Where a training that takes hours leaves its state, so that an interrupted job goes on where it was."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from biox.core.files import whole

State = dict[str, Any]
FRAME = "state"


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
        with safe_open(file, framework="pt") as kept:
            tensors = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118 (the file is no mapping)
            found = _unpacked(json.loads((kept.metadata() or {})[FRAME]), tensors)
    except (OSError, SafetensorError, ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) and set(found) == {"identity", "run"} else None


def saved(state: State, file: Path) -> None:
    """Write a state as a whole: tensors as safetensors, all else as JSON in the same file. Nothing in it is code."""
    tensors: dict[str, Tensor] = {}
    frame = json.dumps(_packed(state, tensors))
    with whole(file) as fresh:
        save_file(tensors, fresh, {FRAME: frame})


def _packed(value: Any, tensors: dict[str, Tensor]) -> Any:
    """A value as JSON that forgets nothing: dicts with keys of any kind, tuples, and the place of every tensor."""
    if isinstance(value, Tensor):
        name = str(len(tensors))
        # Tied weights share memory, which the format refuses; each is kept for itself.
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"dict": [[_packed(key, tensors), _packed(one, tensors)] for key, one in value.items()]}
    if isinstance(value, list | tuple):
        return {"tuple" if isinstance(value, tuple) else "list": [_packed(one, tensors) for one in value]}
    return value


def _unpacked(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(value, dict):
        return value
    kind, inner = next(iter(value.items()))
    if kind == "tensor":
        return tensors[inner]
    if kind == "dict":
        return {_unpacked(key, tensors): _unpacked(one, tensors) for key, one in inner}
    found = [_unpacked(one, tensors) for one in inner]
    return tuple(found) if kind == "tuple" else found
