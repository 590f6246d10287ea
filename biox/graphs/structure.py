"""What a graph looks like: how many edges each protein has, which are hubs, and which stick together."""

import networkx as nx
import numpy as np


def degrees(kept: np.ndarray) -> np.ndarray:
    """The number of kept edges of each protein; kept: bool, symmetric (protein, protein)."""
    return np.asarray(kept, bool).sum(axis=1)


def hubs(degree: np.ndarray) -> np.ndarray:
    """Which proteins have many more edges than usual: more than two sd above the mean degree, and at least three."""
    return (degree > degree.mean() + 2 * degree.std()) & (degree >= 3) if len(degree) else np.zeros(0, bool)


def communities(weights: np.ndarray, kept: np.ndarray, *, seed: int) -> np.ndarray:
    """Groups of proteins with more weight among them than by chance (Louvain; Blondel et al. 2008), one number each.

    weights: undirected graph; kept: which of its edges exist. 0 is the largest group; groups of one size are in the
    order of their first protein. A protein without edges is a group of its own.
    """
    graph = weighted(weights, kept)
    found = nx.community.louvain_communities(graph, weight="weight", seed=seed)
    number = np.zeros(len(weights), np.int64)
    for place, group in enumerate(sorted(found, key=lambda group: (-len(group), min(group)))):
        number[list(group)] = place
    return number


def weighted(weights: np.ndarray, kept: np.ndarray) -> nx.Graph:
    """The kept edges as a networkx graph whose nodes are the numbers of the proteins."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(weights)))
    for a, b in zip(*np.nonzero(np.triu(kept, 1)), strict=True):
        graph.add_edge(int(a), int(b), weight=float(weights[a, b]))
    return graph
