"""Models that could be explained wrongly without a word: each once was, or nearly."""

import gc
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp
from biox.lrp import Composite, Entry, rules

EXACT = {"eps": 0.0, "stabiliser": 0.0}


def layers(*sizes: tuple[int, int], bias: bool = False) -> list[nn.Linear]:
    torch.manual_seed(21)
    return [nn.Linear(a, b, bias).double() for a, b in sizes]


def batch(*shape: int) -> torch.Tensor:
    torch.manual_seed(22)
    return torch.randn(4, *shape, dtype=torch.float64)


AFTER_RELU = {
    "exp": torch.exp,
    "sigmoid": torch.sigmoid,
    "softplus": functional.softplus,
    "clamp": lambda h: h.clamp(min=0.1),
    "log-sum-exp pooling": lambda h: h.logsumexp(-1, keepdim=True).expand(h.shape),
    "threshold": lambda h: functional.threshold(h, 0.2, 0.3),
}


@pytest.mark.parametrize("name", ["epsilon", "epsilon-gamma", "epsilon-alpha2-beta1", "zplus", "gamma"])
@pytest.mark.parametrize("after", AFTER_RELU)
def test_a_relu_that_joined_its_layer_equals_one_that_did_not(after, name):
    """Relevance may reach outputs of 0 where the next function is not 0 there."""
    one, two = layers((6, 8), (8, 3))
    made, x = lrp.composite(name), batch(6)

    def model(rectify):
        return lambda x: two(AFTER_RELU[after](rectify(one(x))))

    joined = lrp.relevance(model(torch.relu), x, 1, made)
    apart = lrp.relevance(model(lambda h: functional.leaky_relu(h, 0.0)), x, 1, made)
    torch.testing.assert_close(joined, apart, rtol=1e-6, atol=1e-8)


def test_a_norm_that_passes_relevance_reaches_silent_units():
    one, two = layers((6, 8), (8, 3))
    made = Composite((Entry(rules.passing(), kind="norm"), Entry(rules.epsilon())))

    def model(rectify):
        return lambda x: two(functional.layer_norm(rectify(one(x)), (8,)))

    joined, apart = (
        lrp.relevance(model(f), batch(6), 1, made) for f in (torch.relu, lambda h: functional.leaky_relu(h, 0.0))
    )
    torch.testing.assert_close(joined, apart, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_small_lowering_sum_is_not_lost_beside_a_large_raising_one(dtype):
    """z- = y - z+ would cancel: 1000 - 1e-3 - 1000 in single precision."""
    layer = nn.Linear(3, 1, bias=False)
    layer.weight.data = torch.tensor([[700.0, 300.0, -1e-3]])
    found = lrp.relevance(layer.to(dtype), torch.ones(1, 3, dtype=dtype), 0, Composite((Entry(rules.alpha_beta()),)))
    score = 1000.0
    assert found[0, 2].item() == pytest.approx(-score, rel=0.02)
    assert found[0, :2].sum().item() == pytest.approx(2 * score, rel=0.02)


PREPARED = {
    "clamp": lambda x: x.clamp(-3, 3),
    "log": lambda x: torch.log1p(x.abs()),
    "centred": lambda x: x - x.mean(1, keepdim=True),
    "normalised": lambda x: functional.layer_norm(x, (6,)),
    "scaled": lambda x: (x - 0.5) / 0.2,
    "z-score": lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True),
    "shares": lambda x: x / x.sum(1, keepdim=True),
    "unit length": functional.normalize,
    "squared": lambda x: x * x,
}


@pytest.mark.parametrize("how", PREPARED)
def test_the_first_layer_is_first_behind_any_preparation_without_weights(how):
    one, two = layers((6, 8), (8, 3), bias=True)
    found = lrp.check(lambda x: two(torch.relu(one(PREPARED[how](x)))), batch(6), 1, "epsilon-flat")
    assert [step.rule for step in found.steps if step.operation.startswith("linear")] == ["flat", "epsilon"]


def test_bounds_are_carried_or_refused_never_dropped():
    one, two = layers((6, 8), (8, 3), bias=True)

    def model(prepare):
        return lambda x: two(torch.relu(one(prepare(x))))

    x = batch(6)
    clamped = lrp.relevance(model(PREPARED["clamp"]), x, 1, "epsilon-box", low=-5.0, high=5.0)
    torch.testing.assert_close(clamped, lrp.relevance(model(lambda x: x), x.clamp(-3, 3), 1, "epsilon-box", -3.0, 3.0))
    for how in ("log", "centred", "normalised", "squared", "shares"):
        with pytest.raises(ValueError, match="The box rule needs the bounds"):
            lrp.relevance(model(PREPARED[how]), x, 1, "epsilon-box", low=-5.0, high=5.0)


def test_targets_with_layers_of_their_own_do_not_change_each_other():
    one, two = layers((6, 8), (8, 3))
    more = torch.randn(3, 2, dtype=torch.float64)
    made = Composite((Entry(rules.epsilon(), last=True), Entry(rules.zplus())))

    def model(x):
        return two(torch.relu(one(x)))

    def own(output):
        return (output @ more)[:, 0]

    for targets in ([0, own], [own, 0], [0, own, 0]):
        together = lrp.relevance(model, batch(6), targets, made)
        for found, target in zip(together, targets, strict=True):
            torch.testing.assert_close(found, lrp.relevance(model, batch(6), target, made))


