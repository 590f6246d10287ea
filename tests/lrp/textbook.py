"""LRP rules written out from their equations: a layer is a dense matrix, contributions are summed one by one.

``z[k] = sum_j a[j] w[j, k] + b[k]``; ``c[j, k] = a[j] w[j, k]`` are the contributions; s(z) = +1 for z >= 0, else -1.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Rule = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def s(z: Tensor) -> Tensor:
    return torch.where(z >= 0, 1.0, -1.0).to(z)


def epsilon(eps: float) -> Rule:
    def rule(a: Tensor, w: Tensor, b: Tensor, relevance: Tensor) -> Tensor:
        z = a @ w + b
        return sum_over_outputs(a[:, None] * w / (z + eps * s(z)), relevance)

    return rule


def gamma(gamma: float, eps: float) -> Rule:
    def rule(a: Tensor, w: Tensor, b: Tensor, relevance: Tensor) -> Tensor:
        up, down = w + gamma * w.clamp(min=0), w + gamma * w.clamp(max=0)
        b_up, b_down = b + gamma * b.clamp(min=0), b + gamma * b.clamp(max=0)
        plus, minus = a.clamp(min=0), a.clamp(max=0)
        found = torch.zeros_like(w)
        for k, z in enumerate(a @ w + b):
            if z > 0:
                c, bias = plus * up[:, k] + minus * down[:, k], b_up[k]
            elif z < 0:
                c, bias = plus * down[:, k] + minus * up[:, k], b_down[k]
            else:
                continue
            changed = c.sum() + bias
            found[:, k] = c / (changed + eps * s(changed))
        return sum_over_outputs(found, relevance)

    return rule


def alpha_beta(alpha: float, beta: float, eps: float) -> Rule:
    def rule(a: Tensor, w: Tensor, b: Tensor, relevance: Tensor) -> Tensor:
        c = a[:, None] * w
        up, down = c.clamp(min=0), c.clamp(max=0)
        z_up, z_down = up.sum(0) + b.clamp(min=0), down.sum(0) + b.clamp(max=0)
        shares = alpha * up / (z_up + eps * s(z_up)) - beta * down / (z_down + eps * s(z_down))
        return sum_over_outputs(shares, relevance)

    return rule


def wsquare(connected: Tensor, eps: float) -> Rule:
    def rule(a: Tensor, w: Tensor, b: Tensor, relevance: Tensor) -> Tensor:
        return sum_over_outputs(w**2 / ((w**2).sum(0) + eps), relevance)

    return rule


def flat(connected: Tensor, eps: float) -> Rule:
    """``connected[j, k]``: whether output k sees input j."""

    def rule(a: Tensor, w: Tensor, b: Tensor, relevance: Tensor) -> Tensor:
        return sum_over_outputs(connected / (connected.sum(0) + eps), relevance)

    return rule


def box(low: float, high: float, eps: float) -> Rule:
    def rule(a: Tensor, w: Tensor, b: Tensor, relevance: Tensor) -> Tensor:
        c = a[:, None] * w - low * w.clamp(min=0) - high * w.clamp(max=0)
        z = c.sum(0)
        return sum_over_outputs(c / (z + eps * s(z)), relevance)

    return rule


def gradient(a: Tensor, w: Tensor, b: Tensor, relevance: Tensor) -> Tensor:
    return sum_over_outputs(w, relevance)


def without_bias(rule: Rule) -> Rule:
    """The same rule for a layer whose biases are taken away."""
    return lambda a, w, b, relevance: rule(a, w, torch.zeros_like(b), relevance)


def sum_over_outputs(shares: Tensor, relevance: Tensor) -> Tensor:
    return (shares * relevance).sum(1)


def dense(layer: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """The weights w[j, k] and biases b[k] of any linear layer, from what it does to unit vectors."""
    with torch.no_grad():
        shape = x.shape[1:]
        bias = layer(torch.zeros(1, *shape, dtype=x.dtype)).flatten()
        unit = torch.eye(shape.numel(), dtype=x.dtype).reshape(-1, *shape)
        return layer(unit).flatten(1) - bias, bias


def connections(layer: nn.Module, x: Tensor) -> Tensor:
    """Which output sees which input: the layer's matrix with all weights one."""
    import copy

    ones = copy.deepcopy(layer)
    for name, parameter in ones.named_parameters():
        nn.init.constant_(parameter, 1.0 if name.endswith("weight") else 0.0)
    return dense(ones, x)[0]


def explained(layer: nn.Module, x: Tensor, rule: Rule, relevance: Tensor) -> Tensor:
    """Relevance of each sample's input to one layer."""
    w, b = dense(layer, x)
    rows = [rule(a.flatten(), w, b, r.flatten()).reshape(a.shape) for a, r in zip(x, relevance, strict=True)]
    return torch.stack(rows)
