"""The average graph: to explore, and its strongest edges, hubs and communities in tables."""

import math

import pandas as pd

from biox.core.graph_types import Graphs
from biox.report.blocks import Fold, Section, Table, Terms, Text, section
from biox.report.found import table
from biox.report.given import Given
from biox.report.graph_view import graph_view
from biox.report.words import count, joined, number, p_cell, percent, plural

TERMS = (
    (
        "Edge",
        "the network relied on one protein to predict the other. It says what predicts what, not what causes what.",
    ),
    (
        "Strength",
        "the influence without its sign, averaged over both directions in each patient, then its median over patients; "
        "its unit is the spread (standard deviation) of the predicted protein, but by convention LRP counts only half: "
        "compare edges with each other.",
    ),
    (
        "Raises, lowers",
        "whether the level measured in a patient pushed the prediction up or down, in most of the patients. Mixed: "
        "neither by much. It is not the sign of a correlation.",
    ),
    (
        "Against the null",
        "networks trained on tables in which each protein was shuffled by itself give the edges that chance makes; q "
        "is the false-discovery rate of an edge.",
    ),
    (
        "Community",
        "proteins with more edges among themselves than to others. Hub: a protein with far more edges than most.",
    ),
)
CAPTION = (
    "Proteins keep their places in all graphs of this page. Wider and darker edges are stronger. Click a protein for "
    "its neighbours, drag to move when zoomed in, Escape to let go; Ctrl and the wheel zoom."
)
FEW, LONG = 12, 100
SHARES = {"folds": "folds", "seeds": "trainings with another seed"}


def average(given: Given) -> Section | None:
    """The graph, what it holds in a sentence, its hubs and communities, and its strongest edges behind a title."""
    graphs = given.graphs
    if graphs is None or graphs.edges.empty:
        return None
    view = graph_view(graphs, members(given), CAPTION)
    types = shown_types(graphs)
    blocks = [Terms(TERMS), Text(kept_sentence(graphs)), view, Text(types, "note") if types else None]
    blocks += [hubs(graphs), communities(graphs), strongest(graphs)]
    return section("graph", "The average graph", blocks)


def members(given: Given) -> dict[str, list[str]]:
    """The proteins of each pathway that was tested, the most clearly found first; none without the table."""
    found, tested = table(given.evidence, "pathway_members"), table(given.evidence, "pathways")
    if found is None:
        return {}
    lists = {str(name): [str(p) for p in rows["protein"]] for name, rows in found.groupby("pathway", sort=True)}
    order = [] if tested is None else [str(name) for name in tested.sort_values("p", kind="stable")["pathway"]]
    return {name: lists[name] for name in dict.fromkeys([*order, *lists]) if name in lists}


def kept_sentence(graphs: Graphs) -> str:
    """How many of all possible edges stand against the null, and whether folds and seeds agree on them."""
    edges, kept = graphs.edges, graphs.edges[graphs.edges["kept"].astype(bool)]
    words = counted_sentence(len(kept), len(edges), bool(edges["p"].notna().any()))
    found = [(name, kept[name].dropna()) for name in SHARES if name in kept]
    shares = [f"{percent(float(v.mean()))} of the {SHARES[name]}" for name, v in found if len(v)]
    return f"{words} On average they are found in {joined(shares)}." if shares else words


def counted_sentence(kept: int, of: int, tested: bool) -> str:
    """How many edges stand against the null; where there is none, that those kept are only the strongest."""
    if not tested:
        return (
            f"No null was computed, so no edge is tested: the {plural(kept, 'edge')} called kept "
            f"{'is' if kept == 1 else 'are'} only the strongest of {count(of)} possible pairs."
        )
    if not kept:
        return f"None of {count(of)} possible edges stands against the null: no relation was shown."
    stand = "stands" if kept == 1 else "stand"
    return f"{count(kept)} of {count(of)} possible edges {stand} against the null ({percent(kept / of, 1)})."


def shown_types(graphs: Graphs) -> str:
    """Which types have a graph of their own."""
    types = [name for name in graphs.groups if name != "all"]
    if not types:
        return ""
    return (
        f"Types with enough patients for a graph of their own: {joined(types)}. Their edges are not tested by "
        "themselves: kept ones are those of the graph of all. Strength is there the mean of both directions' medians."
    )


def hubs(graphs: Graphs) -> Table | None:
    """The hubs: their edges, and how much they give and take."""
    nodes = graphs.nodes[graphs.nodes["hub"].astype(bool)].sort_values("degree", ascending=False, kind="stable")
    head = ("hub", "kept edges", "gives", "takes", "held-out correlation", "community")
    rows = tuple(
        (
            str(row["protein"]),
            count(row["degree"]),
            _strength(row["strength_out"]),
            _strength(row["strength_in"]),
            number(float(row["r"])),
            str(int(row["community"]) + 1),
        )
        for row in nodes.head(FEW).to_dict("records")
    )
    caption = "Gives: the sum of its influence on the others. Takes: the sum of the others' influence on it."
    return Table(head, rows, caption) if rows else None


def communities(graphs: Graphs) -> Fold | None:
    """The proteins of each community that has edges."""
    nodes = graphs.nodes[graphs.nodes["degree"] > 0].sort_values("degree", ascending=False, kind="stable")
    rows = tuple(
        (str(int(str(k)) + 1), count(len(own)), ", ".join(str(name) for name in own["protein"]))
        for k, own in nodes.groupby("community", sort=True)
    )
    title = f"Communities ({len(rows)})"
    return Fold(title, (Table(("community", "proteins", "names"), rows, notes=1),)) if rows else None


def strongest(graphs: Graphs) -> Fold:
    """The strongest edges with both directions and their tests."""
    best = graphs.edges.sort_values("weight", ascending=False, kind="stable").head(LONG)
    head = ("one protein", "other protein", "strength", "one for other", "other for one", "sign", "q", "folds", "")
    rows = tuple(_edge(row) for _, row in best.iterrows())
    caption = "Sign: from −1 (lowers the prediction in all patients) to 1 (raises it in all). Folds: share that agrees."
    return Fold(f"The {len(rows)} strongest edges", (Table(head, rows, caption, names=2, notes=1),))


def _edge(row: pd.Series) -> tuple[str, ...]:
    sizes = (_strength(row[name]) for name in ("weight", "forward", "backward"))
    folds = percent(float(row.get("folds", math.nan)))
    tested = number(float(row["sign"])), p_cell(float(row["q"])), folds
    return (str(row["a"]), str(row["b"]), *sizes, *tested, "kept" if row["kept"] else "")


def _strength(value: float) -> str:
    """An influence with about three figures."""
    if not math.isfinite(value):
        return number(math.nan)
    return number(value, 2 if abs(value) >= 1 else 3) if abs(value) >= 0.0005 or value == 0 else f"{value:.1e}"
