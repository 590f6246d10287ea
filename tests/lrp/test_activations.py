"""Activations pass relevance unchanged, in every spelling; gates take none where they meet a signal."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from .twins import EXACT, activated, assert_conserves, assert_like_twin, between, halved, random

SINGLE = {
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "leaky_relu keyword": lambda h: functional.leaky_relu(input=h, negative_slope=0.3),
    "elu": functional.elu,
    "celu": lambda h: functional.celu(h, alpha=0.7),
    "selu": functional.selu,
    "gelu": functional.gelu,
    "gelu tanh": lambda h: functional.gelu(h, approximate="tanh"),
    "silu": functional.silu,
    "mish": functional.mish,
    "hardswish": functional.hardswish,
    "sigmoid": torch.sigmoid,
    "Tensor.sigmoid": lambda h: h.sigmoid(),
    "special.expit": torch.special.expit,
    "tanh": torch.tanh,
    "softplus": lambda h: functional.softplus(h, beta=2),
    "hardsigmoid": functional.hardsigmoid,
    "hardtanh": lambda h: functional.hardtanh(h, -0.5, 0.5),
    "relu6": functional.relu6,
    "rrelu": lambda h: functional.rrelu(h, training=False),
    "prelu": nn.PReLU(init=0.2).double(),
    "prelu by channel": nn.PReLU(5, init=0.1).double(),
    "logsigmoid": functional.logsigmoid,
    "softsign": functional.softsign,
    "tanhshrink": functional.tanhshrink,
    "erf": torch.erf,
    "expm1": torch.expm1,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "atan": torch.atan,
    "asinh": torch.asinh,
    "log of exp": lambda h: torch.log(torch.exp(h)),
    "log1p of abs": lambda h: torch.log1p(h.abs()),
    "log10": lambda h: h.abs().log10(),
    "square": torch.square,
    "pow": lambda h: h**2,
    "Tensor.pow": lambda h: h.pow(3),
    "x * x": lambda h: h * h,
    "sqrt": lambda h: h.abs().sqrt(),
    "clamp": lambda h: h.clamp(-0.4, 0.6),
    "clamp min": lambda h: torch.clamp(h, min=0.0),
    "clamp max": lambda h: h.clamp(max=0.3),
    "clamp_min": lambda h: h.clamp_min(-0.2),
    "clamp_max": lambda h: h.clamp_max(0.2),
    "clip": lambda h: torch.clip(h, -0.3),
    "clamp tensor": lambda h: h.clamp(min=torch.full((5,), -0.1, dtype=h.dtype)),
    "nan_to_num": lambda h: torch.nan_to_num(h, nan=0.0),
    "hardswish by hand": lambda h: h * functional.relu6(h + 3) / 6,
    "swish by hand": lambda h: h * torch.sigmoid(1.7 * h),
    "mish by hand": lambda h: h * torch.tanh(functional.softplus(h)),
    "gelu by hand": lambda h: 0.5 * h * (1 + torch.erf(h / math.sqrt(2))),
    "gelu_new": lambda h: 0.5 * h * (1.0 + torch.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * torch.pow(h, 3)))),
}


@pytest.mark.parametrize("name", SINGLE)
def test_relevance_passes_an_activation_unchanged(name):
    f = SINGLE[name]
    assert_like_twin(f, lambda h: activated(f, h), (5,))


IN_PLACE = {
    "relu_": torch.relu_,
    "F.relu inplace": lambda h: functional.relu(h, inplace=True),
    "leaky_relu_": functional.leaky_relu_,
    "leaky_relu inplace": lambda h: functional.leaky_relu(h, 0.2, True),
    "elu_": functional.elu_,
    "celu inplace": lambda h: functional.celu(h, inplace=True),
    "selu_": functional.selu_,
    "silu inplace": lambda h: functional.silu(h, inplace=True),
    "mish inplace": lambda h: functional.mish(h, inplace=True),
    "hardswish inplace": lambda h: functional.hardswish(h, True),
    "hardsigmoid inplace": lambda h: functional.hardsigmoid(h, inplace=True),
    "hardtanh_": functional.hardtanh_,
    "hardtanh inplace": lambda h: functional.hardtanh(h, -0.5, 0.5, inplace=True),
    "relu6 inplace": lambda h: functional.relu6(h, inplace=True),
    "rrelu inplace": lambda h: functional.rrelu(h, 0.1, 0.3, False, True),
    "threshold_": lambda h: functional.threshold_(h, 0.0, 0.0),
    "sigmoid_": torch.sigmoid_,
    "tanh_": lambda h: h.tanh_(),
    "exp_": lambda h: h.exp_(),
    "clamp_": lambda h: h.clamp_(-0.3, 0.4),
    "clamp_min_": lambda h: h.clamp_min_(0.0),
    "clamp_max_": lambda h: h.clamp_max_(0.2),
    "abs_": lambda h: h.abs_(),
    "pow_": lambda h: h.pow_(2),
    "square_": lambda h: h.square_(),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_the_forms_in_place_do_the_same(name):
    f = IN_PLACE[name]
    assert_like_twin(f, lambda h: activated(lambda x: f(x.clone()), h), (5,))


def _rest(h):
    return torch.flip(h, [1])


GATED = {
    "sigmoid": (torch.sigmoid, lambda h: h),
    "hardsigmoid": (functional.hardsigmoid, torch.tanh),
    "relu6(x + 3) / 6": (lambda h: functional.relu6(h + 3) / 6, lambda h: h),
    "hardtanh(x + 3, 0, 6) / 6": (lambda h: functional.hardtanh(h + 3, 0.0, 6.0) / 6, lambda h: h),
    "clamp(x + 3, 0, 6) / 6": (lambda h: (h + 3).clamp(0, 6) / 6, lambda h: h),
    "1 - sigmoid": (lambda h: 1 - torch.sigmoid(h), torch.tanh),
    "sigmoid of a relu6 signal": (torch.sigmoid, functional.relu6),
    "(1 + tanh) / 2": (lambda h: (1 + h.tanh()) / 2, lambda h: h),
    "norm ** -0.5": (lambda h: (h.pow(2).mean(-1, keepdim=True) + 1e-3) ** -0.5, lambda h: h),
    "signed square root": (torch.sign, lambda h: h.abs().sqrt()),
}


@pytest.mark.parametrize("name", GATED)
def test_a_gate_gets_nothing_where_it_meets_a_signal(name):
    gate, signal = GATED[name]
    for order in (1, -1):
        parts = (lambda h: gate(_rest(h))), (lambda h: signal(h))
        multiplied = parts[::order]
        assert_like_twin(
            lambda h, parts=multiplied: parts[0](h) * parts[1](h),
            lambda h: gate(_rest(h)).detach() * activated(signal, h),
            (5,),
        )


def test_two_signals_get_half_each():
    assert_like_twin(lambda h: torch.tanh(_rest(h)) * h, lambda h: halved(activated(torch.tanh, _rest(h)), h), (5,))


@pytest.mark.parametrize("dim", [1, -1])
def test_a_gated_linear_unit_passes_its_signal(dim):
    def twin(h):
        signal, gate = h.chunk(2, dim)
        return signal * gate.sigmoid().detach()

    assert_like_twin(lambda h: functional.glu(h, dim), twin, (4, 6))


def test_swiglu_halves_between_its_two_signals():
    assert_like_twin(
        lambda h: functional.silu(h[:, :4]) * h[:, 4:],
        lambda h: halved(activated(functional.silu, h[:, :4]), h[:, 4:]),
        (8,),
    )


@pytest.mark.parametrize("gate", [torch.sigmoid, lambda h: functional.relu6(h + 3) / 6, functional.hardsigmoid])
def test_squeeze_and_excitation_only_weighs_channels(gate):
    squeeze, excite = nn.Conv2d(4, 2, 1).double(), nn.Conv2d(2, 4, 1).double()

    def weights(h):
        return gate(excite(torch.relu(squeeze(functional.adaptive_avg_pool2d(h, 1)))))

    assert_like_twin(lambda h: functional.relu6(h) * weights(h), _weighed(weights), (4, 3, 3))


def _weighed(weights):
    return lambda h: activated(functional.relu6, h) * weights(h).detach()


def test_a_distance_shares_by_its_parts():
    for loss, by in ((functional.mse_loss, torch.square), (functional.l1_loss, torch.abs)):
        assert_like_twin(
            lambda h, loss=loss: loss(h, h.flip(1), reduction="none"),
            lambda h, by=by: activated(by, h - h.flip(1)),
            (6,),
        )


SOFT = {
    "softmax": lambda h: h.softmax(-1),
    "softmax dim 1": lambda h: functional.softmax(h, dim=1),
    "softmax dtype": lambda h: torch.softmax(h, -1, torch.float64),
    "softmin": lambda h: functional.softmin(h, dim=-1),
    "Softmax2d": lambda h: nn.Softmax2d()(h.unsqueeze(-1)).squeeze(-1),
}


@pytest.mark.parametrize("name", SOFT)
def test_softmax_hands_down_by_its_gradient(name):
    assert_like_twin(SOFT[name], SOFT[name], (4, 5))


@pytest.mark.filterwarnings("ignore:Implicit dimension")
def test_softmax_without_a_dimension_takes_the_one_that_torch_takes():
    model, x = between(lambda h: functional.softmax(h), (4, 5)), random(3, 6)
    torch.testing.assert_close(
        lrp.relevance(model, x, 1, EXACT),
        lrp.relevance(between(lambda h: functional.softmax(h, 0), (4, 5)), x, 1, EXACT),
    )


SOFT_MAXIMA = {
    "logsumexp": lambda h: torch.logsumexp(h, -1),
    "logsumexp of two dims": lambda h: h.logsumexp(dim=(1, 2), keepdim=True),
    "by hand": lambda h: h.exp().mean(-1).log(),
    "with temperature": lambda h: torch.logsumexp(3 * h, dim=2) / 3,
    "logaddexp": lambda h: torch.logaddexp(h[:, 0], h[:, 1]),
}


@pytest.mark.parametrize("name", SOFT_MAXIMA)
def test_log_sum_exp_pooling_conserves(name):
    assert_conserves(SOFT_MAXIMA[name], (4, 5))


def test_log_sum_exp_pooling_hands_down_by_its_softmax():
    first = torch.eye(5, dtype=torch.float64)
    x = random(3, 5)
    found = lrp.relevance(lambda x: torch.logsumexp(x @ first, 1), x, 0, EXACT)
    torch.testing.assert_close(found, x.softmax(1) * x.logsumexp(1, keepdim=True))
    by_hand = lrp.relevance(lambda x: (x @ first).exp().sum(1).log(), x, 0, EXACT)
    torch.testing.assert_close(by_hand, found)


def test_a_log_probability_is_a_logit_minus_the_soft_maximum():
    layer, x = between(lambda h: h, (5,), bias=False), random(4, 6)
    found = lrp.relevance(lambda x: functional.log_softmax(layer(x), -1), x, 1, EXACT)
    by_hand = lrp.relevance(lambda x: layer(x) - layer(x).logsumexp(-1, keepdim=True), x, 1, EXACT)
    torch.testing.assert_close(found, by_hand)
    error = lrp.conservation_error(torch.log_softmax(layer(x), -1)[:, 1].detach(), found)
    assert float(error.abs().max()) < 1e-10
