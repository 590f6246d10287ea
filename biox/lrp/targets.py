"""What is explained: a class, a weighting of the outputs, any function of them, or units inside the model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Scores = Callable[[Any], Tensor]


@dataclass(frozen=True)
class Units:
    """Units of a layer inside the model as target: the sum of their values, after the layer's BatchNorm and ReLU.

    layer: its path in the model (``"features.10"``). channels: which of its channels, or weights of its units (a float
        or bool tensor that broadcasts to its output); None for all.
    """

    layer: str
    channels: int | Sequence[int] | Tensor | None = None


Target = int | Tensor | Scores | Units


def plain(target: Any) -> Any:
    """The target with numbers and arrays of numpy as those of Python and torch."""
    if isinstance(target, list | tuple | range):
        return [plain(one) for one in target]
    if isinstance(target, Tensor | bool) or callable(target):
        return target
    if hasattr(target, "__index__") and not getattr(target, "shape", ()):
        return int(target)
    return torch.as_tensor(target) if hasattr(target, "__array__") else target


@dataclass(frozen=True)
class Margin:
    """One score, or the logarithm of one, against another or against all others; equal margins compare equal."""

    a: int
    b: int | None
    log: bool = False

    def __call__(self, scores: Tensor) -> Tensor:
        """The score of each sample."""
        chosen = _of(scores, self.a)
        if self.b is None:
            others = torch.cat([scores[:, : self.a], scores[:, self.a + 1 :]], dim=1)
            return chosen - others.logsumexp(1)
        other = _of(scores, self.b)
        return chosen.log() - other.log() if self.log else chosen - other


def difference(a: int, b: int) -> Scores:
    """Why class ``a`` and not class ``b``: the difference of their scores.

    For scores that are logits this is also the logarithm of the ratio of their probabilities.
    """
    return Margin(a, b)


def log_odds(a: int) -> Scores:
    """Class ``a`` against all others: log p / (1 - p) of a softmax over the model's logits."""
    return Margin(a, None)


def log_ratio(a: int, b: int) -> Scores:
    """The logarithm of the ratio of two probabilities, for models whose outputs are probabilities."""
    return Margin(a, b, log=True)


def weights_of(target: int | Tensor, scores: Tensor) -> Tensor:
    """The target as weights of the outputs, in the shape of ``scores``."""
    if isinstance(target, Tensor) and target.is_floating_point():
        if target.shape != scores.shape:
            raise ValueError(
                f"Output weights have shape {tuple(target.shape)}, but the model's output has {tuple(scores.shape)}."
            )
        return target.to(scores)
    if scores.ndim != 2:
        raise ValueError(
            "A class as target needs scores of shape (sample, class), but the model's output has "
            f"{tuple(scores.shape)}; give a float tensor of output weights in that shape, or a function of the output."
        )
    samples, classes = scores.shape
    chosen = torch.as_tensor(target, device=scores.device)
    if chosen.dtype.is_floating_point or chosen.dtype == torch.bool or chosen.shape not in ((), (samples,)):
        raise ValueError(
            f"The target must be a class, one integer for all or a tensor of {samples} integers, or a float tensor of "
            f"output weights of shape {(samples, classes)}; got {target!r}."
        )
    if bool(((chosen < 0) | (chosen >= classes)).any()):
        raise ValueError(f"The model has the classes 0 to {classes - 1}, but the target is {target!r}.")
    return torch.nn.functional.one_hot(chosen.long().expand(samples), classes).to(scores.dtype)


def as_scores(output: Any, samples: int) -> Tensor:
    """The model's output as scores of shape (sample, ...); one score a sample gets a class of its own."""
    if not isinstance(output, Tensor):
        raise ValueError(
            f"The model must give one tensor of scores, got {type(output).__name__}. Give a function as target that "
            "takes the scores out of it: target=lambda output: output['logits'][:, 1]."
        )
    if output.ndim == 0 or output.shape[0] != samples:
        raise ValueError(f"The output has shape {tuple(output.shape)}, expected one row for each of {samples} samples.")
    return output.unsqueeze(1) if output.ndim == 1 else output


def _of(scores: Tensor, a: int) -> Tensor:
    """The score of one class."""
    if scores.ndim != 2 or not 0 <= a < scores.shape[1]:
        raise ValueError(f"The target names the class {a}, but the model's scores have shape {tuple(scores.shape)}.")
    return scores[:, a]
