"""Every rule equals its textbook equation, on every kind of layer, for inputs of either sign."""

import pytest
import torch
from torch import nn

from biox import lrp
from biox.lrp import Composite, Entry, rules
from biox.lrp.layers import Dense, Layer
from biox.lrp.propagate import Site, propagate

from . import networks, textbook

LAYERS = {
    "linear": (lambda: nn.Linear(7, 5), (7,)),
    "linear-no-bias": (lambda: nn.Linear(7, 5, bias=False), (7,)),
    "conv1d-stride": (lambda: nn.Conv1d(2, 4, 3, stride=2, padding=2), (2, 9)),
    "conv1d-same-even": (lambda: nn.Conv1d(2, 3, 4, padding="same", dilation=2), (2, 9)),
    "conv1d-valid": (lambda: nn.Conv1d(2, 3, 4, padding="valid"), (2, 9)),
    "conv1d-circular": (lambda: nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular"), (2, 6)),
    "conv2d-groups": (lambda: nn.Conv2d(4, 6, 3, padding=1, groups=2), (4, 5, 4)),
    "conv2d-depthwise": (lambda: nn.Conv2d(3, 6, (3, 2), stride=(2, 1), groups=3, bias=False), (3, 6, 5)),
    "conv2d-reflect": (lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), (2, 4, 4)),
}
EPS = 0.05  # large, so that a misplaced stabiliser shows
PAIRS = {
    "epsilon": (rules.epsilon(EPS), lambda _: textbook.epsilon(EPS)),
    "gamma": (rules.gamma(0.3, EPS), lambda _: textbook.gamma(0.3, EPS)),
    "zplus": (rules.zplus(EPS), lambda _: textbook.alpha_beta(1, 0, EPS)),
    "alpha2-beta1": (rules.alpha_beta(2, 1, EPS), lambda _: textbook.alpha_beta(2, 1, EPS)),
    "alpha1.5-beta0.5": (rules.alpha_beta(1.5, 0.5, EPS), lambda _: textbook.alpha_beta(1.5, 0.5, EPS)),
    "wsquare": (rules.wsquare(EPS), lambda seen: textbook.wsquare(seen, EPS)),
    "flat": (rules.flat(EPS), lambda seen: textbook.flat(seen, EPS)),
    "box": (rules.box(EPS), lambda _: textbook.box(-2.0, 3.0, EPS)),
}


def everywhere(rule: rules.Rule) -> Composite:
    return Composite((Entry(rule),), stabiliser=EPS)


@pytest.mark.parametrize("positive", [True, False], ids=["positive", "signed"])
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("layer", LAYERS)
def test_rule_equals_its_textbook_equation(layer, name, positive):
    torch.manual_seed(1)
    make, shape = LAYERS[layer]
    model, (rule, written) = make().double(), PAIRS[name]
    x = torch.randn(3, *shape, dtype=torch.float64)
    x = x.abs() if positive else x
    weights = torch.randn_like(model(x))
    start = weights * model(x)
    if "padding_mode" in layer or layer.endswith(("circular", "reflect")):
        # Copies of border values belong to the padding, not to the layer: relevance of the copies adds up.
        padded = nn.functional.pad(x, model._reversed_padding_repeated_twice, mode=model.padding_mode).requires_grad_()
        bare = unpadded(model)
        inner = textbook.explained(bare, padded.detach(), written(textbook.connections(bare, padded.detach())), start)
        expected = gathered(x, model, inner)
    else:
        expected = textbook.explained(model, x, written(textbook.connections(model, x)), start)
    found = lrp.relevance(model, x, weights, everywhere(rule), low=-2.0, high=3.0)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-10, atol=1e-12)


def unpadded(layer: nn.Module) -> nn.Module:
    bare = type(layer)(layer.in_channels, layer.out_channels, layer.kernel_size).double()
    bare.load_state_dict(layer.state_dict())
    return bare


def gathered(x, layer, relevance):
    x = x.clone().requires_grad_()
    padded = nn.functional.pad(x, layer._reversed_padding_repeated_twice, mode=layer.padding_mode)
    return torch.autograd.grad(padded, x, relevance)[0]


