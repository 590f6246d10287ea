"""Whole networks explained step by step, one sample at a time, by the rules of ``textbook`` and the equations below.

A step computes its output, and hands relevance down from its output to its input ``a``:

- a function of single values passes relevance unchanged;
- a gate ``a sigmoid(f(a))`` gives all to the signal ``a``, a product ``a f(a)`` half to each factor;
- a sum ``a + f(a)`` shares by value: R a / (z + eps s(z)) and R f(a) / (z + eps s(z));
- LayerNorm with its deviation as a constant is the matrix (delta_jk - 1/n) g_k / deviation, by the epsilon rule.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from biox.lrp import rules

from . import textbook
from .textbook import Rule, epsilon, s

EPS = 1e-3  # so large that a stabiliser forgotten, doubled or of the wrong sign shows
ACTIVATIONS = (
    torch.relu,
    functional.gelu,
    functional.silu,
    functional.leaky_relu,
    functional.elu,
    functional.softplus,
    functional.hardswish,
    torch.tanh,
    nn.ReLU(inplace=True),
)
RULES = {
    "epsilon": (rules.epsilon(EPS), textbook.epsilon(EPS)),
    "gamma": (rules.gamma(0.5, EPS), textbook.gamma(0.5, EPS)),
    "zplus": (rules.zplus(EPS), textbook.alpha_beta(1, 0, EPS)),
    "alpha-beta": (rules.alpha_beta(2, 1, EPS), textbook.alpha_beta(2, 1, EPS)),
    "wsquare": (rules.wsquare(EPS), textbook.wsquare(torch.ones(()), EPS)),
}


@dataclass(frozen=True)
class Step:
    forward: Callable[[Tensor], Tensor]
    back: Callable[[Tensor, Tensor], Tensor]


def computed(steps: Sequence[Step], x: Tensor) -> Tensor:
    for step in steps:
        x = step.forward(x)
    return x


def explained(steps: Sequence[Step], x: Tensor, relevance: Tensor) -> Tensor:
    """Relevance of one sample's input from that of its output."""
    inputs = [x]
    for step in steps:
        inputs.append(step.forward(inputs[-1]))
    for step, a in zip(reversed(steps), reversed(inputs[:-1]), strict=True):
        relevance = step.back(a, relevance)
    return relevance


def model_of(steps: list[Step]):
    return lambda x: computed(steps, x)


def dense(layer: nn.Linear, rule: Rule) -> Step:
    bias = layer.weight.new_zeros(len(layer.weight)) if layer.bias is None else layer.bias
    return Step(layer, lambda a, relevance: rule(a, layer.weight.T, bias, relevance))


def activation(function: Callable[[Tensor], Tensor]) -> Step:
    return Step(function, lambda a, relevance: relevance)


def gate(layer: nn.Linear) -> Step:
    return Step(lambda x: x * layer(x).sigmoid(), lambda a, relevance: relevance)


def product(layer: Step) -> Step:
    return Step(lambda x: layer.forward(x) * x, lambda a, relevance: relevance / 2 + layer.back(a, relevance / 2))


def residual(steps: Sequence[Step], eps: float) -> Step:
    def back(a: Tensor, relevance: Tensor) -> Tensor:
        branch = computed(steps, a)
        z = a + branch
        share = relevance / (z + eps * s(z))
        return share * a + explained(steps, a, share * branch)

    return Step(lambda x: x + computed(steps, x), back)


def layer_norm(norm: nn.LayerNorm, eps: float) -> Step:
    def back(a: Tensor, relevance: Tensor) -> Tensor:
        deviation = ((a - a.mean()).square().mean() + norm.eps).sqrt()
        matrix = (torch.eye(len(a), dtype=a.dtype) - 1 / len(a)) * norm.weight / deviation
        bias = torch.zeros_like(a) if norm.bias is None else norm.bias
        return epsilon(eps)(a, matrix, bias, relevance)

    return Step(norm, back)


def rms_norm(norm: nn.RMSNorm) -> Step:
    return Step(norm, lambda a, relevance: relevance)


def linear(layer: nn.Module, rule: Rule) -> Step:
    """Any layer that is linear but for its bias, on a batch of one, by the matrix that it is."""

    def back(a: Tensor, relevance: Tensor) -> Tensor:
        matrix, bias = textbook.dense(layer, a)
        return rule(a.flatten(), matrix, bias, relevance.flatten()).reshape(a.shape)

    return Step(layer, back)


def average(eps: float) -> Step:
    """The mean over the last dimension: each value gets its share of it."""

    def back(a: Tensor, relevance: Tensor) -> Tensor:
        z = a.mean(-1)
        return a / a.shape[-1] * (relevance / (z + eps * s(z))).unsqueeze(-1)

    return Step(lambda x: x.mean(-1), back)