def test_memory_in_another_order_means_what_it_meant():
    torch.manual_seed(5)
    conv, head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(256, 2)
    x = torch.randn(2, 3, 8, 8)

    def strided(x):
        return head(torch.relu(conv(x)).as_strided((2, 256), (256, 1)))

    def copied(x):
        h = conv(x)
        y = h.contiguous(memory_format=torch.channels_last)
        y *= 2
        return head((h + y).flatten(1))

    def moved(x):
        h = conv(x)
        y = h.to(memory_format=torch.channels_last)
        y *= 2
        return head((h + y).flatten(1))

    for model in (strided, copied, moved):
        assert lrp.check(model, x).difference < 1e-5


def test_a_view_made_before_its_buffer_was_written_shows_in_check():
    """It keeps the old values, which no capture can see; the output then differs from the model's."""
    (head,) = layers((8, 2))

    def model(x):
        buffer = torch.zeros(4, 8, dtype=x.dtype)
        view = buffer.view(4, 2, 4)
        buffer.add_(x)
        return head(view.flatten(1) + x)

    assert lrp.check(model, batch(8), 1).difference > 0.01

    def ordinary(x):
        buffer = torch.zeros(4, 8, dtype=x.dtype)
        buffer.add_(x)
        buffer[:, 0] += x[:, 1]
        return head(buffer)

    assert lrp.check(ordinary, batch(8), 1).difference < 1e-15


@pytest.mark.slow
def test_parts_that_torch_compiles_are_explained_as_they_were_written():
    one, two = layers((6, 8), (8, 3))

    def part(h):
        return h * 5 + h.tanh()

    def beside(function):
        return lambda x: two(one(x) + function(one(x)))

    compiled = torch.compile(part, backend="eager")
    found, plain = (lrp.relevance(beside(f), batch(6), 1, "epsilon") for f in (compiled, part))
    torch.testing.assert_close(found, plain)
    whole = torch.compile(lambda x: two(part(one(x))), backend="eager")
    torch.testing.assert_close(
        lrp.relevance(whole, batch(6), 1), lrp.relevance(lambda x: two(part(one(x))), batch(6), 1)
    )


def test_what_may_be_negative_is_not_taken_for_positive():
    one, other, head = layers((6, 8), (6, 8), (8, 3))
    index = torch.arange(8)

    def model(rectify):
        def net(x):
            return head(rectify(one(x)).index_add(1, index, rectify(other(x)), alpha=-1))

        return net

    joined, apart = (
        lrp.relevance(model(f), batch(6), 1, "zplus") for f in (torch.relu, lambda h: functional.leaky_relu(h, 0.0))
    )
    torch.testing.assert_close(joined, apart, rtol=1e-6, atol=1e-9)


def test_parameters_are_constants_however_they_are_arranged():
    first, head = layers((6, 8), (8, 2))
    weight = nn.Parameter(torch.randn(8, dtype=torch.float64))

    def spread(x):
        h, w = torch.broadcast_tensors(first(x), weight)
        return head(h * w)

    found, plain = (lrp.relevance(model, batch(6), 1) for model in (spread, lambda x: head(first(x) * weight)))
    torch.testing.assert_close(found, plain)


def test_a_blocked_layer_is_a_constant_factor():
    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = layers((6, 8), (6, 8), (8, 3))

        def forward(self, x):
            return self.c(self.a(x) * self.b(x))

    made = Composite((Entry(rules.blocking(), name="a"), Entry(rules.epsilon(0.0))), 0.0)
    found = lrp.attribute(Product(), batch(6), 1, made)
    torch.testing.assert_close(found.relevance.sum(1), found.score, rtol=1e-9, atol=1e-12)


def test_a_gate_stays_one_when_it_is_reshaped():
    signal, gate, head = layers((6, 8), (6, 8), (8, 2))
    models = (
        lambda x: head((1 + torch.tanh(gate(x))).view(4, 8) * signal(x)),
        lambda x: head((1 + torch.tanh(gate(x)).view(4, 8)) * signal(x)),
    )
    one, two = (lrp.relevance(model, batch(6), 1) for model in models)
    torch.testing.assert_close(one, two)


@pytest.mark.parametrize("asked", [{}, {"layers": ["*"]}, {"masks": {"0": 1}}, {"biases": True}])
@pytest.mark.parametrize("target", [1, [0, 1], lrp.Units("0", 2)])
def test_nothing_of_a_call_stays_in_memory(asked, target, monkeypatch):
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    captures = []
    made = lrp.explain.Capture

    def remembered(*args, **kwargs):
        capture = made(*args, **kwargs)
        captures.append(weakref.ref(capture))
        return capture

    monkeypatch.setattr(lrp.explain, "Capture", remembered)
    for _ in range(3):
        lrp.attribute(model, torch.randn(2, 6), target, **asked)
    gc.collect()
    assert [capture() for capture in captures] == [None] * 3


def test_a_layer_that_gets_nothing_has_relevance_zero():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.signal, self.gate, self.head = layers((6, 8), (6, 8), (8, 2))

        def forward(self, x):
            return self.head(self.signal(x) * self.gate(x).sigmoid())

    found = lrp.attribute(Gated(), batch(6), 1, layers=["gate", "signal"])
    assert not found.layers["gate"].any()
    assert found.layers["gate"].shape == found.layers["signal"].shape
    both = lrp.attribute(Gated(), batch(6), [0, lrp.Units("signal")], layers=["head"])
    assert both.layers["head"].shape == (2, 4, 2)
    assert not both.layers["head"][1].any()
