"""One layer's relevance by one rule: the changed forward passes of the rule, and their transposes.

The relevance of a layer's output is divided by the sums of the rule's shares; the quotients go down to the input
(``propagate``), and ``taken_by_bias`` says what of them the layer's biases keep to themselves.
"""

from collections import Counter
from collections.abc import Iterator

from torch import Tensor

from biox.lrp import parts
from biox.lrp.divisors import (
    Kept,
    Summed,
    changed_weight,
    divided,
    input_part,
    met,
    plus,
    quotient,
    same_part,
    signed,
    stable_sums,
)
from biox.lrp.layers import Site
from biox.lrp.rules import Part, Rule, Term

__all__ = ["Kept", "Site", "divided", "propagate", "taken_by_bias"]

Terms = tuple[Term, ...]


def propagate(rule: Rule, site: Site, relevance: Tensor, kept: Kept | None = None) -> Tensor:
    """Relevance of a layer's input from the relevance of its output.

    kept: sums and changed weights that an earlier call for the same rule and site left here, and where this call leaves
        its own, for further targets. None: nothing is kept, and memory is freed on the way.
    """
    if not rule.shares:
        return relevance
    found: dict[Part, Summed] = {}
    weights = {} if kept is None else kept
    for terms, amount in _quotients(rule, site, relevance, weights, spare=kept is None):
        _hand_down(found, terms, amount, site, weights)
        del amount
    total = None
    for part in list(found):
        values, own = _times_input(part, *found.pop(part), site)
        total = plus(total, values, 1.0, own=own)
    assert total is not None, "nothing is handed down by a rule without terms, and nobody asks for it"
    return total[0].to(site.input.dtype)


def taken_by_bias(rule: Rule, site: Site, relevance: Tensor, kept: Kept | None = None) -> Tensor:
    """The relevance that the biases of the layer keep, by sample and output channel.

    With what goes down and what the stabiliser absorbs it adds up to what arrived.
    """
    bias, dim = site.layer.bias, site.layer.operator.channel_dim % relevance.ndim
    others = [one for one in range(1, relevance.ndim) if one != dim]
    total = relevance.new_zeros(relevance.shape[0], relevance.shape[dim])
    if bias is None or not rule.shares:
        return total
    for terms, amount in _quotients(rule, site, relevance, {} if kept is None else kept, spare=kept is None):
        each = amount.sum(others) if others else amount
        for term in terms:
            total = total if term.bias is None else total + each * term.bias(bias.detach()).to(each) * term.factor
        del amount
    return total


def _quotients(rule: Rule, site: Site, relevance: Tensor, kept: Kept, *, spare: bool) -> Iterator[tuple[Terms, Tensor]]:
    """Terms, and the relevance that one unit of their sums is worth; each is used up before the next is made."""
    shares = rule.rectified if rule.rectified is not None and site.rectified and site.input_positive else rule.shares
    sums = [kept[("sum", place)] for place in range(len(shares)) if ("sum", place) in kept]
    sums = sums or stable_sums(rule, shares, site, kept)
    if not spare:
        kept.update({("sum", place): values for place, values in enumerate(sums)})
    sums = sums[::-1]
    for share in shares:
        terms = met(share, site)
        if not share.divides:
            yield terms, relevance * share.factor
            continue
        amount = quotient(relevance, sums.pop(), rule.eps, spare=spare)
        amount = amount if share.factor == 1 else amount.mul_(share.factor)
        if signed(share, site):
            signs = site.output.sign()
            plain = amount * signs
            del amount
            yield tuple(term for term in terms if not term.signed), plain
            # Twice the sign is 1, but 0 where the output is 0: nothing is handed down from there.
            terms, amount = tuple(term for term in terms if term.signed), plain.mul_(signs)
            del plain, signs
        yield terms, amount
        del amount


def _hand_down(found: dict[Part, Summed], terms: Terms, amount: Tensor, site: Site, kept: Kept) -> None:
    """Add what each part of the input gets for every unit of it."""
    wanted = tuple(dict.fromkeys(term.weight for term in terms))
    split = {parts.whole, parts.positive, parts.negative} <= set(wanted)  # then W is the sum of the other two
    passes = [part for part in wanted if part is not parts.ones and not (split and part is parts.whole)]
    operator, layer = site.layer.operator, site.layer
    weights = tuple(changed_weight(part, site, kept) for part in passes)
    down = dict(zip(passes, operator.adjoints(amount, weights, site.input), strict=True))
    if parts.ones in wanted:
        down[parts.ones] = operator.spread(amount, layer.weight, site.input)
    if split:
        down[parts.whole] = down[parts.positive] + down[parts.negative]
    uses = Counter(term.weight for term in terms)
    for term in terms:
        own = uses[term.weight] == 1 and term.weight is not parts.ones
        part = same_part(term.input, site)
        found[part] = plus(found.get(part), down[term.weight], term.factor, own=own)


def _times_input(part: Part, down: Tensor, own: bool, site: Site) -> tuple[Tensor, bool]:
    if part is parts.ones:
        return down, own
    values = input_part(part, site)
    return (down.mul_(values), True) if own else (down * values, True)
