"""Which edges are there only because types or batches differ? They vanish when each is centred or taken alone.

Rule: an edge among the ``top`` strongest of ``main`` vanishes in another arm if it is not among the 5 ``top`` strongest
there (or, where there are few pairs, in the stronger half). An arm with fewer patients, or another network, loses edges
for no such reason: the further seeds of ``main``, judged by the same rule, say how many are lost by the network alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.compared import strongest
from biox.domains.proteomics.found import Found, arms, seeded
from biox.domains.proteomics.medians import medians
from biox.domains.proteomics.strengths import Pairs, strengths

COLUMNS = ["a", "b", "weight", "by", "weight_there", "rank", "rank_there", "vanishes"]
WIDER = 5


def controls(found: Found, named: Sequence[str] | None) -> list[str]:
    """The arms that take a confounder away: those named, else those that are centred (by their name, which begins with
    ``centred``) and those that leave samples out.
    """
    others = [name for name in arms(found) if name != "main"]
    if named is not None:
        unknown = [name for name in named if name not in others]
        if unknown:
            raise InputError(f"validate.confounders names {listed(unknown)}; the variants are {listed(others)}.")
        return list(named)
    size = len(found.influences["main"].samples)
    return [n for n in others if n.startswith("centred") or len(found.influences[n].samples) < size]


def confounded(found: Found, average: np.ndarray, pairs: Pairs, named: Sequence[str] | None, top: int) -> Evidence:
    """The strongest edges of ``main`` (``average``, shape (pair,)) in every arm that takes a confounder away."""
    chosen = strongest(average, top)
    chosen = chosen[np.isfinite(average[chosen])]
    graphs = {name: _average(found, name, pairs) for name in [*controls(found, named), *seeded(found)]}
    tables = {name: _table(found, chosen, average, graph, pairs).assign(by=name) for name, graph in graphs.items()}
    shown = [tables[name] for name in controls(found, named)]
    rows = _claims(found, tables, len(chosen))
    if not shown:
        return Evidence(claims_table([]), {})
    return Evidence(claims_table(rows), {"confounders": pd.concat(shown, ignore_index=True)[COLUMNS]})


def _average(found: Found, name: str, pairs: Pairs) -> np.ndarray:
    return medians(strengths(found.influences[name], found.cohort.samples, pairs))


def _table(found: Found, chosen: np.ndarray, average: np.ndarray, there: np.ndarray, pairs: Pairs) -> pd.DataFrame:
    order = strongest(there, len(there))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    names = np.array(found.graphs.proteins)
    return pd.DataFrame(
        {
            "a": names[pairs.a[chosen]],
            "b": names[pairs.b[chosen]],
            "weight": average[chosen],
            "weight_there": there[chosen],
            "rank": np.arange(1, len(chosen) + 1),
            "rank_there": rank[chosen],
            "vanishes": rank[chosen] > bound(len(chosen), len(average)),
        }
    )


def bound(top: int, pairs: int) -> int:
    """The last rank at which an edge still counts as there."""
    return min(WIDER * top, pairs // 2)


def _claims(found: Found, tables: Mapping[str, pd.DataFrame], top: int) -> list[dict[str, Any]]:
    rows = []
    for name, table in tables.items():
        again = name in seeded(found)
        rank = bound(top, len(found.graphs.proteins) * (len(found.graphs.proteins) - 1) // 2)
        samples = len(found.influences[name].samples)
        why = (
            "another seed, the same samples: what the network alone loses" if again else "another preparation or subset"
        )
        rows.append(
            {
                "claim": "strongest edges that vanish" + (" with another seed" if again else ""),
                "group": name,
                "value": int(table["vanishes"].sum()),
                "n": len(table),
                "unit": "edges",
                "method": f"among the {top} strongest of main, but beyond rank {rank} there ({samples} samples, {why})",
            }
        )
    return rows
