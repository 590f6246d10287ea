"""The user's model runs as it is; what cannot be explained is refused by name and place."""

import copy
import re

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp
from biox.lrp.capture import Capture
from biox.lrp.operations import HANDLERS

from . import networks
from .networks import batch, linear


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (networks.mlp, (20,)),
        (networks.gait_cnn, (606,)),
        (networks.cnn_2d, (3, 16, 16)),
        (networks.Residual, (2, 8, 8)),
    ],
)
def test_the_models_output_is_the_same_to_the_last_bit(make, shape, dtype):
    """In single precision convolutions run in another memory layout, which may add up in another order."""
    model, x = make().to(dtype).eval(), batch(*shape).to(dtype)
    capture = Capture(lrp.composite("epsilon-plus"), model, HANDLERS)
    with torch.no_grad():
        leaf = capture.start(x, None)
        with capture:
            watched = capture.current(model(leaf))
        plain = model(x)
        if dtype == torch.float64 or make is networks.mlp:
            assert torch.equal(watched, plain)
        exact = model.double()(x.double())
        rounding = 4 * torch.finfo(dtype).eps * exact.abs().max()
        assert (watched - exact).abs().max() <= (plain - exact).abs().max() + rounding


def test_the_model_and_the_input_are_left_as_they_were():
    model, x = networks.cnn_2d().eval(), batch(3, 16, 16).float()
    model[0].weight.requires_grad_(False)
    before, switches = copy.deepcopy(model.state_dict()), [p.requires_grad for p in model.parameters()]
    kept = x.clone()
    lrp.relevance(model, x, 1, "epsilon-gamma-box", low=-3, high=3)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert switches == [p.requires_grad for p in model.parameters()]
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(x, kept)
    assert x.grad is None


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_callers_autograd_context_does_not_matter(context):
    model, x = networks.mlp().double(), batch(20)
    plain = lrp.relevance(model, x, 1)
    with context():
        inside = lrp.relevance(model, x.clone(), 1)
    assert torch.equal(plain, inside)
    assert not inside.requires_grad


@pytest.mark.parametrize("name", lrp.NAMES)
def test_relevance_has_shape_type_and_finite_values(name):
    model, x = networks.gait_cnn().float(), batch(6, 101).float()
    found = lrp.relevance(model, x, torch.tensor([0, 1, 1, 0]), name, low=-5.0, high=5.0)
    assert found.shape == x.shape
    assert found.dtype == x.dtype
    assert bool(found.isfinite().all())


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        (lambda h: 1 / h, "div"),
        (lambda h: h.frac(), "frac"),
        (lambda h: h.sin(), "sin"),
        (lambda h: h.sin_(), "sin"),
        (lambda h: torch.fft.fft(h).real, "real"),
        (lambda h: torch.cdist(h, torch.eye(5, dtype=h.dtype)), "cdist"),
        (lambda h: h % 2, "remainder"),
        (lambda h: h.round(), "round"),
        (lambda h: h.cumprod(1), "cumprod"),
        (lambda h: h[:, :1] + torch.linalg.inv(h[:, :4])[:, 0:1].expand(4, 5), "linalg_inv"),
    ],
)
def test_an_operation_without_a_rule_is_refused_by_name_and_place(operation, named):
    first, second = linear(6, 5), linear(5, 3)
    with pytest.raises(lrp.UnhandledOperation, match=named) as caught:
        lrp.relevance(lambda x: second(operation(first(x))), batch(6), 1)
    assert re.search(r"test_capture\.py:\d+", str(caught.value))


def test_an_operation_without_a_rule_is_harmless_where_no_relevance_passes():
    first, second = linear(6, 5), linear(5, 3)

    def model(x):
        h = first(x)
        largest = h.std()  # looked at, but not part of the score
        return second(h if bool(largest > 0) else h.sigmoid())

    plain = lrp.relevance(lambda x: second(first(x)), batch(6), 1)
    assert torch.equal(lrp.relevance(model, batch(6), 1), plain)


