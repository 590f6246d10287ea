"""Relevance by the epsilon rule equals captum's on VGG16, in double precision.

captum's conventions: the stabiliser has the sign of the output and + at 0, as ours. But it also divides at max pooling,
by the winner and a stabiliser, where relevance simply belongs to the winner; there its stabiliser is made vanish.
"""

import pytest
import torch
from torch import nn

from biox import lrp

from . import peers

EPS = 1e-6


def captum(model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
    rules = peers.module("captum.attr._utils.lrp_rules")
    for module in model.modules():
        if isinstance(module, nn.MaxPool2d):
            module.rule = rules.EpsilonRule(1e-100)
        elif isinstance(module, nn.Conv2d | nn.Linear | nn.AvgPool2d | nn.AdaptiveAvgPool2d):
            module.rule = rules.EpsilonRule(EPS)
    explainer = peers.module("captum.attr").LRP(model)
    return explainer.attribute(x.clone().requires_grad_(), target=target).detach()


class Small(nn.Module):
    """captum has no rule for ``nn.Flatten``, so it is a statement."""

    def __init__(self) -> None:
        super().__init__()
        self.pools = nn.ModuleList([nn.MaxPool2d(2), nn.AvgPool2d(2)])
        self.convolutions = nn.ModuleList([nn.Conv2d(3, 6, 3), nn.Conv2d(6, 8, 3)])
        self.activations = nn.ModuleList([nn.ReLU(), nn.ReLU()])
        self.head = nn.Linear(72, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for convolution, activation, pool in zip(self.convolutions, self.activations, self.pools, strict=True):
            x = pool(activation(convolution(x)))
        return self.head(x.flatten(1))


@pytest.mark.slow
def test_epsilon_on_vgg16_equals_captum():
    torch.manual_seed(5)
    model = peers.module("torchvision.models").vgg16(num_classes=10).double().eval()
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    ours = lrp.relevance(model, x, 3, lrp.composite("epsilon", eps=EPS, stabiliser=EPS))
    assert_same(ours, captum(model, x, 3))


def test_epsilon_on_a_small_network_equals_captum():
    torch.manual_seed(5)
    model = Small().double().eval()
    x = torch.randn(2, 3, 18, 18, dtype=torch.float64)
    ours = lrp.relevance(model, x, 3, lrp.composite("epsilon", eps=EPS, stabiliser=EPS))
    assert_same(ours, captum(model, x, 3))


def assert_same(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    size = float(theirs.abs().max())
    assert size > 0
    assert float((ours - theirs).abs().max()) <= 1e-10 * size
