"""Layers in which every value meets every other: the multilayer perceptron."""

import itertools
import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from biox.core.errors import InputError


class Stretched(nn.Module):
    """A linear layer that learns as if its input were gain * (x - centre); it is still linear in x itself."""

    def __init__(self, inputs: int, outputs: int, gain: float, centre: float) -> None:
        super().__init__()
        plain = nn.Linear(inputs, outputs)
        self.weight, self.bias = plain.weight, plain.bias
        self.gain, self.centre = gain, centre

    def forward(self, x: Float[Tensor, "sample feature"]) -> Float[Tensor, "sample output"]:
        """W gain (x - centre) + b, as one linear operation on x."""
        weight = self.gain * self.weight
        return linear(x, weight, self.bias - self.centre * torch.sum(weight, dim=1))


def mlp(
    shape: tuple[int, ...],
    classes: int,
    *,
    hidden: tuple[int, ...] = (768, 768),
    dropout: float = 0.0,
    gain: float = 1.0,
    centre: float = 0.0,
) -> nn.Module:
    """A fully connected network with ReLU after each hidden layer.

    Takes (sample, *shape), gives logits (sample, classes). The default widths are those of Slijepcevic et al. 2021
    (606-768-768-C). ``dropout`` is the share of hidden values left out while training. ``gain`` and ``centre``: the
    first layer learns as if it saw gain * (x - centre), which helps where the input is not centred, as after min-max.
    """
    if not 0 <= dropout < 1 or min(hidden, default=1) < 1:
        raise InputError(f"mlp wants widths of at least 1 and 0 <= dropout < 1, got {hidden} and {dropout}.")
    widths = (math.prod(shape), *hidden, classes)
    layers: list[nn.Module] = [nn.Linear(inputs, outputs) for inputs, outputs in itertools.pairwise(widths)]
    if (gain, centre) != (1.0, 0.0):
        layers[0] = Stretched(widths[0], widths[1], gain, centre)
    after = (nn.ReLU(), nn.Dropout(dropout)) if dropout else (nn.ReLU(),)
    blocks = itertools.chain(*((layer, *after) for layer in layers[:-1]))
    return nn.Sequential(nn.Flatten(), *blocks, layers[-1])
