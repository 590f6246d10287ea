"""The convolutional network of Slijepcevic et al. 2021, over the channels written one after the other."""

import math
from itertools import pairwise

from torch import nn

from biox.core.errors import InputError

WIDTHS = (1, 24, 32, 48)
KERNELS = (8, 8, 6)
STRIDES = (2, 2, 3)


def cnn1d(shape: tuple[int, ...], classes: int) -> nn.Module:
    """Three layers of filters slide along the flattened (channel-major) signal, then one linear layer decides.

    Takes (sample, *shape), gives logits (sample, classes). Kernels 8, 8, 6; filters 24, 32, 48; strides 2, 2, 3; ReLU
    after each (Slijepcevic et al. 2021). The flattened input needs at least 42 values; fewer are an InputError.
    """
    length = math.prod(shape)
    for kernel, stride in zip(KERNELS, STRIDES, strict=True):
        length = (length - kernel) // stride + 1
        if length < 1:
            raise InputError(f"cnn1d needs at least 42 input values a sample, got {math.prod(shape)}; try 'mlp'.")
    layers: list[nn.Module] = []
    for (inputs, outputs), kernel, stride in zip(pairwise(WIDTHS), KERNELS, STRIDES, strict=True):
        layers += [nn.Conv1d(inputs, outputs, kernel, stride), nn.ReLU()]
    one_channel = (nn.Flatten(), nn.Unflatten(1, (1, math.prod(shape))))
    return nn.Sequential(*one_channel, *layers, nn.Flatten(), nn.Linear(length * WIDTHS[-1], classes))
