"""Norms only scale: what they subtract takes its share, what they divide by is a constant."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from .networks import with_random_statistics
from .twins import activated, assert_conserves, assert_like_twin, random


def standardised(h, dims, eps=1e-5):
    """The textbook's norm with a constant deviation."""
    mean, variance = h.mean(dims, keepdim=True), h.var(dims, correction=0, keepdim=True)
    return (h - mean) / torch.sqrt(variance + eps).detach()


def scaled(h, dims, eps):
    return h * torch.rsqrt(h.pow(2).mean(dims, keepdim=True) + eps).detach()


def with_random_parameters(norm: nn.Module) -> nn.Module:
    for number, parameter in enumerate(norm.parameters()):
        parameter.data = random(*parameter.shape, seed=20 + number)
    return norm.double().eval()


LAYER = with_random_parameters(nn.LayerNorm((5,)))
WIDE = with_random_parameters(nn.LayerNorm((4, 5), eps=1e-3))
BARE = nn.LayerNorm(5, elementwise_affine=False)
UNBIASED = with_random_parameters(nn.LayerNorm(5, bias=False))
GROUP = with_random_parameters(nn.GroupNorm(2, 4))
INSTANCE = with_random_parameters(nn.InstanceNorm1d(4, affine=True))
RMS = with_random_parameters(nn.RMSNorm(5, eps=1e-6))
BATCH = with_random_statistics(nn.Sequential(nn.BatchNorm1d(4))).double().eval()
TRACKED = with_random_parameters(nn.InstanceNorm1d(4, affine=True, track_running_stats=True))


def affine(h, norm):
    return h * norm.weight.reshape(-1, 1) + norm.bias.reshape(-1, 1)


def grouped(h):
    return affine(standardised(h.reshape(len(h), 2, -1), -1).reshape(h.shape), GROUP)


NORMS = {
    "layer": (LAYER, lambda h: standardised(h, -1) * LAYER.weight + LAYER.bias),
    "layer of two dims": (WIDE, lambda h: standardised(h, (-2, -1), 1e-3) * WIDE.weight + WIDE.bias),
    "layer without parameters": (BARE, lambda h: standardised(h, -1)),
    "layer without bias": (UNBIASED, lambda h: standardised(h, -1) * UNBIASED.weight),
    "functional layer": (
        lambda h: functional.layer_norm(input=h, normalized_shape=(5,), weight=LAYER.weight, eps=1e-4),
        lambda h: standardised(h, -1, 1e-4) * LAYER.weight,
    ),
    "group": (GROUP, grouped),
    "group of what is not contiguous": (lambda h: GROUP(h.mT.contiguous().mT), grouped),
    "functional group": (
        lambda h: functional.group_norm(h, num_groups=4),
        lambda h: standardised(h, -1),
    ),
    "instance": (INSTANCE, lambda h: affine(standardised(h, -1), INSTANCE)),
    "instance with running statistics": (TRACKED, TRACKED),
    "rms": (RMS, lambda h: scaled(h, -1, 1e-6) * RMS.weight),
    "batch": (BATCH, BATCH),
    "batch after an activation": (lambda h: BATCH(h.tanh()), lambda h: BATCH(activated(torch.tanh, h))),
    "normalize": (
        lambda h: functional.normalize(h, dim=-1),
        lambda h: h / h.norm(dim=-1, keepdim=True).detach(),
    ),
    "local response": (
        lambda h: functional.local_response_norm(h, 3),
        lambda h: activated(lambda x: functional.local_response_norm(x, 3), h),
    ),
    "rms by hand": (
        lambda h: h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-6),
        lambda h: scaled(h, -1, 1e-6),
    ),
    "rms by a power": (
        lambda h: h * (h.square().mean(-1, keepdim=True) + 1e-6).pow(-0.5),
        lambda h: scaled(h, -1, 1e-6),
    ),
    "rms by division": (
        lambda h: h / ((h * h).mean(-1, keepdim=True) + 1e-6) ** 0.5,
        lambda h: scaled(h, -1, 1e-6),
    ),
    "standardised by std": (
        lambda h: (h - h.mean(-1, keepdim=True)) / (h.std(-1, keepdim=True, unbiased=False) + 1e-3),
        lambda h: (h - h.mean(-1, keepdim=True)) / (h.std(-1, keepdim=True, correction=0) + 1e-3).detach(),
    ),
    "standardised by var": (
        lambda h: (h - h.mean(-1, True)) / torch.sqrt(h.var(-1, keepdim=True, correction=0) + 1e-5),
        lambda h: standardised(h, -1),
    ),
    "standardised by var_mean": (lambda h: _by_var_mean(h), lambda h: standardised(h, -1)),
    "channels first, as ConvNeXt writes it": (lambda h: _channels_first(h), lambda h: standardised(h, 1, 1e-6)),
    "reciprocal": (
        lambda h: h * (h.norm(dim=1, keepdim=True) + 0.1).reciprocal(),
        lambda h: h / (h.norm(dim=1, keepdim=True) + 0.1).detach(),
    ),
    "one over": (
        lambda h: (1 / (h.norm(dim=1, keepdim=True) + 0.1)) * h,
        lambda h: h / (h.norm(dim=1, keepdim=True) + 0.1).detach(),
    ),
}


def _by_var_mean(h):
    variance, mean = torch.var_mean(h, dim=-1, unbiased=False, keepdim=True)
    return (h - mean) * torch.rsqrt(variance + 1e-5)


def _channels_first(h):
    u = h.mean(1, keepdim=True)
    s = (h - u).pow(2).mean(1, keepdim=True)
    return (h - u) / torch.sqrt(s + 1e-6)


@pytest.mark.parametrize("name", NORMS)
def test_a_norm_divides_by_a_constant(name):
    operation, twin = NORMS[name]
    assert_like_twin(operation, twin, (4, 5))


@pytest.mark.parametrize(
    "name", ["layer without parameters", "layer without bias", "functional group", "rms", "normalize", "rms by hand"]
)
def test_a_norm_without_bias_loses_nothing(name):
    assert_conserves(NORMS[name][0], (4, 5))


HOMOGENEOUS = {
    "norm": (lambda h: h.norm(dim=-1), 1),
    "1-norm": (lambda h: torch.norm(h, p=1, dim=1), 1),
    "vector_norm": (lambda h: torch.linalg.vector_norm(h, 3, dim=-1), 1),
    "std": (lambda h: h.std(-1), 1),
    "var": (lambda h: torch.var(h, -1), 2),
    "std_mean": (lambda h: torch.cat(torch.std_mean(h, dim=-1), -1), 1),
    "lp_pool": (lambda h: functional.lp_pool1d(h.abs(), 2, 2), 1),
    "diff": (lambda h: h.diff(dim=-1), 1),
}


@pytest.mark.parametrize("name", HOMOGENEOUS)
def test_relevance_of_a_length_goes_to_what_makes_it(name):
    """f(t x) = t^n f(x), so the gradient times x over n adds up to f (Euler)."""
    operation, degree = HOMOGENEOUS[name]
    assert_like_twin(operation, lambda h: _over(operation(h), degree), (4, 5))
    assert_conserves(operation, (4, 5))


def _over(value, degree):
    return value / degree + value.detach() * (1 - 1 / degree)
