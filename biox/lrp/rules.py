"""LRP rules as data: a rule is a short list of changed forward passes.

A layer computes z_k = sum_j x_j w_jk + b_k and receives relevance R_k. Each rule here is a sum of *shares*

    R_j = sum_shares f  sum_terms t x'_j sum_k w'_jk s_k R_k / Z_k,      Z_k = sum_terms t s_k (sum_j x'_j w'_jk + b'_k)

where a *term* names the part x' of the input, the part w' of the weights and the part b' of the bias. f and t are
factors, s_k is the sign of z_k for terms that ask for it and else 1 (a share with such terms hands nothing down where
z_k = 0), and Z is stabilised: Z + eps for Z >= 0, Z - eps below. Options of a rule are numbers in its terms, never
branches. Sources: Bach et al. 2015 (epsilon, alpha-beta), Montavon et al. 2017 (z+, w^2, box) and 2019 (gamma),
Lapuschkin et al. 2019 (flat), Keyl et al. 2022 (gamma, any sign), Zhang et al. 2018 (excitation backpropagation).
"""

import math
from dataclasses import dataclass, replace

from biox.lrp.parts import Part, absolute, high, low, magnitude, negative, ones, positive, raised, squared, whole


@dataclass(frozen=True)
class Term:
    """One changed forward pass: which parts of input, weights and bias meet (bias None: left out).

    factor: how much the pass counts. signed: its contributions take the sign of the layer's output.
    """

    input: Part
    weight: Part
    bias: Part | None
    factor: float = 1.0
    signed: bool = False


@dataclass(frozen=True)
class Share:
    """Terms that divide relevance among them by one common sum.

    factor: scales what this share hands down.
    sign: of the sum (times the sign of the output, where a term is signed), if the rule fixes it: 1, -1, or 0 if not.
    divides: False leaves the division out: relevance is carried down as a gradient would be.
    """

    terms: tuple[Term, ...]
    factor: float = 1.0
    sign: int = 0
    divides: bool = True


@dataclass(frozen=True)
class Rule:
    """How a layer hands relevance down.

    shares: none at all means that relevance passes unchanged.
    eps: stabiliser of every division.
    rectified: an equal, cheaper list for layers with input >= 0 whose relevance is 0 wherever their output is <= 0.
    complete: two shares, raising and lowering, whose sums make up the output, so that the second need not be computed.
    """

    name: str
    shares: tuple[Share, ...]
    eps: float = 1e-6
    rectified: tuple[Share, ...] | None = None
    complete: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.eps) and self.eps >= 0):
            raise ValueError(f"The stabiliser eps of {self.name} must be a number >= 0, got {self.eps!r}.")

    @property
    def needs_bounds(self) -> bool:
        """Whether the rule needs the lowest and highest possible input."""
        return any(term.input in (low, high) for share in self.shares for term in share.terms)

    @property
    def blocks(self) -> bool:
        """Whether nothing passes the layer."""
        return bool(self.shares) and not any(share.terms for share in self.shares)

    @property
    def keeps_zeros(self) -> bool:
        """Whether an input of 0 always receives relevance 0 (false for flat, w^2, box and pass)."""
        terms = [term for share in self.shares for term in share.terms]
        kept = (whole, positive, negative, absolute)
        return self.blocks or (bool(terms) and all(term.input in kept for term in terms))


def epsilon(eps: float = 1e-6) -> Rule:
    """Each input gets its share of the output; a larger ``eps`` absorbs weak evidence (eps = 0 is LRP-0)."""
    return Rule("epsilon", (Share((Term(whole, whole, whole),)),), eps)


def gamma(gamma: float = 0.25, eps: float = 1e-6) -> Rule:
    """As epsilon, but what speaks for the output counts (1 + gamma) times.

    Holds for inputs and outputs of any sign: contributions with the sign of z count (1 + gamma) times, and an output of
    exactly 0 hands nothing down. With c = x w this is c (1 + gamma / 2) + sign(z) |c| gamma / 2: two passes, not four.
    """
    if not (math.isfinite(gamma) and gamma >= 0):
        raise ValueError(f"gamma must be a number >= 0, got {gamma!r}.")
    more, up = magnitude(gamma / 2), raised(gamma)
    terms = Term(absolute, more, more, signed=True), Term(whole, whole, whole, 1 + gamma / 2)
    return Rule("gamma", (Share(terms, sign=1),), eps, rectified=(Share((Term(whole, up, up),), sign=1),))


def alpha_beta(alpha: float = 2.0, beta: float = 1.0, eps: float = 1e-6) -> Rule:
    """Raising contributions weigh ``alpha``, lowering ones ``beta`` (Bach et al. 2015)."""
    if not math.isclose(alpha - beta, 1) or beta < 0:
        raise ValueError(f"alpha_beta needs alpha - beta = 1 and beta >= 0, got alpha={alpha!r}, beta={beta!r}.")
    raising = Share((Term(positive, positive, positive), Term(negative, negative, None)), alpha, sign=1)
    lowering = Share((Term(positive, negative, negative), Term(negative, positive, None)), -beta, sign=-1)
    if beta == 0:
        return Rule("alpha-beta", (raising,), eps)
    return Rule("alpha-beta", (raising, lowering), eps, complete=True)


def zplus(eps: float = 1e-6) -> Rule:
    """Only what raises the output gets relevance (alpha = 1, beta = 0)."""
    return alpha_beta(1.0, 0.0, eps)


def wsquare(eps: float = 1e-6) -> Rule:
    """Relevance by squared weights, whatever the input; for a first layer whose input has no bounds. Without bias."""
    return Rule("wsquare", (Share((Term(ones, squared, None),), sign=1),), eps)


def flat(eps: float = 1e-6) -> Rule:
    """Relevance evenly over everything an output sees; for a first layer, where only the place matters."""
    return Rule("flat", (Share((Term(ones, ones, None),), sign=1),), eps)


def box(eps: float = 1e-6) -> Rule:
    """For a first layer whose inputs lie between ``low`` and ``high`` of the call. Without bias."""
    terms = Term(whole, whole, None), Term(low, positive, None, -1.0), Term(high, negative, None, -1.0)
    return Rule("box", (Share(terms),), eps)


def without_bias(rule: Rule) -> Rule:
    """The same rule, with biases left out of all sums, so that they keep nothing."""
    if any(term.signed for share in rule.shares for term in share.terms):
        raise ValueError(f"{rule.name} looks at the sign of the output, so the bias cannot be left out of it.")
    shares = tuple(
        replace(share, terms=tuple(replace(term, bias=None) for term in share.terms)) for share in rule.shares
    )
    return replace(rule, name=f"{rule.name}-no-bias", shares=shares, rectified=None, complete=False)


def norm(eps: float = 1e-6) -> Rule:
    """Each input gets its share of the sum of all contributions, the bias left out; the rule of sums and means."""
    return replace(without_bias(epsilon(eps)), name="norm")


def excitation(eps: float = 1e-6) -> Rule:
    """As z+, but the bias takes no part, so that nothing is lost on the way (excitation backpropagation)."""
    return replace(without_bias(zplus(eps)), name="excitation")


def gradient() -> Rule:
    """As the gradient goes: nothing is divided, and no input multiplied."""
    return Rule("gradient", (Share((Term(ones, whole, None),), divides=False),), 0.0)


def blocking() -> Rule:
    """Nothing passes: the layer counts as a constant."""
    return Rule("block", (Share((), factor=0.0),))


def passing() -> Rule:
    """Relevance passes unchanged; for layers whose output has the shape of their input."""
    return Rule("pass", ())
