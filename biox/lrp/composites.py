"""Composites: which layer gets which rule. First match wins.

``epsilon-plus`` means: epsilon for dense layers, z+ for convolutions; ``-flat`` and ``-box`` change the rule of the
layer that reads the input. Names and options are what a study file says: ``{name: epsilon, eps: 1.0e-5}``.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from biox.lrp import rules
from biox.lrp.rules import Rule

KINDS = ("linear", "conv", "batch_norm")


@dataclass(frozen=True)
class Entry:
    """A rule and the layers it is for; a layer must meet every condition that is given.

    kind: ``"linear"``, ``"conv"``, ``"batch_norm"`` or ``"*"``.
    name: pattern of the layer's path in the model, as in ``"features.0"`` or ``"head.*"``.
    first: True for layers that read the input, False for all others, None for either.
    """

    rule: Rule
    kind: str = "*"
    name: str = "*"
    first: bool | None = None

    def __post_init__(self) -> None:
        if self.kind not in (*KINDS, "*"):
            raise ValueError(f"Unknown kind of layer {self.kind!r}; known are {_listed((*KINDS, '*'))}.")

    def matches(self, kind: str, name: str, first: bool) -> bool:
        """Whether the rule is for this layer."""
        return self.kind in ("*", kind) and fnmatchcase(name, self.name) and self.first in (None, first)


@dataclass(frozen=True)
class Composite:
    """Rules for a whole model; for every layer the first entry that matches counts.

    stabiliser: the eps of sums, means and average pooling, which have no rule of their own.
    """

    entries: tuple[Entry, ...]
    stabiliser: float = 1e-6

    def rule_for(self, kind: str, name: str, first: bool) -> Rule:
        """The rule of one layer."""
        for entry in self.entries:
            if entry.matches(kind, name, first):
                return entry.rule
        raise ValueError(
            f"No entry of the composite is for the layer {name!r} of kind {kind!r}. "
            "End the composite with an entry for all layers, for example Entry(epsilon())."
        )

    @property
    def needs_bounds(self) -> bool:
        """Whether ``low`` and ``high`` must be given."""
        return any(entry.rule.needs_bounds for entry in self.entries)

    @property
    def keeps_zeros(self) -> bool:
        """Whether no layer above the first gives relevance to an input of 0 (so that silent ReLUs never carry any)."""
        return all(entry.rule.keeps_zeros for entry in self.entries if entry.first is not True)


def epsilon(eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """The epsilon rule in every layer; a larger ``eps`` makes sparser, calmer explanations."""
    return Composite((Entry(rules.epsilon(eps)),), stabiliser)


def epsilon_plus(eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """Epsilon in dense layers, z+ in convolutions: a stable default for image-like signals."""
    return _dense_and_convolution(eps, stabiliser, rules.zplus(stabiliser))


def epsilon_gamma(eps: float = 1e-6, gamma: float = 0.25, stabiliser: float = 1e-6) -> Composite:
    """Epsilon in dense layers, gamma in convolutions."""
    return _dense_and_convolution(eps, stabiliser, rules.gamma(gamma, stabiliser))


def epsilon_alpha2_beta1(eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """Epsilon in dense layers, alpha 2, beta 1 in convolutions: evidence for and against, apart."""
    return _dense_and_convolution(eps, stabiliser, rules.alpha_beta(2.0, 1.0, stabiliser))


def gamma(gamma: float = 0.25, eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """The gamma rule in every layer."""
    return Composite((Entry(rules.gamma(gamma, eps)),), stabiliser)


def zplus(stabiliser: float = 1e-6) -> Composite:
    """The z+ rule in every layer; with ``-wsquare`` or ``-box`` this is deep Taylor decomposition."""
    return Composite((Entry(rules.zplus(stabiliser)),), stabiliser)


def with_first(composite: Composite, rule: Rule) -> Composite:
    """The same composite with another rule for the layers that read the input."""
    return Composite((Entry(rule, first=True), *composite.entries), composite.stabiliser)


BASES: Mapping[str, Callable[..., Composite]] = {
    "epsilon": epsilon,
    "epsilon-plus": epsilon_plus,
    "epsilon-gamma": epsilon_gamma,
    "epsilon-alpha2-beta1": epsilon_alpha2_beta1,
    "gamma": gamma,
    "zplus": zplus,
}
FIRST: Mapping[str, Callable[[float], Rule]] = {"flat": rules.flat, "box": rules.box, "wsquare": rules.wsquare}
NAMES = (*BASES, *(f"{base}-{first}" for base in BASES for first in FIRST))


def composite(name: str, **options: float) -> Composite:
    """The composite of that name, with its options, as a study file gives them: ``composite("epsilon", eps=1e-5)``.

    Unknown names and options are a ValueError that lists the known ones.
    """
    if name not in NAMES:
        raise ValueError(f"There is no composite {name!r}; known are {_listed(NAMES)}.")
    base, first = (name, None) if name in BASES else tuple(name.rsplit("-", 1))
    make = BASES[base]
    known = tuple(inspect.signature(make).parameters)
    for option, value in options.items():
        if option not in known:
            raise ValueError(f"The composite {name!r} has no option {option!r}; it has {_listed(known)}.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"The option {option!r} of the composite {name!r} must be a number, got {value!r}.")
    made = make(**options)
    return made if first is None else with_first(made, FIRST[first](made.stabiliser))


def _dense_and_convolution(eps: float, stabiliser: float, rule: Rule) -> Composite:
    return Composite((Entry(rule, kind="conv"), Entry(rules.epsilon(eps))), stabiliser)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names)
