"""Relevance equals zennit's, an independent implementation, in double precision."""

import pytest
import torch
from torch import nn

from biox import lrp

from . import networks, peers

NETWORKS = {
    "mlp": (networks.mlp, (20,)),
    "gait-cnn": (networks.gait_cnn, (6, 101)),
    "cnn-2d": (networks.cnn_2d, (3, 16, 16)),
}


def made(network: str, bias: bool = True) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(3)
    make, shape = NETWORKS[network]
    return make(bias).double().eval(), torch.randn(4, *shape, dtype=torch.float64)


@pytest.mark.parametrize("name", peers.NAMES)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_composite_equals_zennit(network, name):
    model, x = made(network)
    theirs = peers.relevance(model, x, 1, peers.composite(name, -4.0, 5.0))
    ours = lrp.relevance(model, x, 1, name, low=-4.0, high=5.0)
    assert (ours - theirs).abs().max() <= 1e-10 * max(1.0, float(theirs.abs().max()))
    assert theirs.abs().max() > 1e-6
