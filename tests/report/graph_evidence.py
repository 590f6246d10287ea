"""The evidence of a made-up graph study: every table that a page may draw on, in the agreed columns."""

import numpy as np
import pandas as pd

from biox.core.graph_types import Graphs
from biox.core.types import Evidence, claims_table

SAME = "without same protein"
METHODS = {"lrp": 0.97, "pearson": 0.74, "partial": 0.95, "lasso": 0.93, "genie3": 0.96, "expected-gradients": 0.9}
SINGLE = {"lrp": 0.96, "lioness": 0.89, "product": 0.87}


def evidence(rng, graphs: Graphs, types) -> Evidence:
    nodes = graphs.nodes
    proteins = nodes[["protein", "r", "p", "q", "predicted"]].assign(
        low=nodes["r"] - 0.08, high=nodes["r"] + 0.07, n=90
    )
    tables = {
        "proteins": proteins,
        "benchmark": _benchmark(),
        "precision_curve": _curve(rng),
        **_types(rng, graphs, types),
        "pathways": _pathways(graphs),
        "pathway_members": pd.DataFrame({"pathway": "p53 pathway", "protein": graphs.proteins[:6]}),
        "confounders": _confounders(graphs),
        "halves": pd.DataFrame(
            [
                ("main", "rank correlation", 0.91, 0.88, 0.93, 20),
                ("main", "share of top 100 in common", 0.82, 0.75, 0.88, 20),
            ],
            columns=["arm", "measure", "value", "low", "high", "n"],
        ),
        "stability": pd.DataFrame(
            [("folds", "rank correlation", 0.86), ("seeds", "share of top 100 in common", 0.79)],
            columns=["kind", "measure", "value"],
        ),
    }
    return Evidence(_claims(), tables)


def _claims() -> pd.DataFrame:
    return claims_table(
        [{"claim": "AUROC", "group": "lrp | truth | average", "value": 0.97, "low": 0.95, "high": 0.98}]
    )


def _benchmark() -> pd.DataFrame:
    rows = []
    for pairs in ("all", SAME):
        for method, value in METHODS.items():
            for measure, scale, base in (("AUROC", 1.0, 0.5), ("AUPR", 0.6, 0.1), ("precision of top 100", 0.5, 0.19)):
                v = scale * value - 0.05 * (pairs == SAME)
                ends = (np.nan, np.nan) if method == "genie3" else (v - 0.03, v + 0.02)
                rows.append((method, "reactome", "average", pairs, measure, v, *ends, 0.001, 200, base))
    for method, value in SINGLE.items():
        own = (value, value - 0.01, value + 0.01, np.nan, 90, 0.5)
        rows += [(method, "truth", s, "all", "AUROC", *own) for s in ("individual", "individual within blocks")]
    columns = ["method", "reference", "scope", "pairs", "measure", "value", "low", "high", "p", "n", "base"]
    return pd.DataFrame(rows, columns=columns)


def _curve(rng) -> pd.DataFrame:
    k = np.array([10, 20, 50, 100, 200, 500, 1000])
    made = [
        pd.DataFrame(
            {"method": m, "reference": "reactome", "pairs": pairs, "k": k, "precision": v * 10 / (10 + k**0.5)}
        )
        for m, v in METHODS.items()
        for pairs in ("all", SAME)
    ]
    return pd.concat(made, ignore_index=True)


def _types(rng, graphs: Graphs, types) -> dict[str, pd.DataFrame]:
    if len(types) < 2:
        return {}
    top = graphs.edges.sort_values("weight", ascending=False).head(200)
    p = 10.0 ** -rng.uniform(0, 12, len(top))
    found = pd.DataFrame({
        "a": top["a"], "b": top["b"], "statistic": -np.log10(p) * 9, "p": p, "p_holm": np.minimum(1, p * 1770),
        "q": np.minimum(1, p * 300), "highest": types[0], "lowest": types[1],
    }).sort_values("statistic", ascending=False)  # fmt: skip
    medians = [
        (r.a, r.b, name, value)
        for r in found.itertuples()
        for name, value in zip(types, rng.exponential(0.2, len(types)), strict=True)
    ]
    return {"types": found, "type_medians": pd.DataFrame(medians, columns=["a", "b", "type", "median"])}


def _pathways(graphs: Graphs) -> pd.DataFrame:
    rows = [
        ("p53 pathway", 6, 9, 2.1, 0.0002, 0.004, "P001 – P002; P003 – P004"),
        ("a decoy <i>", 12, 3, 2.9, 0.5, 0.7, ""),
    ]
    return pd.DataFrame(rows, columns=["pathway", "size", "hits", "expected", "p", "q", "edges"])


def _confounders(graphs: Graphs) -> pd.DataFrame:
    top = graphs.edges.sort_values("weight", ascending=False).head(30).reset_index(drop=True)
    return pd.DataFrame({
        "a": top["a"], "b": top["b"], "weight": top["weight"], "by": "centred", "weight_there": top["weight"] * 0.7,
        "rank": np.arange(1, 31), "rank_there": np.where(np.arange(30) % 9 == 4, 900, np.arange(1, 31)),
        "vanishes": np.arange(30) % 9 == 4,
    })  # fmt: skip
