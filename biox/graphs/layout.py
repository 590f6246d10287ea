"""Where each protein stands in the picture of a graph: computed once, so that every picture of a study looks alike.

Each connected part is laid out for itself by forces (Fruchterman and Reingold 1991), with as much room as it has
proteins; the parts are packed around the largest, and proteins without edges stand on a ring around all.
"""

import networkx as nx
import numpy as np
from scipy import stats

ITERATIONS = 150
GOLDEN_ANGLE = np.pi * (3 - 5**0.5)
RING = 0.5


def positions(graph: nx.Graph, *, seed: int) -> np.ndarray:
    """The place of each node, shape (node, 2), in the order of the graph's nodes, within 0 .. 1.

    Edges pull by the rank of their ``weight`` among all edges, so that a few very strong ones do not hide the others.
    """
    nodes = list(graph)
    place: dict[object, np.ndarray] = {}
    parts = [part for part in nx.connected_components(graph) if len(part) > 1]
    parts.sort(key=lambda part: (-len(part), min(nodes.index(node) for node in part)))
    ranked = _ranked(graph)
    radii = np.sqrt([len(part) for part in parts])
    for part, radius, centre in zip(parts, radii, _packed(radii), strict=True):
        inside = _part(ranked, part, seed)
        place |= {node: centre + radius * xy for node, xy in inside.items()}
    alone = [node for node in nodes if node not in place]
    inner = _within_disc(np.array(list(place.values())).reshape(-1, 2)) * (0.86 * RING if alone else RING)
    found = dict(zip(place, inner, strict=True)) | dict(zip(alone, _ring(len(alone)), strict=True))
    return np.array([found[node] for node in nodes]).reshape(-1, 2) + 0.5


def _ranked(graph: nx.Graph) -> nx.Graph:
    edges = list(graph.edges(data="weight", default=1.0))
    pull = 0.2 + 0.8 * stats.rankdata([weight for *_, weight in edges]) / max(1, len(edges))
    ranked = nx.Graph()
    ranked.add_nodes_from(graph)
    ranked.add_weighted_edges_from((a, b, float(force)) for (a, b, _), force in zip(edges, pull, strict=True))
    return ranked


def _part(graph: nx.Graph, part: set, seed: int) -> dict[object, np.ndarray]:
    # In the order of the whole graph: the order of a set of names differs from run to run.
    ordered = nx.Graph()
    ordered.add_nodes_from(node for node in graph if node in part)
    ordered.add_edges_from(graph.subgraph(part).edges(data=True))
    start = nx.kamada_kawai_layout(ordered, weight=None) if len(part) <= 120 else None
    xy = nx.spring_layout(ordered, pos=start, weight="weight", seed=seed, iterations=ITERATIONS)
    spread = _apart(_within_disc(np.array([xy[node] for node in ordered])))
    return dict(zip(ordered, spread, strict=True))


def _within_disc(points: np.ndarray) -> np.ndarray:
    """Shifted and scaled so that they lie within a circle of radius 1 around 0."""
    if len(points) == 0:
        return points
    centred = points - (points.min(axis=0) + points.max(axis=0)) / 2
    return centred / max(float(np.hypot(*centred.T).max()), 1e-9)


def _apart(points: np.ndarray) -> np.ndarray:
    """Points that lie on each other pushed apart a little, so that each can be seen and pointed at."""
    least = 0.9 / np.sqrt(len(points))
    for _ in range(60):
        gap = points[:, None] - points[None]
        distance = np.hypot(gap[..., 0], gap[..., 1])
        np.fill_diagonal(distance, np.inf)
        push = np.maximum(least - distance, 0) / np.maximum(distance, 1e-9) / 4
        points = points + (gap * push[..., None]).sum(axis=1)
    return _within_disc(points)


def _packed(radii: np.ndarray) -> np.ndarray:
    """Centres of circles that do not touch, the first in the middle, each next one as near to it as there is room."""
    centres = np.zeros((len(radii), 2))
    step = 0.25
    for k in range(1, len(radii)):
        turn = 0
        while True:
            turn += 1
            centre = step * np.sqrt(turn) * np.array([np.cos(turn * GOLDEN_ANGLE), np.sin(turn * GOLDEN_ANGLE)])
            gaps = np.hypot(*(centres[:k] - centre).T) - radii[:k] - radii[k]
            if gaps.min() > 0.4:
                centres[k] = centre
                break
    return centres


def _ring(count: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(count) / max(1, count)
    return RING * np.stack([np.cos(angle), np.sin(angle)], axis=1)
