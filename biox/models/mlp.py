"""Layers in which every value meets every other: the multilayer perceptron."""

import itertools
import math

from torch import nn

from biox.core.errors import InputError


def mlp(
    shape: tuple[int, ...], classes: int, *, hidden: tuple[int, ...] = (768, 768), dropout: float = 0.0
) -> nn.Module:
    """A fully connected network with ReLU after each hidden layer.

    Takes (sample, *shape), gives logits (sample, classes). The default widths are those of Slijepcevic et al. 2021
    (606-768-768-C). ``dropout`` is the share of hidden values left out while training.
    """
    if not 0 <= dropout < 1 or min(hidden, default=1) < 1:
        raise InputError(f"mlp wants widths of at least 1 and 0 <= dropout < 1, got {hidden} and {dropout}.")
    widths = (math.prod(shape), *hidden)
    blocks = [
        (nn.Linear(inputs, outputs), nn.ReLU(), *([nn.Dropout(dropout)] if dropout else []))
        for inputs, outputs in itertools.pairwise(widths)
    ]
    return nn.Sequential(nn.Flatten(), *itertools.chain(*blocks), nn.Linear(widths[-1], classes))