@pytest.mark.parametrize("positive", [True, False], ids=["positive", "signed"])
@pytest.mark.parametrize("upper", [name for name in PAIRS if name != "box"])
@pytest.mark.parametrize("lower", PAIRS)
def test_rules_stay_exact_below_each_other_and_below_relu(lower, upper, positive):
    """Silent ReLUs take part in w^2 and flat rules above; the shortcuts of the other rules must not ignore that."""
    torch.manual_seed(2)
    first, second = nn.Linear(6, 8).double(), nn.Linear(8, 3).double()
    model = nn.Sequential(first, nn.ReLU(), second)
    x = torch.randn(4, 6, dtype=torch.float64)
    x = x.abs() if positive else x
    hidden = torch.relu(first(x)).detach()
    composite = Composite((Entry(PAIRS[lower][0], name="0"), Entry(PAIRS[upper][0], name="2")))
    start = torch.nn.functional.one_hot(torch.tensor(1), 3) * model(x).detach()
    middle = textbook.explained(second, hidden, PAIRS[upper][1](textbook.connections(second, hidden)), start)
    expected = textbook.explained(first, x, PAIRS[lower][1](textbook.connections(first, x)), middle)
    found = lrp.relevance(model, x, 1, composite, low=-2.0, high=3.0)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_gamma_gives_nothing_from_an_output_of_exactly_zero():
    layer = nn.Linear(2, 1, bias=False).double()
    nn.init.constant_(layer.weight, 1.0)
    x = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    site = Site(Layer("linear", "", Dense(), layer.weight, None), x, layer(x).detach(), False, False, None)
    assert propagate(rules.gamma(0.5), site, torch.ones(1, 1, dtype=torch.float64)).abs().max() == 0


def test_tiny_lowering_contributions_keep_their_share_in_single_precision():
    """The lowering sum is output minus raising sum; where it drowns in rounding its sign must not turn."""
    torch.manual_seed(0)
    x, weight = torch.rand(200, 50), torch.rand(1, 50)
    weight[0, 0] = -1e-9
    layer = nn.Linear(50, 1, bias=False)
    layer.weight.data = weight
    found = lrp.relevance(layer, x, 0, everywhere(rules.alpha_beta(2, 1)))
    shares = textbook.explained(
        layer.double(), x.double(), textbook.alpha_beta(2, 1, 1e-6), layer.double()(x.double()).detach()
    )
    assert bool((shares[:, 0] < 0).all())
    assert bool((found[:, 0] <= 0).all())


def test_epsilon_zero_divides_exactly_and_gives_nothing_for_a_zero_output():
    layer = nn.Linear(2, 2, bias=False).double()
    layer.weight.data = torch.tensor([[1.0, -1.0], [1.0, 2.0]], dtype=torch.float64)
    x = torch.ones(1, 2, dtype=torch.float64)
    found = lrp.relevance(layer, x, torch.ones(1, 2), lrp.composite("epsilon", eps=0.0))
    assert torch.equal(found, torch.tensor([[1.0, 2.0]], dtype=torch.float64))


def test_batch_norm_joins_the_layer_before_it_as_if_merged_by_hand():
    torch.manual_seed(5)
    conv, norm = nn.Conv1d(2, 3, 3), nn.BatchNorm1d(3)
    model = networks.with_random_statistics(nn.Sequential(conv, norm, nn.ReLU(), nn.Flatten(), nn.Linear(21, 2)))
    model = model.double().eval()
    merged = nn.Sequential(nn.Conv1d(2, 3, 3), *list(model)[2:]).double()
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    merged[0].weight.data = conv.weight * scale[:, None, None]
    merged[0].bias.data = (conv.bias - norm.running_mean) * scale + norm.bias
    x = torch.randn(4, 2, 9, dtype=torch.float64)
    for name in lrp.NAMES:
        ours = lrp.relevance(model, x, 1, name, low=-3.0, high=3.0)
        by_hand = lrp.relevance(merged, x, 1, name, low=-3.0, high=3.0)
        torch.testing.assert_close(ours, by_hand, rtol=1e-10, atol=1e-12)


def test_a_lone_batch_norm_is_a_scaling_layer_by_the_textbook():
    torch.manual_seed(6)
    norm = networks.with_random_statistics(nn.Sequential(nn.BatchNorm1d(4))).double().eval()
    x = torch.randn(3, 4, dtype=torch.float64)
    weights = torch.randn(3, 4, dtype=torch.float64)
    for name in ("epsilon", "gamma", "alpha2-beta1"):
        rule, written = PAIRS[name]
        expected = textbook.explained(norm, x, written(torch.eye(4)), weights * norm(x))
        found = lrp.relevance(norm, x, weights, everywhere(rule))
        torch.testing.assert_close(found, expected.detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: rules.alpha_beta(2, 0.5), "alpha - beta = 1"),
        (lambda: rules.alpha_beta(0.5, -0.5), "beta >= 0"),
        (lambda: rules.gamma(-1), "gamma must be"),
        (lambda: rules.epsilon(-1e-6), "eps of epsilon"),
        (lambda: rules.epsilon(float("nan")), "eps of epsilon"),
    ],
)
def test_impossible_options_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
