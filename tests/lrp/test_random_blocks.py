"""Claims that hold for any network of convolutions, BatchNorms, residual sums and gates, drawn by hypothesis."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from biox import lrp
from biox.lrp import Composite, Entry

from . import networks, textbook
from .textbook_networks import (
    ACTIVATIONS,
    EPS,
    RULES,
    Step,
    activation,
    average,
    explained,
    linear,
    model_of,
    residual,
)

CHANNELS, POINTS = 2, 5
few = settings(max_examples=60, deadline=None)


def convolution(bias: bool, groups: int = 1) -> nn.Conv1d:
    return nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1, groups=groups, bias=bias)


def prepared(layer: nn.Module) -> nn.Module:
    return networks.with_random_statistics(layer).double().eval()


def squeezed(bias: bool) -> Step:
    """Squeeze and excitation: a gate a channel, made from the channels' means."""
    inner = nn.Linear(CHANNELS, CHANNELS, bias).double()
    return activation(lambda x: x * inner(x.mean(-1)).sigmoid().unsqueeze(-1))


def a_block(draw: st.DrawFn, rule: textbook.Rule, bias: bool, depth: int) -> list[Step]:
    kinds = ["convolution", "with batchnorm", "batchnorm alone", "gate"] + ["residual"] * (2 if depth else 0)
    kind = draw(st.sampled_from(kinds))
    function = activation(draw(st.sampled_from(ACTIVATIONS)))
    groups = draw(st.sampled_from([1, CHANNELS]))
    if kind == "convolution":
        return [linear(prepared(convolution(bias, groups)), rule), function]
    if kind == "with batchnorm":
        return [linear(prepared(nn.Sequential(convolution(bias, groups), nn.BatchNorm1d(CHANNELS))), rule), function]
    if kind == "batchnorm alone":
        return [function, linear(prepared(nn.BatchNorm1d(CHANNELS)), rule)]
    if kind == "gate":
        return [squeezed(bias)]
    inner = [step for _ in range(draw(st.integers(1, 2))) for step in a_block(draw, rule, bias, depth - 1)]
    return [residual([linear(prepared(convolution(bias)), rule), *inner], EPS)]


@st.composite
def drawn(draw: st.DrawFn):
    """Steps of a network, its composite, and data."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    bias = draw(st.booleans())
    ours, theirs = RULES[draw(st.sampled_from(sorted(RULES)))]
    blocks = [step for _ in range(draw(st.integers(1, 3))) for step in a_block(draw, theirs, bias, depth=2)]
    first, head = prepared(convolution(bias)), nn.Linear(CHANNELS, 2, bias).double()
    steps = [linear(first, theirs), *blocks, average(EPS), linear(head, theirs)]
    return steps, Composite((Entry(ours),), stabiliser=EPS), torch.randn(2, CHANNELS, POINTS).double()


@few
@given(drawn())
def test_equal_to_the_textbook(network):
    steps, composite, x = network
    found = []
    for one in x.split(1):
        score = model_of(steps)(one)
        found.append(explained(steps, one, score * torch.tensor([0.0, 1.0])))
    ours = lrp.relevance(model_of(steps), x, 1, composite)
    torch.testing.assert_close(ours, torch.cat(found).detach(), rtol=1e-8, atol=1e-10)


@few
@given(drawn(), st.permutations(range(2)))
def test_samples_are_explained_by_themselves(network, order):
    steps, composite, x = network

    def relevance(part: Tensor) -> Tensor:
        return lrp.relevance(model_of(steps), part, 1, composite)

    whole = relevance(x)
    torch.testing.assert_close(relevance(x[list(order)]), whole[list(order)], rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(torch.cat([relevance(one) for one in x.split(1)]), whole, rtol=1e-8, atol=1e-10)
