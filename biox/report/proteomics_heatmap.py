"""The average graph as a matrix: rows are relied on, columns are predicted; proteins stand by community."""

import io
from itertools import pairwise

import numpy as np
from PIL import Image

from biox.core.graph_types import Graphs
from biox.report import svg
from biox.report.blocks import Figure, Section, section
from biox.report.given import Given
from biox.report.marks import short
from biox.report.pictures import coloured, image, relevance_bar, scale_end, stored

SIDE, LEFT, TOP = 360.0, 92.0, 26.0
NAMED = 45
"""So many proteins have their names beside the matrix; of more, only the communities are marked."""


def heatmap(given: Given) -> Section | None:
    """The matrix of all patients."""
    graphs = given.graphs
    if graphs is None or "main" not in graphs.average or len(graphs.nodes) != len(graphs.proteins):
        return None
    return section("matrix", "The graph as a matrix", [matrix(graphs)])


def by_community(graphs: Graphs) -> np.ndarray:
    """Rows of ``nodes`` from the largest community to the smallest, in each from most edges to fewest."""
    nodes = graphs.nodes
    return np.lexsort((-nodes["degree"].to_numpy(float), nodes["community"].to_numpy(int)))


def matrix(graphs: Graphs) -> Figure:
    """Strength with the sign of the mean influence, in the colours of relevance."""
    order = by_community(graphs)
    values = graphs.average["main"][0] * np.sign(np.nan_to_num(graphs.signed["main"][0]))
    values = np.asarray(values, float)[np.ix_(order, order)]
    limit, n = scale_end(values[~np.eye(len(order), dtype=bool)]), len(order)
    store = io.BytesIO()
    Image.fromarray(coloured(values, limit)).save(store, "PNG", optimize=True)
    parts = [
        image((LEFT, TOP, SIDE, SIDE), stored(store.getvalue()), "", True),
        svg.text(LEFT + SIDE / 2, 10, "predicted protein", "label", "middle"),
        svg.text(4, 20, "relied on", "label"),
        *_marks(graphs, order),
        *(_names(graphs, order) if n <= NAMED else []),
        relevance_bar(LEFT, TOP + SIDE + 14, ("lowers the prediction", "raises it")),
        svg.text(LEFT, TOP + SIDE + 34, f"colours end at ±{limit:.2g} (strength)", "tick"),
    ]
    caption = (
        "Rows: the protein relied on; columns: the protein predicted. The bars mark the communities in the colours of "
        "the graph; proteins without kept edges stand in grey. The diagonal is empty: no protein predicts itself."
    )
    size = (LEFT + SIDE + 12, TOP + SIDE + 44)
    drawn = svg.picture(size, "Average graph as a matrix", f"{n} proteins, ordered by community", parts)
    return Figure("matrix", drawn, caption, width=580)


def _marks(graphs: Graphs, order: np.ndarray) -> list[str]:
    """A bar beside the rows and above the columns of each community."""
    cell, parts = SIDE / len(order), []
    nodes = graphs.nodes.iloc[order]
    community = np.where(nodes["degree"] > 0, nodes["community"], -1).astype(int)
    starts = [0, *(np.flatnonzero(np.diff(community)) + 1), len(order)]
    for start, end in pairwise(starts):
        k, a, b = int(community[start]), start * cell, (end - start) * cell
        look = f"d{k}" if 0 <= k < len(svg.CLASS_DASHES) else "barsoft"
        parts += [
            svg.element(
                "rect", {"x": LEFT - 7, "y": TOP + a, "width": 5.0, "height": max(b - 0.6, 0.4), "class": look}
            ),
            svg.element(
                "rect", {"x": LEFT + a, "y": TOP - 7, "width": max(b - 0.6, 0.4), "height": 5.0, "class": look}
            ),
        ]
        if k >= 0 and b > 11:
            parts.append(svg.text(LEFT - 10, TOP + a + b / 2 + 3.5, str(k + 1), "tick", "end"))
    return parts


def _names(graphs: Graphs, order: np.ndarray) -> list[str]:
    cell = SIDE / len(order)
    names = [short(str(graphs.nodes["protein"].iloc[k]), 11) for k in order]
    return [svg.text(LEFT - 22, TOP + (k + 0.5) * cell + 3, name, "tick", "end") for k, name in enumerate(names)]
