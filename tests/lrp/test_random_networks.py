"""Claims that hold for any small network: hypothesis draws the network, the rules and the data."""

import copy

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from biox import lrp

from . import networks, peers

sizes = st.integers(1, 4)


@st.composite
def convolutional(draw):
    """A network of one or two convolutions with BatchNorm and pooling drawn at random, and its input."""
    seed, channels = draw(st.integers(0, 2**16)), draw(sizes)
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    width = channels
    for _ in range(draw(st.integers(1, 2))):
        groups = draw(st.sampled_from([1, width]))
        kernel, stride, padding = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(0, 1))
        out = width * draw(st.integers(1, 2))
        layers.append(nn.Conv1d(width, out, kernel, stride, padding, groups=groups, bias=draw(st.booleans())))
        layers += [nn.BatchNorm1d(out)] if draw(st.booleans()) else []
        layers += [nn.ReLU(inplace=draw(st.booleans()))]
        layers += draw(st.sampled_from([[], [nn.MaxPool1d(2, padding=1)], [nn.AvgPool1d(2, padding=1)]]))
        width = out
    net = nn.Sequential(*layers, nn.Flatten())
    x = torch.randn(4, channels, 12, dtype=torch.float64)
    net = networks.with_random_statistics(net).double().eval()
    return nn.Sequential(*net, nn.Linear(net(x).shape[1], 3).double()), x


names = st.sampled_from(peers.NAMES)
few = settings(max_examples=60, deadline=None)


@few
@given(convolutional(), names)
def test_equal_to_zennit(network, name):
    model, x = network
    theirs = peers.relevance(model, x, 2, peers.composite(name, -5.0, 5.0))
    ours = lrp.relevance(model, x, 2, name, low=-5.0, high=5.0)
    torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-10)


def merged_by_hand(model: nn.Sequential) -> nn.Sequential:
    """The same network with each BatchNorm multiplied into the convolution before it."""
    layers: list[nn.Module] = []
    for layer in copy.deepcopy(model):
        if isinstance(layer, nn.BatchNorm1d):
            convolution = layers[-1]
            assert isinstance(convolution, nn.Conv1d)
            assert layer.running_var is not None
            scale = layer.weight.data / (layer.running_var + layer.eps).sqrt()
            before = 0.0 if convolution.bias is None else convolution.bias.data
            convolution.weight.data *= scale[:, None, None]
            convolution.bias = nn.Parameter(layer.bias.data + (before - layer.running_mean) * scale)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


@few
@given(convolutional(), names)
def test_a_batchnorm_folded_is_a_batchnorm_merged_by_hand(network, name):
    model, x = network
    ours = lrp.relevance(model, x, 2, name, low=-5.0, high=5.0)
    merged = lrp.relevance(merged_by_hand(model), x, 2, name, low=-5.0, high=5.0)
    torch.testing.assert_close(ours, merged, rtol=1e-7, atol=1e-10)


@few
@given(convolutional(), names, st.permutations(range(4)), st.integers(1, 3))
def test_samples_are_explained_by_themselves(network, name, order, cut):
    """Neither the order of samples nor how they are split into batches matters."""
    model, x = network

    def explained(part):
        return lrp.relevance(model, part, 1, name, low=-5.0, high=5.0)

    whole = explained(x)
    torch.testing.assert_close(explained(x[list(order)]), whole[list(order)], rtol=1e-7, atol=1e-10)
    torch.testing.assert_close(torch.cat([explained(x[:cut]), explained(x[cut:])]), whole, rtol=1e-7, atol=1e-10)


@few
@given(st.integers(0, 2**16), st.integers(1, 30), st.integers(1, 3), st.booleans())
def test_epsilon_conserves_in_any_dense_network_without_bias(seed, width, depth, residual):
    torch.manual_seed(seed)
    layers = [nn.Linear(width, width, bias=False).double() for _ in range(depth)]
    head = nn.Linear(width, 2, bias=False).double()

    def model(x):
        for layer in layers:
            h = torch.relu(layer(x))
            x = x + h if residual else h
        return head(x)

    x = torch.randn(3, width, dtype=torch.float64)
    found = lrp.relevance(model, x, 1, lrp.composite("epsilon", eps=0, stabiliser=0))
    score = lrp.score(model, x, 1)
    assert (score - found.sum(1)).abs().max() < 1e-10 * max(1.0, float(found.abs().sum(1).max()))


@few
@given(convolutional())
def test_zplus_gives_no_negative_relevance_to_a_positive_score(network):
    model, x = network
    found = lrp.relevance(model, x.abs(), 1, "zplus")
    score = lrp.score(model, x.abs(), 1)
    assert bool((found * score.sign()[:, None, None] >= -1e-12).all())
