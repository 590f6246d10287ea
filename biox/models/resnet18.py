"""The residual network of 18 layers (He et al. 2016), with the names that torchvision gives its weights."""

from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from biox.core.errors import InputError
from biox.models._weights import load_weights


class Block(nn.Module):
    """Two convolutions and a way around them: the block learns what to add to its input."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        same = inputs == outputs and stride == 1
        around = (nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.downsample = nn.Identity() if same else nn.Sequential(*around)

    def forward(self, x: Float[Tensor, "sample filter y x"]) -> Float[Tensor, "sample filter y x"]:
        """The sum of both ways."""
        inner = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(inner)) + self.downsample(x))


class ResNet18(nn.Module):
    """A stem, four layers of two blocks each, the mean over all places, and one dense layer."""

    def __init__(self, inputs: int, classes: int, widths: tuple[int, ...], small: bool) -> None:
        super().__init__()
        kernel, stride = (3, 1) if small else (7, 2)
        self.conv1 = nn.Conv2d(inputs, widths[0], kernel, stride, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.small = small
        self.layer1 = _layer(widths[0], widths[0], 1)
        self.layer2 = _layer(widths[0], widths[1], 2)
        self.layer3 = _layer(widths[1], widths[2], 2)
        self.layer4 = _layer(widths[2], widths[3], 2)
        self.fc = nn.Linear(widths[3], classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Float[Tensor, "sample colour y x"]) -> Float[Tensor, "sample class"]:
        """Logits of each class."""
        stem = torch.relu(self.bn1(self.conv1(x)))
        stem = stem if self.small else max_pool2d(stem, 3, 2, 1)
        found = self.layer4(self.layer3(self.layer2(self.layer1(stem))))
        return self.fc(found.mean((2, 3)))


def resnet18(
    shape: tuple[int, ...],
    classes: int,
    *,
    stem: Literal["large", "small"] = "large",
    widths: tuple[int, int, int, int] = (64, 128, 256, 512),
    weights: Path | None = None,
) -> nn.Module:
    """Eighteen layers that add to what came before; the answer is a mean over the picture, wherever something lies.

    Takes (sample, colour, height, width), gives logits (sample, classes). ``stem``: "large" as published (7 x 7, a
    quarter of the resolution at once), "small" for tiles of about 64 pixels or less (3 x 3, full resolution).
    ``weights``: a safetensors file with torchvision's names; its last layer is replaced, all else must fit.
    Samples that are no pictures, and weights of another network, are an InputError.
    """
    if len(shape) != 3 or min(widths) < 1:
        raise InputError(
            f"resnet18 wants samples of shape (colour, height, width), widths >= 1; got shape {shape}, widths {widths}."
        )
    network = ResNet18(shape[0], classes, widths, stem == "small")
    if weights is not None:
        load_weights(network, weights, f"resnet18 with stem {stem!r} and widths {widths}", spare="fc")
    return network


def _layer(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(Block(inputs, outputs, stride), Block(outputs, outputs, 1))
