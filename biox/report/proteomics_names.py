"""How methods, scopes and choices of pairs are called on the page of a graph study, and the level of its tests."""

from biox.core.study import Study

METHODS = {
    "lrp": "this network (LRP)",
    "expected-gradients": "same network, expected gradients",
    "pearson": "|Pearson|",
    "partial": "partial correlation (Ledoit-Wolf)",
    "lasso": "partial correlation (graphical lasso)",
    "genie3": "GENIE3 (forest of trees)",
    "lioness": "LIONESS on Pearson",
    "product": "control |z·z| (no model)",
}
CONTROL = "product"
SCOPES = {
    "average": "average graph",
    "average directed": "average graph, with direction",
    "individual": "single patients",
    "individual within blocks": "single patients, only pairs that are an edge in some patients",
}
WITHOUT = "without same protein"


def scope_name(scope: str, pairs: str) -> str:
    """What was compared: the average graph or single patients, and which pairs where not all of them."""
    words = SCOPES.get(scope, scope)
    return words if pairs == "all" else f"{words}, {'without same-protein pairs' if pairs == WITHOUT else pairs}"


def level(study: Study) -> float:
    """The level at which types and pathways were tested: ``validate.alpha`` of the study file."""
    return float(study.validate_.get("alpha", 0.05))


def name_of(method: str) -> str:
    """A method as it is read."""
    return METHODS.get(method, method)