def test_what_the_author_detached_is_a_constant():
    first, second = linear(6, 5), linear(5, 3)
    found = lrp.relevance(lambda x: second(first(x) + first(x).detach()), batch(6), 1, "epsilon")
    whole = lrp.relevance(lambda x: second(first(x) + first(x)), batch(6), 1, "epsilon")
    torch.testing.assert_close(found, whole / 2)
    with pytest.raises(ValueError, match="does not depend on its input"):
        lrp.relevance(lambda x: second(first(x.detach())), batch(6), 1)


def test_a_tensor_kept_from_an_earlier_call_is_a_constant():
    first, second, memory = linear(6, 5), linear(5, 3), []

    def model(x):
        memory.append(first(x))
        return second(memory[0] + memory[-1])

    once = lrp.relevance(model, batch(6), 1, "epsilon")
    again = lrp.relevance(model, batch(6), 1, "epsilon")
    torch.testing.assert_close(again, once / 2)


def test_inference_mode_inside_the_model_does_not_cut_relevance_off():
    first, second = linear(6, 5), linear(5, 3)

    def model(x):
        with torch.inference_mode():
            h = torch.relu(first(x)).flip(1)
        return second(h)

    plain = lrp.relevance(lambda x: second(torch.relu(first(x)).flip(1)), batch(6), 1)
    assert torch.equal(lrp.relevance(model, batch(6), 1), plain)


@pytest.mark.parametrize("filled", [lambda h: torch.where(h > 0.2, h, -1.0), lambda h: h.masked_fill(h < 0.2, -1)])
def test_negative_constants_put_into_a_positive_tensor_are_noticed(filled):
    """Rules take shortcuts for inputs that are known to be positive."""
    first, second, x = linear(6, 5), linear(5, 3), batch(6).abs()
    hidden = filled(torch.relu(first(x))).detach()
    upper = lrp.relevance(second, hidden, 1, "zplus")
    kept = hidden > 0
    lower = lrp.relevance(lambda x: first(x).relu(), x, torch.where(kept, upper / hidden, 0), "zplus")
    assert bool((upper[kept] != 0).any())
    torch.testing.assert_close(lrp.relevance(lambda x: second(filled(torch.relu(first(x)))), x, 1, "zplus"), lower)


@pytest.mark.parametrize("layer", [nn.Dropout(0.5), nn.BatchNorm1d(5)])
def test_training_mode_is_refused_before_anything_changes(layer):
    model = nn.Sequential(nn.Linear(6, 5), layer, nn.Linear(5, 3))
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match=r"layer '1' \((Dropout|BatchNorm1d)\) is in training mode.*model\.eval"):
        lrp.relevance(model, batch(6).float(), 1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    "operation",
    [
        lambda h: functional.dropout(h, 0.5, True),
        lambda h: functional.batch_norm(h, None, None, training=True),
        nn.BatchNorm1d(5, track_running_stats=False).double().eval(),
    ],
)
def test_random_or_batch_dependent_functions_are_refused(operation):
    first = linear(6, 5)
    with pytest.raises(lrp.UnhandledOperation, match=r"model\.eval\(\)"):
        lrp.relevance(lambda x: operation(first(x)), batch(6), 1)


def test_matrix_products_are_dense_layers_with_their_parameters_name():
    class Written(nn.Module):
        def __init__(self):
            super().__init__()
            self.matrix = nn.Parameter(torch.randn(5, 6).double())
            self.offset = nn.Parameter(torch.randn(5).double())

        def forward(self, x):
            return x @ self.matrix.T + self.offset

    model, x = Written(), batch(6)
    layer = nn.Linear(6, 5).double()
    layer.weight.data, layer.bias.data = model.matrix.data, model.offset.data
    for rule in (lrp.rules.gamma(0.3), lrp.rules.alpha_beta(2, 1), lrp.rules.epsilon(0.1)):
        named = lrp.Composite((lrp.Entry(rule, name="matrix"),))
        everywhere = lrp.Composite((lrp.Entry(rule),))
        torch.testing.assert_close(lrp.relevance(model, x, 1, named), lrp.relevance(layer, x, 1, everywhere))
