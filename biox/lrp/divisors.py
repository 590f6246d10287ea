"""The sums that relevance is divided by, stabilised; and the division.

Where a rule fixes the sign of its sum, the stabiliser rides along in the bias of the changed forward pass; elsewhere
the sign is looked at value by value. Divisions are in single precision at least.
"""

import torch
from torch import Tensor

from biox.lrp import parts
from biox.lrp.layers import Site
from biox.lrp.rules import Part, Rule, Share, Term
from biox.lrp.values import holds

Kept = dict[tuple[str, object], Tensor]
Summed = tuple[Tensor, bool]  # a sum so far, and whether its memory is ours to write in
_HALF = (torch.float16, torch.bfloat16)


def divided(relevance: Tensor, by: Tensor, eps: float) -> Tensor:
    """R / (z + eps s(z)) with s(0) = +1; with eps = 0, nothing where z is 0."""
    return quotient(relevance, stabilised(by, eps), eps, spare=eps != 0)


def quotient(relevance: Tensor, stable: Tensor, eps: float, *, spare: bool) -> Tensor:
    """Relevance by a stabilised sum, whose memory the result takes if it is to spare."""
    wide = stable.float() if stable.dtype in _HALF else stable
    if eps == 0:
        found = torch.where(wide == 0, 0, relevance / wide)
    elif spare and wide.shape == relevance.shape and wide.dtype == torch.promote_types(wide.dtype, relevance.dtype):
        found = torch.div(relevance, wide, out=wide)
    else:
        found = relevance / wide
    if stable.dtype == torch.float16:  # what is too large for it would become infinite
        found = found.clamp(-torch.finfo(torch.float16).max, torch.finfo(torch.float16).max)
    return found.to(stable.dtype) if stable.dtype in _HALF else found


def stabilised(values: Tensor, eps: float) -> Tensor:
    """New memory with z + eps s(z); a sum of -0.0 gets -eps, since all that was summed is zero or negative then."""
    return torch.copysign(values.new_tensor(eps), values).add_(values) if eps else values


def stable_sums(rule: Rule, shares: tuple[Share, ...], site: Site, kept: Kept) -> list[Tensor]:
    """The divisor of every share that divides.

    The sums of a complete rule add up to the output: its second one, which lowers, is what the first leaves of it.
    Where that is a small difference of large numbers, it is summed by itself.
    """
    if rule.complete and shares is rule.shares:
        raising = _stable_sum(shares[0], site, rule.eps, kept)
        lowering = torch.sub(site.output, raising)
        if _cancelled(lowering, raising, rule.eps):
            lowering = _stable_sum(shares[1], site, rule.eps, kept)
        return [raising, lowering.clamp_(max=-rule.eps)]
    return [_stable_sum(share, site, rule.eps, kept) for share in shares if share.divides]


def _cancelled(lowering: Tensor, raising: Tensor, eps: float) -> bool:
    """Whether rounding may have changed some difference by more than a hundredth.

    A difference that is nothing but rounding may stand where it is small beside the stabiliser.
    """
    if lowering.dtype in _HALF:
        return True
    digit = torch.finfo(lowering.dtype).eps
    doubtful = lowering > raising * (-400 * digit)
    if not holds(doubtful.any(), otherwise=True):
        return False
    harmless = (lowering + eps).abs_() <= raising * (2 * digit)
    return holds((doubtful & ~(harmless & (raising <= eps / (4 * digit)))).any(), otherwise=True)


def _stable_sum(share: Share, site: Site, eps: float, kept: Kept) -> Tensor:
    terms, only_output = met(share, site), all(_is_output(term, site) for term in share.terms)
    sign = 1 if site.rectified and only_output else share.sign
    missing, total = sign * eps, None
    for term in terms:
        carries = missing if term.factor == 1 and not _known(term) else 0.0
        value = _forward(term, site, kept, carries)
        missing -= carries
        if signed(share, site) and not term.signed:
            value = value.abs() if value is site.output else value * site.output.sign()
        total = plus(total, value, term.factor, own=value is not site.output)
    assert total is not None, "every share has a term"
    if sign == 0:
        return stabilised(total[0], eps)
    stable = total[0] + missing if missing else total[0]
    if only_output:
        return stable
    # Fast convolutions may round a sum of nothing to just beyond 0.
    return stable.clamp_(min=eps) if sign > 0 else stable.clamp_(max=-eps)


def met(share: Share, site: Site) -> tuple[Term, ...]:
    """The terms that have something to sum at this site."""
    return tuple(term for term in share.terms if not (site.input_positive and term.input is parts.negative))


def signed(share: Share, site: Site) -> bool:
    """Whether the share looks at the sign of the output; below a ReLU it is 1 wherever relevance arrives."""
    return not site.rectified and any(term.signed for term in share.terms)


def plus(total: Summed | None, value: Tensor, factor: float, *, own: bool) -> Summed:
    """``total + factor value``, in place where the memory is ours."""
    if total is None:
        scaled = value if factor == 1 else value.mul_(factor) if own else value * factor
        return scaled, own or factor != 1
    so_far, mine = total
    if mine and torch.broadcast_shapes(so_far.shape, value.shape) == so_far.shape:
        return so_far.add_(value, alpha=factor), True
    return torch.add(so_far, value, alpha=factor), True


def changed_weight(part: Part, site: Site, kept: Kept) -> Tensor:
    """A part of the layer's weights, made once a call."""
    key = ("weight", part)
    if key not in kept:
        kept[key] = part(site.layer.weight.detach()).to(site.output.dtype)
    return kept[key]


def input_part(part: Part, site: Site) -> Tensor:
    """A part of what the layer saw, in the precision that it computes in."""
    if part in (parts.low, parts.high):
        assert site.bounds is not None, "the capture refuses a box rule without bounds"
        return site.bounds[0 if part is parts.low else 1].to(site.output.dtype)
    if part is parts.ones:
        return parts.ones(site.input[:1]).to(site.output.dtype)
    return same_part(part, site)(site.input).to(site.output.dtype)


def same_part(part: Part, site: Site) -> Part:
    """The simplest name of a part of this site's input."""
    return parts.whole if site.input_positive and part in (parts.positive, parts.absolute) else part


def _known(term: Term) -> bool:
    """Whether the term's sums need no pass of their own."""
    return term.weight is parts.ones or (term.input is parts.whole and term.weight is parts.whole)


def _is_output(term: Term, site: Site) -> bool:
    whole = term.input is parts.whole and term.weight is parts.whole
    return whole and (term.bias is parts.whole or site.layer.bias is None)


def _forward(term: Term, site: Site, kept: Kept, more: float) -> Tensor:
    """The sums of one term, with ``more`` added to every bias; made from the layer's output where that is possible."""
    layer = site.layer
    if _is_output(term, site):
        return site.output
    own = layer.bias.detach().to(site.output.dtype) if layer.bias is not None else None
    dim = layer.operator.channel_dim % site.output.ndim
    if term.input is parts.whole and term.weight is parts.whole:
        assert own is not None, "without a bias it is the output"
        return site.output - own.reshape(-1, *(1,) * (site.output.ndim - 1 - dim))
    if term.weight is parts.ones:
        return layer.operator.count(layer.weight, site.input).to(site.output.dtype)
    bias = None if term.bias is None or own is None else term.bias(own)
    if more:
        bias = site.output.new_full((site.output.shape[dim],), more) if bias is None else bias + more
    return layer.operator.forward(input_part(term.input, site), changed_weight(term.weight, site, kept), bias)
