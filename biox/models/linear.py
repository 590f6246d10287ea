"""One weight for each input value and class: the simplest network, trained by gradient descent."""

import math

from torch import nn


def linear(shape: tuple[int, ...], classes: int) -> nn.Module:
    """Each class scores a weighted sum of all input values.

    Takes (sample, *shape), gives logits (sample, classes); softmax regression without a solver.
    """
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), classes))
