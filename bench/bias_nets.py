"""The small network of the bias laboratory: convolutions that skip every other pixel, so that a study takes seconds."""

from itertools import pairwise

from torch import nn


def strided(
    shape: tuple[int, ...], classes: int, *, widths: tuple[int, ...] = (12, 24, 32), dropout: float = 0.2
) -> nn.Module:
    """Takes (sample, 3, height, width), gives logits (sample, classes); each layer halves the picture."""
    layers: list[nn.Module] = []
    height, width = shape[1:]
    for k, (inputs, outputs) in enumerate(pairwise((shape[0], *widths))):
        size = 5 if k == 0 else 3
        layers += [nn.Conv2d(inputs, outputs, size, 2, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        height, width = -(-height // 2), -(-width // 2)
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(widths[-1] * height * width, classes))
