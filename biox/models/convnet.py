"""Filters that slide along the curve and see all channels at once: a small network for aligned curves."""

from itertools import pairwise

from torch import nn

from biox.core.errors import InputError


def convnet(
    shape: tuple[int, ...],
    classes: int,
    *,
    widths: tuple[int, ...] = (32, 64),
    kernel: int = 9,
    pool: int = 3,
    dropout: float = 0.5,
) -> nn.Module:
    """Each block looks at a short stretch of all channels, then halves or thirds the curve; a linear layer decides.

    Takes (sample, channel, point), gives logits (sample, classes). A block is convolution, BatchNorm, ReLU and average
    pooling over ``pool`` points. Positions are kept to the end, because a moment of stance means the same in everyone.
    A curve shorter than ``pool`` to the power of the number of blocks, or an even ``kernel``, is an InputError.
    """
    if len(shape) != 2 or shape[1] < pool ** len(widths) or kernel % 2 == 0:
        raise InputError(
            f"convnet wants samples of shape (channel, point) with at least {pool ** len(widths)} points and an odd "
            f"kernel, got shape {shape} and kernel {kernel}."
        )
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise((shape[0], *widths)):
        convolution = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)
        layers += [convolution, nn.BatchNorm1d(outputs), nn.ReLU(), nn.AvgPool1d(pool)]
    length = shape[1]
    for _ in widths:
        length //= pool
    features = length * (widths[-1] if widths else shape[0])
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(features, classes))
