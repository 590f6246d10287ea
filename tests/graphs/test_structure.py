import networkx as nx
import numpy as np
import pytest

from biox.graphs.layout import positions
from biox.graphs.structure import communities, degrees, hubs, weighted


def two_groups(first=8, second=5, alone=3):
    count = first + second + alone
    kept = np.zeros((count, count), bool)
    kept[:second, :second] = kept[second : first + second, second : first + second] = True
    np.fill_diagonal(kept, False)
    return np.where(kept, 1.0, 0.1), kept


def test_communities_are_the_planted_groups_and_the_largest_is_number_zero():
    weights, kept = two_groups()
    found = communities(weights, kept, seed=0)
    assert found.tolist() == [1] * 5 + [0] * 8 + [2, 3, 4]


def test_degrees_and_hubs_of_a_star():
    kept = np.zeros((12, 12), bool)
    kept[0, 1:] = kept[1:, 0] = True
    assert degrees(kept).tolist() == [11] + [1] * 11
    assert np.flatnonzero(hubs(degrees(kept))).tolist() == [0]
    assert not hubs(np.full(12, 4)).any()
    assert not hubs(np.array([0] * 11 + [2])).any()


def distances(xy):
    gaps = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    np.fill_diagonal(gaps, np.inf)
    return gaps


@pytest.mark.parametrize(
    "graph",
    [
        nx.empty_graph(7),
        nx.empty_graph(0),
        nx.path_graph(2),
        nx.disjoint_union(nx.complete_graph(6), nx.star_graph(5)),
        nx.disjoint_union(nx.path_graph(3), nx.empty_graph(30)),
        nx.star_graph(130),
        nx.complete_graph(120),
        nx.disjoint_union_all([nx.path_graph(2)] * 40),
    ],
)
def test_every_node_has_its_own_place_within_the_picture(graph):
    xy = positions(graph, seed=1)
    assert xy.shape == (len(graph), 2)
    assert ((xy >= -1e-9) & (xy <= 1 + 1e-9)).all()
    if len(graph) > 1:
        assert distances(xy).min() > 0.01


def test_a_layout_is_the_same_every_time_and_follows_the_order_of_the_nodes():
    names = [f"P{i}" for i in range(16)]
    graph = nx.relabel_nodes(weighted(*two_groups()), dict(enumerate(names)))
    np.testing.assert_array_equal(positions(graph, seed=3), positions(graph, seed=3))
    xy = positions(graph, seed=3)
    centre = np.abs(xy - 0.5)
    assert np.hypot(*centre[13:].T).min() > 0.49  # without edges: on the ring
    assert np.hypot(*centre[:13].T).max() < 0.45


def test_neighbours_stand_nearer_than_strangers():
    graph = nx.planted_partition_graph(4, 12, 0.7, 0.02, seed=0)
    gaps = distances(positions(graph, seed=0))
    near = np.zeros_like(gaps, dtype=bool)
    for a, b in graph.edges:
        near[a, b] = near[b, a] = True
    apart = ~near & np.isfinite(gaps)
    assert np.median(gaps[near]) < 0.5 * np.median(gaps[apart])


def test_three_hundred_proteins_can_be_told_apart():
    graph = nx.powerlaw_cluster_graph(300, 4, 0.3, seed=2)
    xy = positions(graph, seed=0)
    np.testing.assert_array_equal(xy, positions(graph, seed=0))
    assert np.median(distances(xy).min(axis=1)) > 0.02
    assert distances(xy).min() > 0.008
