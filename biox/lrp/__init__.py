"""Layer-wise relevance propagation: which input values made a model's score.

``relevance(model, x, target)`` explains a model as it is; ``composite`` and ``NAMES`` choose the rules.
"""

from biox.lrp import rules
from biox.lrp.composites import Composite, Entry, Place
from biox.lrp.errors import UnhandledOperation
from biox.lrp.explain import conservation_error, relevance, score
from biox.lrp.presets import NAMES, composite, with_first

__all__ = [
    "NAMES",
    "Composite",
    "Entry",
    "Place",
    "UnhandledOperation",
    "composite",
    "conservation_error",
    "relevance",
    "rules",
    "score",
    "with_first",
]
