"""A network that was trained elsewhere, with a new last layer for the classes at hand."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

from torch import nn

from biox.models._encoder import AUTO, encoder_of


def pretrained(  # noqa: PLR0913 - the options of a study file
    shape: tuple[int, ...],
    classes: int,
    *,
    make: str,
    arguments: dict[str, Any] | None = None,
    weights: Path | None = None,
    head: str = AUTO,
    frozen: bool = False,
    dropout: float = 0.0,
) -> nn.Module:
    """What a network has learnt from other pictures, used for these: its features, and a new layer that decides.

    Takes (sample, *shape), gives logits (sample, classes). ``make``: a model of biox, or ``module:callable``, such as
    ``timm:create_model`` or ``torchvision.models:resnet50``; ``arguments``: what it is called with. ``weights``: a
    local safetensors file; nothing is ever downloaded. ``head``: the linear layer to be replaced, found by itself
    unless named; "append" keeps all layers. ``frozen``: only the new layer learns, BatchNorm keeps its means.
    ``dropout``: of the features. A network, arguments, weights or shape that do not fit are an InputError.
    """
    encoder, features = encoder_of(make, arguments, weights, head, frozen, shape)
    head_layer = nn.Linear(features, classes)
    layers = [("encoder", encoder), ("dropout", nn.Dropout(dropout)), ("head", head_layer)]
    return nn.Sequential(OrderedDict(layers))
