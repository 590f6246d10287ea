"""Relevance of VGG16, ResNet18 and ResNet50 as torchvision writes them equals zennit's, in double precision.

The residual sums of these ResNets are statements, no modules; zennit needs its canonisers to see them, the capture not.
"""

import pytest
import torch
from torch import nn

from biox import lrp

from . import networks, peers

pytestmark = pytest.mark.slow
LOW, HIGH = -3.0, 3.0


@pytest.fixture(scope="module", params=["vgg16", "resnet18", "resnet50"])
def pair(request) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    """The model, the same merged by zennit, and two small images."""
    models = peers.module("torchvision.models")
    torch.manual_seed(5)
    model = getattr(models, request.param)(num_classes=10)
    networks.with_mild_statistics(model).double().eval()
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64).clamp(LOW, HIGH)
    return model, peers.merged(model), x


def difference(pair, name: str, theirs, *, from_one: bool = False) -> float:
    model, merged, x = pair
    expected = peers.hooked(merged, x, 3, theirs, from_one=from_one)
    ours = lrp.relevance(model, x, 3, name, low=LOW, high=HIGH)
    size = float(expected.abs().max())
    assert size > 0
    return float((ours - expected).abs().max()) / size


@pytest.mark.parametrize("name", ["epsilon", "zplus-wsquare"])
def test_our_composites_equal_the_same_rules_of_zennit(pair, name):
    assert difference(pair, name, peers.composite(name, LOW, HIGH)) <= 1e-10


@pytest.mark.parametrize("name", peers.SHIPPED)
def test_the_composites_that_zennit_ships_are_ours(pair, name):
    theirs = peers.shipped(name, LOW, HIGH)
    assert difference(pair, name, theirs, from_one=name in peers.FROM_ONE) <= 1e-10
