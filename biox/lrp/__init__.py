"""Layer-wise relevance propagation: which input values made a model's score.

``check(model, x)`` says whether and how a model can be explained; ``relevance(model, x, target)`` explains it as it is;
``composite`` and ``NAMES`` choose the rules. docs/explain-your-model.md and docs/write-a-rule.md are the guides.
"""

from biox.lrp import rules
from biox.lrp.check import Check, check
from biox.lrp.composites import Composite, Entry, Place
from biox.lrp.errors import UnhandledOperation
from biox.lrp.explain import attribute, conservation_error, relevance, score
from biox.lrp.passes import Attribution
from biox.lrp.presets import NAMES, composite, with_first, with_operation
from biox.lrp.streaming.compiled import compiled
from biox.lrp.streaming.stream import relevance_batches
from biox.lrp.targets import Units, difference, log_odds, log_ratio

__all__ = [
    "NAMES",
    "Attribution",
    "Check",
    "Composite",
    "Entry",
    "Place",
    "UnhandledOperation",
    "Units",
    "attribute",
    "check",
    "compiled",
    "composite",
    "conservation_error",
    "difference",
    "log_odds",
    "log_ratio",
    "relevance",
    "relevance_batches",
    "rules",
    "score",
    "with_first",
    "with_operation",
]
