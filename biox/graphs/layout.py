"""Where each protein stands in the picture of a graph: computed once, so that every picture of a study looks alike.

Each connected part is laid out for itself by forces (Fruchterman and Reingold 1991), with as much room as it has
proteins; the parts are packed around the largest, and proteins without edges stand on a ring around all.
"""

import networkx as nx
import numpy as np
from scipy import stats
from scipy.spatial.distance import cdist

ITERATIONS = 150
# Up to so many proteins the first sketch may take time that grows with their cube.
SKETCHED = 100
# Smaller parts look well as the forces leave them.
FILLED = 30
GOLDEN_ANGLE = np.pi * (3 - 5**0.5)
RING = 0.5
# In units in which a part of n proteins has the radius of the root of n.
STEP = 0.5
CLEARANCE = 1.8


def positions(graph: nx.Graph, *, seed: int) -> np.ndarray:
    """The place of each node, shape (node, 2), in the order of the graph's nodes, within 0 .. 1.

    Edges pull by the rank of their ``weight`` among all edges, so that a few very strong ones do not hide the others.
    """
    nodes = list(graph)
    place: dict[object, np.ndarray] = {}
    parts = [part for part in nx.connected_components(graph) if len(part) > 1]
    parts.sort(key=lambda part: (-len(part), min(nodes.index(node) for node in part)))
    ranked = _ranked(graph)
    taken = np.empty((0, 2))
    for part in parts:
        inside = _part(ranked, part, seed)
        points = np.sqrt(len(part)) * np.array(list(inside.values()))
        points = points + _room(points, taken)
        taken = np.concatenate([taken, points])
        place |= dict(zip(inside, points, strict=True))
    alone = [node for node in nodes if node not in place]
    inner = _within_disc(taken) * (0.86 * RING if alone else RING)
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
    # Springs alone leave large groups folded over each other; they unfold from a first sketch.
    start = nx.kamada_kawai_layout(ordered, weight=None) if len(part) <= SKETCHED else _spectral(ordered, seed)
    xy = nx.spring_layout(ordered, pos=start, weight="weight", seed=seed, iterations=ITERATIONS)
    points = np.array([xy[node] for node in ordered])
    spread = _apart(_filling(points) if len(part) >= FILLED else _within_disc(points))
    return dict(zip(ordered, spread, strict=True))


def _spectral(graph: nx.Graph, seed: int) -> dict[object, np.ndarray]:
    """A sketch by the two slowest modes of the graph, slightly shaken: proteins with the same neighbours coincide."""
    modes = np.linalg.eigh(nx.laplacian_matrix(graph, weight=None).toarray())[1][:, 1:3]
    points = _within_disc(modes) + 0.02 * np.random.default_rng(seed).standard_normal(modes.shape)
    return dict(zip(graph, points, strict=True))


def _within_disc(points: np.ndarray) -> np.ndarray:
    """Shifted and scaled so that they lie within a circle of radius 1 around 0."""
    if len(points) == 0:
        return points
    centred = points - (points.min(axis=0) + points.max(axis=0)) / 2
    return centred / max(float(np.hypot(*centred.T).max()), 1e-9)


def _filling(points: np.ndarray) -> np.ndarray:
    """Points drawn out from their middle, half way to where they would fill the circle evenly; directions are kept.

    Forces alone leave a dense knot and a few far ends, and most of the picture empty.
    """
    points = points - points.mean(axis=0)
    distance = np.maximum(np.hypot(*points.T), 1e-9)
    even = np.sqrt(stats.rankdata(distance) / len(points))
    return _within_disc(points * ((even + distance / distance.max()) / 2 / distance)[:, None])


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


def _room(points: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """The shift, as small as possible, that brings these points to where none is near one that is placed already."""
    turn = 0
    while True:
        angle = turn * GOLDEN_ANGLE
        shift = STEP * np.sqrt(turn) * np.array([np.cos(angle), np.sin(angle)])
        if len(taken) == 0 or cdist(points + shift, taken).min() > CLEARANCE:
            return shift
        turn += 1


def _ring(count: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(count) / max(1, count)
    return RING * np.stack([np.cos(angle), np.sin(angle)], axis=1)
