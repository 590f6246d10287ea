"""Every rule equals its textbook equation, on every kind of layer, for inputs of either sign."""

import dataclasses

import pytest
import torch
from torch import nn

from biox import lrp
from biox.lrp import Composite, Entry, rules
from biox.lrp.convolutions import Convolution, TransposedConvolution
from biox.lrp.layers import Dense, Layer
from biox.lrp.propagate import Site, propagate, taken_by_bias

from . import networks, textbook

LAYERS = {
    "linear": (lambda: nn.Linear(7, 5), (7,)),
    "linear-no-bias": (lambda: nn.Linear(7, 5, bias=False), (7,)),
    "conv1d-stride": (lambda: nn.Conv1d(2, 4, 3, stride=2, padding=2), (2, 9)),
    "conv1d-same-even": (lambda: nn.Conv1d(2, 3, 4, padding="same", dilation=2), (2, 9)),
    "conv1d-same-uneven": (lambda: nn.Conv1d(2, 3, 4, padding="same"), (2, 9)),
    "conv1d-valid": (lambda: nn.Conv1d(2, 3, 4, padding="valid"), (2, 9)),
    "conv1d-circular": (lambda: nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular"), (2, 6)),
    "conv2d-groups": (lambda: nn.Conv2d(4, 6, 3, padding=1, groups=2), (4, 5, 4)),
    "conv2d-depthwise": (lambda: nn.Conv2d(3, 6, (3, 2), stride=(2, 1), groups=3, bias=False), (3, 6, 5)),
    "conv3d": (lambda: nn.Conv3d(2, 3, 2, stride=(1, 2, 1), padding=(0, 1, 1)), (2, 3, 4, 2)),
    "transposed1d": (lambda: nn.ConvTranspose1d(3, 4, 3, stride=2, padding=1, output_padding=1, groups=1), (3, 5)),
    "transposed1d-dilation": (lambda: nn.ConvTranspose1d(2, 3, 2, dilation=3, output_padding=2), (2, 5)),
    "transposed2d-groups": (lambda: nn.ConvTranspose2d(4, 6, (3, 2), stride=(2, 1), groups=2), (4, 3, 4)),
    "transposed3d": (lambda: nn.ConvTranspose3d(2, 3, 2, stride=2, padding=(0, 1, 0), bias=False), (2, 2, 3, 2)),
    "conv2d-reflect": (lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), (2, 4, 4)),
}
EPS = 0.05  # large, so that a misplaced stabiliser shows
PAIRS = {
    "epsilon": (rules.epsilon(EPS), lambda _: textbook.epsilon(EPS)),
    "gamma": (rules.gamma(0.3, EPS), lambda _: textbook.gamma(0.3, EPS)),
    "zplus": (rules.zplus(EPS), lambda _: textbook.alpha_beta(1, 0, EPS)),
    "alpha2-beta1": (rules.alpha_beta(2, 1, EPS), lambda _: textbook.alpha_beta(2, 1, EPS)),
    "alpha1.5-beta0.5": (rules.alpha_beta(1.5, 0.5, EPS), lambda _: textbook.alpha_beta(1.5, 0.5, EPS)),
    "alpha1.5-beta0.5-no-bias": (
        rules.without_bias(rules.alpha_beta(1.5, 0.5, EPS)),
        lambda _: textbook.without_bias(textbook.alpha_beta(1.5, 0.5, EPS)),
    ),
    "excitation": (rules.excitation(EPS), lambda _: textbook.without_bias(textbook.alpha_beta(1, 0, EPS))),
    "norm": (rules.norm(EPS), lambda _: textbook.without_bias(textbook.epsilon(EPS))),
    "gradient": (rules.gradient(), lambda _: textbook.gradient),
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


def site_of(layer: nn.Module, x: torch.Tensor, *, rectified: bool) -> Site:
    """What ``layer`` saw, as the capture would note it; ``rectified``: a ReLU follows it."""
    output = layer(x).detach()
    if isinstance(layer, nn.Linear):
        operator = Dense()
    elif isinstance(layer, nn.ConvTranspose2d):
        operator = TransposedConvolution(
            layer.stride, layer.padding, layer.output_padding, layer.dilation, layer.groups
        )
    else:
        operator = Convolution(layer.stride, layer.padding, layer.dilation, layer.groups)
    known = Layer("conv", "", operator, layer.weight, layer.bias)
    bounds = torch.full_like(x[:1], -2.0), torch.full_like(x[:1], 3.0)
    return Site(known, x, output.relu() if rectified else output, rectified, bool((x >= 0).all()), bounds)


def raised_and_lowered(site: Site) -> torch.Tensor:
    """Where something raises and something lowers the output, so that no sum of any rule is all stabiliser."""
    run, weight, x = site.layer.operator.forward, site.layer.weight.detach(), site.input
    raising = run(x.relu(), weight.relu(), None) + run((-x).relu(), (-weight).relu(), None)
    lowering = run(x.relu(), (-weight).relu(), None) + run((-x).relu(), weight.relu(), None)
    return torch.minimum(raising, lowering) > 1e-3


SITES = {
    "linear": (lambda: nn.Linear(7, 5), (7,)),
    "rows": (lambda: nn.Linear(7, 5), (4, 7)),
    "conv2d-groups": (lambda: nn.Conv2d(4, 6, 3, padding=1, groups=2), (4, 5, 4)),
    "transposed2d": (lambda: nn.ConvTranspose2d(3, 4, 3, stride=2), (3, 3, 4)),
}


@pytest.mark.parametrize("rectified", [True, False], ids=["below-relu", "bare"])
@pytest.mark.parametrize("positive", [True, False], ids=["positive", "signed"])
@pytest.mark.parametrize("name", [name for name in PAIRS if name != "gradient"])
@pytest.mark.parametrize("layer", SITES)
def test_input_and_bias_together_take_all_that_arrives(layer, name, positive, rectified):
    """Without a stabiliser, what goes down and what the biases keep is what came, to the last digits."""
    torch.manual_seed(9)
    make, shape = SITES[layer]
    x, model = torch.randn(3, *shape, dtype=torch.float64), make().double()
    model.bias.data = torch.linspace(-0.3, 0.4, len(model.bias), dtype=torch.float64)
    site = site_of(model, x.abs() if positive else x, rectified=rectified)
    rule = dataclasses.replace(PAIRS[name][0], eps=1e-13)
    relevance = torch.rand_like(site.output) * (site.output != 0) * raised_and_lowered(site)
    bias, down = taken_by_bias(rule, site, relevance), propagate(rule, site, relevance)
    assert bias.shape == (3, len(model.bias))
    total = bias.sum(1) + down.expand(x.shape).flatten(1).sum(1)
    torch.testing.assert_close(total, relevance.flatten(1).sum(1), rtol=1e-8, atol=1e-8)
    keeps_some = any(term.bias is not None for share in rule.shares for term in share.terms)
    assert bool((bias != 0).any()) == keeps_some


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("layer", SITES)
def test_what_is_kept_serves_further_targets_unchanged(layer, name):
    torch.manual_seed(10)
    make, shape = SITES[layer]
    site, rule = site_of(make().double(), torch.randn(3, *shape, dtype=torch.float64), rectified=False), PAIRS[name][0]
    kept, first, second = {}, torch.randn_like(site.output), torch.randn_like(site.output)
    arriving = first.clone(), second.clone()
    found = [propagate(rule, site, one, kept) for one in (first, second)]
    assert torch.equal(first, arriving[0])
    assert torch.equal(second, arriving[1])
    for one, relevance in zip(found, (first, second), strict=True):
        torch.testing.assert_close(one, propagate(rule, site, relevance), rtol=1e-12, atol=1e-14)
    bias = taken_by_bias(rule, site, second, kept)
    torch.testing.assert_close(bias, taken_by_bias(rule, site, second), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", [name for name in PAIRS if name != "gradient"])
def test_half_precision_divides_in_single_precision_and_gives_back_its_own(name, dtype):
    """The weights stay in single precision, as under autocast; a stabiliser of 1e-6 must not vanish or overflow."""
    torch.manual_seed(11)
    layer, rule = nn.Linear(7, 5), dataclasses.replace(PAIRS[name][0], eps=1e-6)
    layer.weight.data.abs_(), layer.bias.data.abs_()  # nothing cancels out, so that only the division is at stake
    exact = site_of(layer, torch.rand(3, 7).to(dtype).float(), rectified=False)
    half = dataclasses.replace(exact, input=exact.input.to(dtype), output=exact.output.to(dtype))
    relevance = exact.output
    found = propagate(rule, half, relevance.to(dtype))
    assert found.dtype == dtype
    assert bool(found.isfinite().all())
    expected = propagate(rule, exact, relevance)
    assert (found.float() - expected).abs().max() < 0.02 * expected.abs().max()


def test_single_precision_layouts_agree_with_double_precision():
    """Channels last in memory, and several weights in one pass, are other ways to the same relevance."""
    torch.manual_seed(12)
    for make, shape in (
        (lambda: nn.Conv2d(3, 6, 3, stride=2, padding=1), (3, 9, 8)),
        (lambda: nn.Conv1d(1, 6, 8, stride=2), (1, 30)),
        (lambda: nn.Conv1d(4, 6, 3, groups=2), (4, 11)),
        (lambda: nn.ConvTranspose1d(4, 6, 3, stride=2), (4, 11)),
    ):
        x, layer = torch.randn(3, *shape, dtype=torch.float64), make().double()
        weights = torch.randn_like(layer(x))
        for rule, _ in PAIRS.values():
            exact = lrp.relevance(layer, x, weights, everywhere(rule), low=-5.0, high=5.0)
            found = lrp.relevance(layer.float(), x.float(), weights.float(), everywhere(rule), low=-5.0, high=5.0)
            assert found.is_contiguous()
            torch.testing.assert_close(found.double(), exact, rtol=1e-3, atol=1e-4)
            layer.double()


def test_batch_norm_joins_a_transposed_convolution():
    torch.manual_seed(13)
    conv, norm = nn.ConvTranspose1d(4, 6, 3, stride=2, groups=2), nn.BatchNorm1d(6)
    model = networks.with_random_statistics(nn.Sequential(conv, norm, nn.ReLU(), nn.Flatten(), nn.Linear(66, 2)))
    model, x = model.double().eval(), torch.randn(3, 4, 5, dtype=torch.float64)
    scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach()
    merged = nn.ConvTranspose1d(4, 6, 3, stride=2, groups=2).double()
    halves = [half * scale[3 * place : 3 * place + 3, None] for place, half in enumerate(conv.weight.split(2))]
    merged.weight.data = torch.cat(halves)
    merged.bias.data = (conv.bias - norm.running_mean) * scale + norm.bias
    by_hand = nn.Sequential(merged, *list(model)[2:])
    torch.testing.assert_close(by_hand(x), model(x))
    for name in ("epsilon", "epsilon-plus", "epsilon-gamma"):
        torch.testing.assert_close(lrp.relevance(model, x, 1, name), lrp.relevance(by_hand, x, 1, name))


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
        (lambda: rules.without_bias(rules.gamma()), "sign of the output"),
        (lambda: rules.epsilon(-1e-6), "eps of epsilon"),
        (lambda: rules.epsilon(float("nan")), "eps of epsilon"),
    ],
)
def test_impossible_options_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
