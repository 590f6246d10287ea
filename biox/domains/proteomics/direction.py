"""Who influences whom: whether the found graph points the same way as the known one.

Of every known edge i -> j that is not also known backwards: is i -> j stronger than j -> i? By chance, half of them.
The AUROC pools the true directions of all edges against the reverse ones. Edges of one regulator are not independent,
so the binomial interval is narrower than it should be; that is said where it stands.
"""

from typing import Any

import numpy as np
from scipy import stats

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.graph_scores import Scored
from biox.domains.proteomics.known import Known, matrix
from biox.domains.proteomics.scores import auroc, counted, ranked


def direction(scored: Scored, reference: Known, proteins: tuple[str, ...]) -> Evidence:
    """Claims for every method whose graph has directions. scored: of ordered pairs."""
    truth = matrix(reference, proteins)
    source, target = np.nonzero(truth & ~truth.T)
    rows: list[dict[str, Any]] = []
    for name, score in scored.value.items():
        graph = np.full(truth.shape, np.nan)
        graph[scored.pairs.a, scored.pairs.b] = score
        there, back = graph[source, target], graph[target, source]
        known = np.isfinite(there) & np.isfinite(back)
        symmetric = np.allclose(graph, graph.T, equal_nan=True)
        if known.any() and not symmetric:
            rows += _claims(there[known], back[known], f"{name} | {reference.name}")
    return Evidence(claims_table(rows), {})


def _claims(there: np.ndarray, back: np.ndarray, group: str) -> list[dict[str, Any]]:
    right, edges = int((there > back).sum()), int((there != back).sum())
    rows = []
    if edges:
        test = stats.binomtest(right, edges)
        ends = test.proportion_ci(method="exact")
        rows.append(
            {
                "claim": "known edges whose true direction is stronger",
                "group": group,
                "value": right / edges,
                "low": ends.low,
                "high": ends.high,
                "p": test.pvalue,
                "n": edges,
                "unit": "share",
                "method": "exact binomial against one half, edges taken as independent, which those of one regulator "
                "are not; edges as strong in both directions left out",
            }
        )
    both = np.concatenate([there, back])
    true = np.arange(len(both)) < len(there)
    rows.append(
        {
            "claim": "AUROC of true against reverse direction",
            "group": group,
            "value": float(auroc(counted(ranked(both), true[None]))[0]),
            "n": len(there),
            "method": "true directions of all known one-way edges against their reverse, pooled; 0.5 by chance",
        }
    )
    return rows
