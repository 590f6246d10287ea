"""Composites: which layer gets which rule. First match wins."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from biox.lrp import rules
from biox.lrp.rules import Rule

WEIGHTED = ("linear", "conv", "batch_norm")
KINDS = (*WEIGHTED, "norm", "softmax")
Flow = Literal["relevance", "guided", "deconvolution"]


@dataclass(frozen=True)
class Entry:
    """A rule and the layers it is for; a layer must meet every condition that is given.

    kind: ``"linear"``, ``"conv"``, ``"batch_norm"`` or ``"*"``, which is any of these; ``"norm"`` (layer, group and
        instance normalisation) and ``"softmax"`` are only matched by their own names.
    name: pattern of the layer's path in the model, as in ``"features.0"`` or ``"head.*"``.
    first: True for layers that read the input, False for all others, None for either.
    last: True for the layer with weights that the model runs last, False for all others, None for either.
    """

    rule: Rule
    kind: str = "*"
    name: str = "*"
    first: bool | None = None
    last: bool | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.rule, Rule):
            raise ValueError(f"An entry needs a rule, such as rules.epsilon(), got {self.rule!r}.")
        if self.kind not in (*KINDS, "*"):
            raise ValueError(f"Unknown kind of layer {self.kind!r}; known are {', '.join(map(repr, (*KINDS, '*')))}.")

    def matches(self, place: "Place") -> bool:
        """Whether the rule is for this layer."""
        kind = place.kind == self.kind or (self.kind == "*" and place.kind in WEIGHTED)
        ends = self.first in (None, place.first) and self.last in (None, place.last)
        return kind and ends and fnmatchcase(place.name, self.name)


@dataclass(frozen=True)
class Place:
    """What a composite may ask of a layer: its kind, its path in the model, and whether it is the first or last."""

    kind: str
    name: str = ""
    first: bool = False
    last: bool = False


@dataclass(frozen=True)
class Composite:
    """Rules for a whole model; for every layer the first entry that matches counts.

    stabiliser: the eps of sums, means, products and pooling, which have no rule of their own.
    fold_batchnorm: whether a BatchNorm joins the linear layer before it (exact); else it is a layer of its own.
    flow: what passes the model backwards: relevance, or a gradient whose activations let only positive values pass
        (``"deconvolution"``), and only where they were active (``"guided"``); then the entries do not count.
    start: whether the pass begins with the score itself, or with 1.
    operations: handlers of operations, beside or instead of those of ``biox.lrp.operations`` (``with_operation``).
    """

    entries: tuple[Entry, ...]
    stabiliser: float = 1e-6
    fold_batchnorm: bool = True
    flow: Flow = "relevance"
    start: Literal["score", "one"] = "score"
    operations: tuple[tuple[Any, Callable[..., Any]], ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.entries, tuple) or not all(isinstance(entry, Entry) for entry in self.entries):
            raise ValueError(
                f"Composite needs a tuple of entries, as in Composite((Entry(rule),)); got {self.entries!r}."
            )
        if self.flow not in get_args(Flow):
            raise ValueError(f"flow must be one of {', '.join(map(repr, get_args(Flow)))}, got {self.flow!r}.")
        if self.start not in ("score", "one"):
            raise ValueError(f"start must be 'score' or 'one', got {self.start!r}.")

    def rule_for(self, place: Place) -> Rule:
        """The rule of one layer; for a norm the epsilon rule, for a softmax its Taylor rule, where no entry is."""
        for entry in self.entries:
            if entry.matches(place):
                return entry.rule
        if place.kind not in WEIGHTED:
            return rules.epsilon(self.stabiliser)
        raise ValueError(
            f"No entry of the composite is for the layer {place.name!r} of kind {place.kind!r}. "
            "End the composite with an entry for all layers, for example Entry(epsilon())."
        )

    @property
    def divides_score(self) -> bool:
        """Whether relevance is a division of the score among the inputs, so that it should add up to it."""
        return self.flow == "relevance" and self.start == "score"

    def blocks(self, kind: str, name: str, first: bool) -> bool:
        """Whether nothing passes a layer, be it the last one or not."""
        return any(entry.rule.blocks for entry in self.entries) and all(
            self.rule_for(Place(kind, name, first, last)).blocks for last in (True, False)
        )

    @property
    def needs_bounds(self) -> bool:
        """Whether ``low`` and ``high`` must be given."""
        return any(entry.rule.needs_bounds for entry in self.entries)

    @property
    def keeps_zeros(self) -> bool:
        """Whether no layer above the first gives relevance to an input of 0 (so that silent ReLUs never carry any)."""
        weighted = (entry for entry in self.entries if entry.kind not in ("norm", "softmax"))
        return all(entry.rule.keeps_zeros for entry in weighted if entry.first is not True)
