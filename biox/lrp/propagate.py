"""One layer's relevance by one rule: the changed forward passes of the rule, and their transposes."""

from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from biox.lrp import rules
from biox.lrp.layers import Layer
from biox.lrp.parts import part_of
from biox.lrp.rules import Part, Rule, Term


@dataclass(frozen=True)
class Site:
    """What one layer saw during the forward pass, as far as relevance needs it.

    output: the layer's output; where ``rectified``, after its ReLU (relevance is then 0 wherever the output is 0).
    input_positive: the input is known to hold no negative value.
    bounds: lowest and highest possible input, each broadcastable to the input, or None where unknown.
    """

    layer: Layer
    input: Tensor
    output: Tensor
    rectified: bool
    input_positive: bool
    bounds: tuple[Tensor, Tensor] | None


def propagate(rule: Rule, site: Site, relevance: Tensor) -> Tensor:
    """Relevance of a layer's input from the relevance of its output."""
    if not rule.shares:
        return relevance
    cheap = rule.rectified is not None and site.rectified and site.input_positive
    shares = rule.rectified if cheap and rule.rectified is not None else rule.shares
    total: Tensor | None = None
    rest: Tensor | None = site.output if rule.complete else None
    for place, share in enumerate(shares):
        terms = [term for term in share.terms if not (site.input_positive and term.input is rules.negative)]
        if rest is not None and place == len(shares) - 1:
            divisor = rest.clamp(max=0) if share.factor < 0 else rest
        else:
            divisor = _sum(terms, site)
            rest = rest - divisor if rest is not None else None
        arriving = relevance * (site.output != 0) if share.skips_zero else relevance
        down = _handed_down(terms, site, divided(arriving, divisor, rule.eps))
        down = down if share.factor == 1 else down.mul_(share.factor)
        total = down if total is None else total.add_(down)
    assert total is not None
    return total


def divided(relevance: Tensor, by: Tensor, eps: float) -> Tensor:
    """R / (z + eps s(z)) with s(0) = +1; with eps = 0, nothing where z is 0."""
    if eps == 0:
        return torch.where(by == 0, 0, relevance / by)
    return relevance / torch.where(by < 0, by - eps, by + eps)


def _sum(terms: list[Term], site: Site) -> Tensor:
    passes = [_scaled(_forward(term, site), term.factor, term, site) for term in terms]
    return reduce(torch.add, passes)


def _forward(term: Term, site: Site) -> Tensor:
    """The changed forward pass; the layer's own output where nothing was changed but the bias left out."""
    layer = site.layer
    if term.input is rules.whole and term.weight is rules.whole:
        return (
            site.output if layer.bias is None or term.bias is rules.whole else site.output - _along(layer, site.output)
        )
    if term.weight is rules.ones:
        return layer.operator.count(layer.weight, site.input)
    bias = None if term.bias is None or layer.bias is None else term.bias(layer.bias)
    return layer.operator.forward(_input(term.input, site), part_of(layer.weight, term.weight), bias)


def _handed_down(terms: list[Term], site: Site, quotient: Tensor) -> Tensor:
    total: Tensor | None = None
    for term in terms:
        scaled = _scaled(quotient, term.factor, term, site)
        if term.weight is rules.ones:
            down = site.layer.operator.spread(scaled, site.layer.weight, site.input)
        else:
            down = site.layer.operator.adjoint(scaled, part_of(site.layer.weight, term.weight), site.input)
        down = down if term.input is rules.ones else down * _input(term.input, site)
        total = down if total is None else total + down
    assert total is not None
    return total


def _along(layer: Layer, output: Tensor) -> Tensor:
    """The bias, shaped to meet the output."""
    assert layer.bias is not None
    dim = layer.operator.channel_dim % output.ndim
    return layer.bias.reshape(-1, *(1,) * (output.ndim - 1 - dim))


def _scaled(values: Tensor, factor: float, term: Term, site: Site) -> Tensor:
    values = values if factor == 1 else values * factor
    return values * site.output.sign() if term.signed else values


def _input(part: Part, site: Site) -> Tensor:
    if part in (rules.low, rules.high):
        assert site.bounds is not None, "the capture refuses a box rule without bounds"
        return site.bounds[0 if part is rules.low else 1]
    if part is rules.ones:
        return rules.ones(site.input[:1])
    return site.input if site.input_positive and part in (rules.positive, rules.absolute) else part(site.input)
