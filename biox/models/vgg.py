"""A small network in the manner of VGG: convolutions of 3 x 3 pixels, and each block halves the picture."""

from collections import OrderedDict
from itertools import pairwise

from torch import nn

from biox.core.errors import InputError


def vgg(
    shape: tuple[int, ...],
    classes: int,
    *,
    widths: tuple[tuple[int, ...], ...] = ((16,), (32,), (32,), (64, 64)),
    hidden: tuple[int, ...] = (64,),
    dropout: float = 0.5,
    batchnorm: bool = True,
) -> nn.Module:
    """Each block looks for patterns of what the block before it found, in a picture of half the size.

    Takes (sample, colour, height, width), gives logits (sample, classes). ``widths``: for each block the filters of its
    convolutions; a block ends with max pooling over 2 x 2. Then dense layers of ``hidden`` units with dropout, and one
    of the classes. Positions are kept to the end (Simonyan and Zisserman 2015), so the network can learn where in a
    tile something must lie. A picture that cannot be halved so often is an InputError.
    """
    smallest = 2 ** len(widths)
    if len(shape) != 3 or min(shape[1:]) < smallest or not all(widths) or not 0 <= dropout < 1:
        raise InputError(
            f"vgg wants samples of shape (colour, height, width) of at least {smallest} x {smallest} pixels, filters "
            f"in every block, and 0 <= dropout < 1; got shape {shape}, widths {widths} and dropout {dropout}."
        )
    blocks: OrderedDict[str, nn.Module] = OrderedDict()
    inputs, (height, width) = shape[0], shape[1:]
    for k, filters in enumerate(widths, start=1):
        blocks[f"block{k}"] = nn.Sequential(*_block((inputs, *filters), batchnorm), nn.MaxPool2d(2))
        inputs, height, width = filters[-1], height // 2, width // 2
    sizes = (inputs * height * width, *hidden)
    dense: list[nn.Module] = []
    for before, after in pairwise(sizes):
        dense += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
    blocks["dense"] = nn.Sequential(nn.Flatten(), *dense)
    blocks["head"] = nn.Linear(sizes[-1], classes)
    return nn.Sequential(blocks)


def _block(widths: tuple[int, ...], batchnorm: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        norm = (nn.BatchNorm2d(outputs),) if batchnorm else ()
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=not batchnorm), *norm, nn.ReLU()]
    return layers
