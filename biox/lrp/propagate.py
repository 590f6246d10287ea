"""One layer's relevance by one rule: the changed forward passes of the rule, and their transposes."""

from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from biox.lrp import rules
from biox.lrp.layers import Layer
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
    cheap = rule.rectified if site.rectified and site.input_positive else None
    shares = rule.shares if cheap is None else cheap
    carried: dict[Part, Tensor] = {}
    rest: Tensor | None = site.output if rule.complete else None
    for place, share in enumerate(shares):
        terms = [term for term in share.terms if not (site.input_positive and term.input is rules.negative)]
        if rest is not None and place == len(shares) - 1:
            divisor = _lowering(rest)
        else:
            divisor = reduce(torch.add, (_scaled(_forward(term, site), term.factor, term, site) for term in terms))
            rest = None if rest is None else rest - divisor
        # Below a ReLU no relevance arrives where the output is 0.
        arriving = relevance * (site.output != 0) if share.skips_zero and not site.rectified else relevance
        quotient = divided(arriving, divisor, rule.eps)
        for term in terms:
            part = _same_part(term.input, site)
            down = _adjoint(term, site, _scaled(quotient, share.factor * term.factor, term, site))
            carried[part] = carried[part].add_(down) if part in carried else down
    found = (down if part is rules.ones else down.mul_(_input(part, site)) for part, down in carried.items())
    return reduce(torch.add, found)


def _lowering(rest: Tensor) -> Tensor:
    """What is left of the output after the raising contributions is 0 at most; rounding may say otherwise.

    A rounding error becomes -0.0, which is stabilised as the tiny negative sum that it stands for.
    """
    return rest.clamp(max=0).copysign_(-1.0)


def divided(relevance: Tensor, by: Tensor, eps: float) -> Tensor:
    """R / (z + eps s(z)) with s(0) = +1; with eps = 0, nothing where z is 0."""
    if eps == 0:
        return torch.where(by == 0, 0, relevance / by)
    # A sum of -0.0 gets -eps here; all that was summed is zero or negative then.
    stable = torch.copysign(by.new_tensor(eps), by).add_(by)
    return torch.div(relevance, stable, out=stable) if stable.shape == relevance.shape else relevance / stable


def _forward(term: Term, site: Site) -> Tensor:
    """The changed forward pass; the layer's own output where nothing was changed but the bias left out."""
    layer = site.layer
    if term.input is rules.whole and term.weight is rules.whole:
        bare = layer.bias is None or term.bias is rules.whole
        return site.output if bare else site.output - _along(layer, site.output)
    if term.weight is rules.ones:
        return layer.operator.count(layer.weight, site.input)
    bias = None if term.bias is None or layer.bias is None else term.bias(layer.bias)
    return layer.operator.forward(_input(term.input, site), term.weight(layer.weight.detach()), bias)


def _adjoint(term: Term, site: Site, quotient: Tensor) -> Tensor:
    layer = site.layer
    if term.weight is rules.ones:
        return layer.operator.spread(quotient, layer.weight, site.input)
    return layer.operator.adjoint(quotient, term.weight(layer.weight.detach()), site.input)


def _along(layer: Layer, output: Tensor) -> Tensor:
    """The bias, shaped to meet the output."""
    assert layer.bias is not None
    dim = layer.operator.channel_dim % output.ndim
    return layer.bias.reshape(-1, *(1,) * (output.ndim - 1 - dim))


def _scaled(values: Tensor, factor: float, term: Term, site: Site) -> Tensor:
    values = values if factor == 1 else values * factor
    # Below a ReLU the sign is 1 wherever relevance arrives.
    return values * site.output.sign() if term.signed and not site.rectified else values


def _same_part(part: Part, site: Site) -> Part:
    """The simplest name of a part of this site's input."""
    return rules.whole if site.input_positive and part in (rules.positive, rules.absolute) else part


def _input(part: Part, site: Site) -> Tensor:
    if part in (rules.low, rules.high):
        assert site.bounds is not None, "the capture refuses a box rule without bounds"
        return site.bounds[0 if part is rules.low else 1]
    if part is rules.ones:
        return rules.ones(site.input[:1])
    return _same_part(part, site)(site.input)
