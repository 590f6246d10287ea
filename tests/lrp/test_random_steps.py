"""Claims that hold for any network of dense layers, sums, activations, norms and gates, drawn by hypothesis."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from biox import lrp
from biox.lrp import Composite, Entry, rules

from . import textbook, textbook_networks
from .textbook_networks import ACTIVATIONS, EPS, RULES, Step, model_of

WIDTH = 5
few = settings(max_examples=80, deadline=None)


def layer(bias: bool, outputs: int = WIDTH) -> nn.Linear:
    return nn.Linear(WIDTH, outputs, bias).double()


def norm(kind: type[nn.LayerNorm] | type[nn.RMSNorm], bias: bool) -> nn.Module:
    made = kind(WIDTH, bias=bias) if kind is nn.LayerNorm else kind(WIDTH)
    for name, parameter in made.named_parameters():
        nn.init.normal_(parameter, mean=float(name == "weight"), std=0.5)
    return made.double()


def a_step(draw: st.DrawFn, rule: textbook.Rule, bias: bool, eps: float, depth: int) -> Step:
    names = ["dense", "activation", "gate", "product", "layer norm", "rms norm"] + ["residual"] * (2 if depth else 0)
    chosen = draw(st.sampled_from(names))
    if chosen == "residual":
        inner = [a_step(draw, rule, bias, eps, depth - 1) for _ in range(draw(st.integers(1, 3)))]
        # A branch starts with a layer: x + x is drawn otherwise, and an in-place ReLU would overwrite x before the sum.
        return textbook_networks.residual([textbook_networks.dense(layer(bias), rule), *inner], eps)
    if chosen == "layer norm":
        return textbook_networks.layer_norm(norm(nn.LayerNorm, bias), eps)  # pyright: ignore
    if chosen == "rms norm":
        return textbook_networks.rms_norm(norm(nn.RMSNorm, bias))  # pyright: ignore
    if chosen == "activation":
        return textbook_networks.activation(draw(st.sampled_from(ACTIVATIONS)))
    one = textbook_networks.dense(layer(bias), rule)
    return {"dense": one, "product": textbook_networks.product(one), "gate": textbook_networks.gate(layer(bias))}[
        chosen
    ]


@st.composite
def networks(draw: st.DrawFn, names: tuple[str, ...] = tuple(RULES), bias: bool | None = None, eps: float = EPS):
    """Steps of a network, its composite, and data."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    with_bias = draw(st.booleans()) if bias is None else bias
    name = draw(st.sampled_from(names))
    ours, theirs = RULES[name] if eps else (rules.epsilon(0.0), textbook.epsilon(0.0))
    first = textbook_networks.dense(layer(with_bias), theirs)
    middle = [a_step(draw, theirs, with_bias, eps, depth=2) for _ in range(draw(st.integers(1, 4)))]
    last = textbook_networks.dense(layer(with_bias, 2), theirs)
    return [first, *middle, last], Composite((Entry(ours),), stabiliser=eps), torch.randn(3, WIDTH).double()


def by_textbook(steps: list[Step], x: Tensor) -> Tensor:
    found = []
    for one in x:
        score = textbook_networks.computed(steps, one)
        found.append(textbook_networks.explained(steps, one, score * torch.tensor([0.0, 1.0])))
    return torch.stack(found).detach()


@few
@given(networks())
def test_equal_to_the_textbook(network):
    steps, composite, x = network
    torch.testing.assert_close(
        lrp.relevance(model_of(steps), x, 1, composite), by_textbook(steps, x), rtol=1e-8, atol=1e-10
    )


@few
@given(networks(bias=False, eps=0.0))
def test_conserves_without_biases_and_stabilisers(network):
    steps, composite, x = network
    found = lrp.relevance(model_of(steps), x, 1, composite)
    error = lrp.score(model_of(steps), x, 1) - found.sum(1)
    assert float(error.abs().max()) <= 1e-10 * max(1.0, float(found.abs().sum(1).max()))


@few
@given(networks(), st.permutations(range(3)), st.integers(1, 2))
def test_samples_are_explained_by_themselves(network, order, cut):
    steps, composite, x = network

    def explained(part: Tensor) -> Tensor:
        return lrp.relevance(model_of(steps), part, 1, composite)

    whole = explained(x)
    torch.testing.assert_close(explained(x[list(order)]), whole[list(order)], rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(torch.cat([explained(x[:cut]), explained(x[cut:])]), whole, rtol=1e-8, atol=1e-10)
