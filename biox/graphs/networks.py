"""The graphs of a cohort as objects of networkx: of all patients, of one type, or of one patient."""

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.graph_types import Graphs


def to_networkx(
    graphs: Graphs, group: str = "all", *, directed: bool = False, patient: str | None = None
) -> nx.Graph | nx.DiGraph:
    """A graph whose nodes are the proteins, with the columns of ``graphs.nodes`` as their attributes.

    Of a group ("all" or a type): the kept edges of the graph of all. Directed, ``weight`` is the group's average
    absolute influence of the source on the target and ``signed`` its mean; undirected, ``weight`` is that of
    ``graphs.edges`` for "all", with ``sign``, ``p``, ``q``, ``folds`` and ``seeds``, and the mean of the two directions
    for a type.

    Of a patient (the name of a sample): its strongest edges, whether or not they are kept in the graph of all, with
    ``weight`` (absolute), ``signed``, ``rank`` and ``percentile``. Undirected, a pair has the stronger of its listed
    directions: the other one need not be among the strongest.

    Attributes that are missing (NaN) are left out. An unknown group or patient is an InputError.
    """
    network = nx.DiGraph() if directed else nx.Graph()
    for row in graphs.nodes.to_dict("records"):
        network.add_node(str(row["protein"]), **_known(row, "protein"))
    if patient is not None:
        edges = _of_patient(graphs, patient)
    elif group not in graphs.groups:
        raise InputError(f"There is no graph of {group!r}; there are those of {listed(graphs.groups)}.")
    else:
        edges = _directed(graphs, group) if directed else _undirected(graphs, group)
    # The strongest last: in an undirected graph the later of two directions stays.
    for row in edges.sort_values("weight", kind="stable").to_dict("records"):
        network.add_edge(str(row["source"]), str(row["target"]), **_known(row, "source", "target"))
    return network


def directed_edges(graphs: Graphs) -> pd.DataFrame:
    """All kept edges in both directions and in every group, one row each.

    Columns: ``group``, ``source``, ``target``, ``weight`` (average absolute influence), ``signed`` (its mean), and of
    the pair in the graph of all ``pair_weight``, ``p``, ``q``.
    """
    return pd.concat([_directed(graphs, group).assign(group=group) for group in graphs.groups], ignore_index=True)[
        ["group", "source", "target", "weight", "signed", "pair_weight", "p", "q"]
    ]


def _directed(graphs: Graphs, group: str) -> pd.DataFrame:
    kept = graphs.edges[graphs.edges["kept"]]
    a, b = (kept[end].to_numpy(object) for end in ("a", "b"))
    source, target = np.concatenate([a, b]), np.concatenate([b, a])
    place = {name: number for number, name in enumerate(graphs.proteins)}
    rows, columns = ([place[name] for name in ends] for ends in (source, target))
    k = graphs.groups.index(group)
    return pd.DataFrame(
        {
            "source": source,
            "target": target,
            "weight": np.asarray(graphs.average["main"][k][rows, columns], np.float64),
            "signed": np.asarray(graphs.signed["main"][k][rows, columns], np.float64),
            "pair_weight": np.tile(kept["weight"].to_numpy(np.float64), 2),
            "p": np.tile(kept["p"].to_numpy(np.float64), 2),
            "q": np.tile(kept["q"].to_numpy(np.float64), 2),
        }
    )


def _undirected(graphs: Graphs, group: str) -> pd.DataFrame:
    kept = graphs.edges[graphs.edges["kept"]].rename(columns={"a": "source", "b": "target"})
    if group == "all":
        return kept[["source", "target", "weight", "sign", "p", "q", "folds", "seeds"]]
    both = _directed(graphs, group)
    half = len(kept)
    weight = (both["weight"].to_numpy()[:half] + both["weight"].to_numpy()[half:]) / 2
    return pd.DataFrame({"source": kept["source"], "target": kept["target"], "weight": weight})


def _of_patient(graphs: Graphs, patient: str) -> pd.DataFrame:
    edges = graphs.patients[graphs.patients["sample"] == patient]
    if edges.empty:
        raise InputError(
            f"There is no graph of sample {patient!r}; the first samples are "
            f"{listed(graphs.patients['sample'].drop_duplicates().iloc[:5])}."
        )
    return edges.drop(columns="sample").assign(signed=edges["weight"], weight=edges["weight"].abs())


def _known(row: dict[Any, Any], *without: str) -> dict[str, Any]:
    """Attributes as plain numbers and words, which every file format can hold."""
    plain = {str(key): value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
    return {key: value for key, value in plain.items() if key not in without and value == value and value is not None}
