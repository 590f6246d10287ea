import numpy as np
import pandas as pd
import pytest
from scipy import stats

from biox.domains.proteomics.direction import direction
from biox.domains.proteomics.graph_scores import Scored
from biox.domains.proteomics.known import Known
from biox.domains.proteomics.strengths import ordered

NAMES = tuple("ABCDEFGHIJ")


def _claims(graph, edges):
    pairs = ordered(10)
    table = pd.DataFrame([(NAMES[i], NAMES[j], "") for i, j in edges], columns=["source", "target", "group"])
    value = {"lrp": pairs.of(graph), "pearson": pairs.of(graph + graph.T)}
    claims = direction(Scored(pairs, value, {}, 50), Known("truth", table, True, NAMES), NAMES).claims
    return claims.set_index(["claim", "group"])


def test_the_share_of_edges_that_point_the_right_way_is_counted():
    graph = np.random.default_rng(0).random((10, 10))
    edges = [(i, i + 1) for i in range(9)] + [(4, 0), (0, 4)]  # both ways: no direction to be found
    claims = _claims(graph, edges)
    right = sum(graph[i, i + 1] > graph[i + 1, i] for i in range(9))
    row = claims.loc[("known edges whose true direction is stronger", "lrp | truth")]
    assert row["value"] == pytest.approx(right / 9)
    assert row["n"] == 9
    assert row["p"] == pytest.approx(stats.binomtest(right, 9).pvalue)
    assert row["low"] < row["value"] < row["high"]


def test_the_true_graph_points_all_the_right_way_and_its_transpose_none():
    edges = [(i, i + 1) for i in range(9)]
    graph = np.zeros((10, 10))
    graph[tuple(np.transpose(edges))] = 1
    right, wrong = (_claims(g, edges)["value"].to_list() for g in (graph, graph.T))
    assert right == [1, 1]
    assert wrong == [0, 0]


def test_symmetric_graphs_are_not_asked_for_a_direction():
    claims = _claims(np.random.default_rng(0).random((10, 10)), [(0, 1)])
    assert not any(group.startswith("pearson") for _, group in claims.index)
