"""Graphs to look at on a page: the average one with its sliders, and those of single patients side by side.

What is drawn is data in the page, with the stored layout; a small script of our own draws it (``templates/graph.js``).
The edges of a cohort's patients would be too much for a page: they lie in scripts beside it (``patient_files``), which
the page asks for when a patient is chosen. That works from ``file://`` and needs no network.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from biox.core.graph_types import Graphs
from biox.report.script_data import script_safe

MOST = 3000
"""Edges of the graph of all that a page holds: the strongest."""

EACH = 600
"""Edges of the graph of each type that a page holds."""

FIRST = 150
"""Edges drawn at first, at most."""


@dataclass(frozen=True)
class GraphView:
    """A block of a page: one graph to explore. ``data``: nodes, edges by group, and pathways (``graph_view``)."""

    caption: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class PeopleView:
    """A block of a page: the strongest edges of one or two patients, drawn at the same places.

    data: nodes; and either ``folder``, in which the scripts of ``patient_files`` lie, seen from the page, or ``types``
    and ``people``: for each its name, the place of its type and its edges (``person_edges``).
    """

    caption: str
    data: Mapping[str, Any]


def graph_view(graphs: Graphs, members: Mapping[str, Iterable[str]], caption: str) -> GraphView | None:
    """The average graph of all and of each type, with pathways by name; None where there is no edge.

    Edges of a type are the mean of both directions of its median graph, with the sign of its mean signed influence.
    """
    if graphs.edges.empty or graphs.nodes.empty:
        return None
    assert list(graphs.nodes["protein"]) == list(graphs.proteins), "nodes stand in the order of the proteins"
    place = {name: k for k, name in enumerate(graphs.proteins)}
    listed = {
        name: sorted({place[protein] for protein in proteins if protein in place}) for name, proteins in members.items()
    }
    tested = bool(graphs.edges["p"].notna().any())
    groups = [_of_all(graphs, place), *(_of_type(graphs, k) for k in range(1, len(graphs.groups)))]
    data = {
        **nodes_data(graphs.nodes),
        "groups": list(graphs.groups),
        "edges": groups,
        "pathways": [[name, rows] for name, rows in listed.items() if rows],
        "tested": tested,
        "first": min(FIRST, kept) if 2 * (kept := int(graphs.edges["kept"].sum())) >= len(graphs.nodes) else FIRST,
    }
    return GraphView(caption, data)


def people_view(graphs: Graphs, folder: str, caption: str) -> PeopleView | None:
    """Patients of a cohort, whose edges lie in scripts in a folder; None where no patient has edges."""
    if graphs.patients.empty or graphs.nodes.empty:
        return None
    return PeopleView(caption, {**nodes_data(graphs.nodes), "folder": folder})


def nodes_data(nodes: pd.DataFrame) -> dict[str, Any]:
    """What is drawn of each protein, in the order of the table: name, place, community, degree and prediction."""
    return {
        "names": [str(name) for name in nodes["protein"]],
        "x": _rounded(nodes["x"], 4),
        "y": _rounded(nodes["y"], 4),
        "community": [int(k) for k in nodes["community"]],
        "degree": [int(k) for k in nodes["degree"]],
        "r": _rounded(nodes["r"], 3),
        "predicted": [int(known) for known in nodes["predicted"]],
        "hub": [int(hub) for hub in nodes["hub"]],
    }


def person_edges(edges: pd.DataFrame, place: Mapping[str, int]) -> list[list[Any]]:
    """The edges of one patient from the strongest: places of source and target, signed weight, percentile (0 .. 1)."""
    ordered = edges.sort_values("rank", kind="stable")
    columns = (ordered["source"], ordered["target"], ordered["weight"], ordered["percentile"])
    return [
        [place[str(s)], place[str(t)], _figures(w), _share(p)]
        for s, t, w, p in zip(*columns, strict=True)
        if str(s) in place and str(t) in place
    ]


def _of_all(graphs: Graphs, place: Mapping[str, int]) -> dict[str, list[Any]]:
    kept = graphs.edges[graphs.edges["weight"] > 0].nlargest(MOST, "weight", keep="first")
    made: dict[str, list[Any]] = {
        "a": [place[str(name)] for name in kept["a"]],
        "b": [place[str(name)] for name in kept["b"]],
        "kept": [int(known) for known in kept["kept"]],
    }
    figures = {"w": "weight", "sign": "sign", "forward": "forward", "backward": "backward", "q": "q"}
    made |= {short: [_figures(value) for value in kept[name]] for short, name in figures.items()}
    return made | {name: [_share(value) for value in kept[name]] for name in ("folds", "seeds") if name in kept}


def _of_type(graphs: Graphs, k: int) -> dict[str, list[Any]]:
    """The strongest edges of one type; ``kept`` of the graph of all says nothing of it and is left out."""
    size, signed = graphs.average["main"][k], graphs.signed["main"][k]
    a, b = np.triu_indices(len(graphs.proteins), 1)
    forward, backward = (np.nan_to_num(values).astype(float) for values in (size[a, b], size[b, a]))
    weight = (forward + backward) / 2
    best = np.argsort(-weight, kind="stable")[:EACH]
    best = best[weight[best] > 0]
    sums = np.nan_to_num(signed[a, b] + signed[b, a])[best].astype(float)
    share = np.clip(sums / (2 * weight[best]), -1, 1)
    made = {"w": weight[best], "sign": share, "forward": forward[best], "backward": backward[best]}
    return {"a": a[best].tolist(), "b": b[best].tolist()} | {
        name: [_figures(value) for value in values] for name, values in made.items()
    }


def _figures(value: float) -> float | None:
    """A number with three figures; None where it is unknown."""
    return float(f"{value:.3g}") if math.isfinite(value) else None


def _share(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None


def _rounded(values: pd.Series, digits: int) -> list[float | None]:
    return [round(float(value), digits) if math.isfinite(value) else None for value in values]


def has_graph(sections: Iterable[Any]) -> bool:
    """Whether any block of some sections, also behind a title that opens them, is a graph or shows patients."""
    blocks = [block for part in sections for block in getattr(part, "blocks", ())]
    return any(isinstance(block, GraphView | PeopleView) or has_graph([block]) for block in blocks)


def asks_for_files(sections: Iterable[Any]) -> bool:
    """Whether a page needs the scripts of ``patient_files`` beside it."""
    blocks = [block for part in sections for block in getattr(part, "blocks", ())]
    return any((isinstance(b, PeopleView) and "folder" in b.data) or asks_for_files([b]) for b in blocks)


def drawn_data(block: GraphView | PeopleView) -> Markup:
    """What is drawn, as JSON that can stand inside a page: nothing in it can close the script element."""
    return Markup(script_safe(block.data))
