"""Relevance equals zennit's, an independent implementation, in double precision.

zennit's ``BetaSmooth`` has no counterpart here: it replaces the gradient of ReLU by that of a softplus for those who
take derivatives of explanations (Dombrowski et al. 2019); it hands down no relevance and explains nothing by itself.
"""

import pytest
import torch
from torch import nn

from biox import lrp
from biox.lrp import Composite, Entry, rules

from . import networks, peers

NETWORKS = {
    "mlp": (networks.mlp, (20,)),
    "gait-cnn": (networks.gait_cnn, (6, 101)),
    "cnn-2d": (networks.cnn_2d, (3, 16, 16)),
}
LOW, HIGH = -4.0, 5.0


def made(network: str, bias: bool = True) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(3)
    make, shape = NETWORKS[network]
    return make(bias).double().eval(), torch.randn(4, *shape, dtype=torch.float64)


def assert_same(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    size = float(theirs.abs().max())
    assert size > 1e-6
    assert float((ours - theirs).abs().max()) <= 1e-10 * size


@pytest.mark.parametrize("name", peers.NAMES)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_composite_equals_zennit(network, name):
    model, x = made(network)
    theirs = peers.relevance(model, x, 1, peers.composite(name, LOW, HIGH))
    assert_same(lrp.relevance(model, x, 1, name, low=LOW, high=HIGH), theirs)


# Here zennit gives the box rule to a first convolution only, of which the MLP has none.
PAIRS = [(net, name) for net in NETWORKS for name in peers.SHIPPED if (net, name) != ("mlp", "epsilon-gamma-box")]


@pytest.mark.parametrize(("network", "name"), PAIRS)
def test_every_composite_that_zennit_ships_is_one_of_ours(network, name):
    model, x = made(network)
    theirs = peers.hooked(peers.merged(model), x, 1, peers.shipped(name, LOW, HIGH), from_one=name in peers.FROM_ONE)
    assert_same(lrp.relevance(model, x, 1, name, low=LOW, high=HIGH), theirs)


RULES = {
    "epsilon-0": (lambda: rules.epsilon(0.0), lambda z: z.Epsilon(0.0)),
    "epsilon-0.1": (lambda: rules.epsilon(0.1), lambda z: z.Epsilon(0.1)),
    "zplus": (lambda: rules.zplus(1e-3), lambda z: z.ZPlus(1e-3)),
    "zplus-without-bias": (lambda: rules.excitation(1e-3), lambda z: z.ZPlus(1e-3, zero_params="bias")),
    "alpha-2-beta-1": (lambda: rules.alpha_beta(2, 1, 1e-3), lambda z: z.AlphaBeta(2, 1, 1e-3)),
    "alpha-3.5-beta-2.5": (lambda: rules.alpha_beta(3.5, 2.5, 1e-3), lambda z: z.AlphaBeta(3.5, 2.5, 1e-3)),
    "gamma-0.25": (lambda: rules.gamma(0.25, 1e-3), lambda z: z.Gamma(0.25, 1e-3)),
    "gamma-10": (lambda: rules.gamma(10.0, 1e-3), lambda z: z.Gamma(10.0, 1e-3)),
    "flat": (lambda: rules.flat(1e-3), lambda z: z.Flat(1e-3)),
    "wsquare": (lambda: rules.wsquare(1e-3), lambda z: z.WSquare(1e-3, zero_params="bias")),
    "box": (lambda: rules.box(1e-3), lambda z: z.ZBox(LOW, HIGH, 1e-3)),
}


@pytest.mark.parametrize("rule", [name for name in RULES if name != "box"])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_rule_in_every_layer_equals_zennit(network, rule):
    model, x = made(network)
    ours, theirs = RULES[rule]
    one = theirs(peers.zennit().rules)
    expected = peers.relevance(model, x, 1, peers.layered(one, one))
    assert_same(lrp.relevance(model, x, 1, Composite((Entry(ours()),))), expected)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_rule_in_the_layer_of_input_equals_zennit(network, rule):
    model, x = made(network)
    ours, theirs = RULES[rule]
    z = peers.zennit().rules
    expected = peers.relevance(model, x, 1, peers.layered(z.Epsilon(1e-6), z.Epsilon(1e-6), theirs(z)))
    found = Composite((Entry(ours(), first=True), Entry(rules.epsilon(1e-6))))
    assert_same(lrp.relevance(model, x, 1, found, low=LOW, high=HIGH), expected)


def test_pooling_follows_the_norm_rule_with_a_stabiliser_of_its_own():
    model, x = made("cnn-2d")
    z = peers.zennit().rules
    expected = peers.relevance(model, x, 1, peers.layered(z.Epsilon(1e-6), z.Epsilon(1e-6), stabiliser=0.1))
    assert_same(lrp.relevance(model, x, 1, lrp.composite("epsilon", stabiliser=0.1)), expected)


@pytest.mark.parametrize(("ours", "theirs"), [(rules.passing(), "Pass"), (rules.epsilon(1e-6), "Epsilon")])
def test_a_batchnorm_that_is_a_layer_of_its_own_equals_zennit_without_its_canoniser(ours, theirs):
    model, x = made("cnn-2d")
    z = peers.zennit()
    rule, plain = getattr(z.rules, theirs)(), z.rules.Epsilon(1e-6)
    expected = peers.hooked(model, x, 1, peers.layered(plain, plain, others=[(z.types.BatchNorm, rule)]))
    composite = Composite((Entry(ours, kind="batch_norm"), Entry(rules.epsilon(1e-6))), fold_batchnorm=False)
    assert_same(lrp.relevance(model, x, 1, composite), expected)
