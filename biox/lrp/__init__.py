"""Layer-wise relevance propagation: which input values made a model's score.

``relevance(model, x, target)`` explains a model as it is; ``composite`` and ``NAMES`` choose the rules.
"""

from biox.lrp import rules
from biox.lrp.composites import NAMES, Composite, Entry, composite, with_first
from biox.lrp.errors import UnhandledOperation
from biox.lrp.explain import conservation_error, relevance, score

__all__ = [
    "NAMES",
    "Composite",
    "Entry",
    "UnhandledOperation",
    "composite",
    "conservation_error",
    "relevance",
    "rules",
    "score",
    "with_first",
]
