import json
from dataclasses import replace

import anndata as ad
import networkx as nx
import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.graphs.export import export, pair_matrix
from biox.graphs.networks import to_networkx
from biox.steps.graphs import graphs
from tests.graphs.made_graphs import PROTEINS, made


@pytest.fixture(scope="module")
def found():
    one = made()
    drawn = graphs(one.cohort, one.study, one.fits, one.influences)
    # Names as they come: phospho-sites, families, and signs that XML and JSON must escape.
    odd = dict(zip(PROTEINS, (f"{name}_pS{i}|\"<&'é>" for i, name in enumerate(PROTEINS)), strict=True))
    ends = {"edges": ("a", "b"), "patients": ("source", "target"), "nodes": ("protein",)}
    tables = {
        name: getattr(drawn, name).assign(**{column: getattr(drawn, name)[column].map(odd) for column in columns})
        for name, columns in ends.items()
    }
    return replace(drawn, proteins=tuple(odd.values()), groups=("all", "lung/left", "skin"), **tables)


@pytest.fixture(scope="module")
def folder(found, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    export(found, folder)
    return folder


def kept(found):
    return found.edges[found.edges["kept"]]


def test_graphml_is_the_same_graph_for_networkx(found, folder):
    again = nx.read_graphml(folder / "undirected.graphml")
    assert set(again) == set(found.proteins)
    assert again.number_of_edges() == len(kept(found)) > 0
    for edge in kept(found).itertuples():
        assert again.edges[edge.a, edge.b]["weight"] == edge.weight
        assert again.edges[edge.a, edge.b]["q"] == edge.q
    first = found.nodes.iloc[0]
    assert again.nodes[first["protein"]]["community"] == first["community"]
    assert again.nodes[first["protein"]]["predicted"] is True
    directed = nx.read_graphml(folder / "directed.graphml")
    assert directed.is_directed()
    assert directed.number_of_edges() == 2 * len(kept(found))


def test_cytoscape_json_is_the_same_graph_with_places(found, folder):
    data = json.loads((folder / "undirected.cyjs").read_text(encoding="utf-8"))
    again = nx.cytoscape_graph(data)
    assert set(again) == set(found.proteins)
    assert {frozenset(edge) for edge in again.edges} == {frozenset((e.a, e.b)) for e in kept(found).itertuples()}
    place = {node["data"]["id"]: node["position"] for node in data["elements"]["nodes"]}
    row = found.nodes.iloc[3]
    assert place[row["protein"]] == {"x": 1000 * row["x"], "y": 1000 * row["y"]}


def test_the_edge_list_has_both_directions_in_every_group(found, folder):
    table = pd.read_parquet(folder / "edges.parquet")
    assert len(table) == 3 * 2 * len(kept(found))
    row = table[table["group"] == "skin"].iloc[0]
    a, b = found.proteins.index(row["source"]), found.proteins.index(row["target"])
    assert row["weight"] == found.average["main"][2, a, b]
    assert row["signed"] == found.signed["main"][2, a, b]


def test_anndata_holds_the_proteins_and_the_whole_matrices(found, folder):
    again = ad.read_h5ad(folder / "graphs.h5ad")
    assert again.var_names.tolist() == list(found.proteins)
    np.testing.assert_array_equal(again.varp["average"], found.average["main"][0])
    np.testing.assert_array_equal(again.varp["signed:lung|left"], found.signed["main"][1])
    assert again.varp["kept"].sum() == 2 * len(kept(found))
    np.testing.assert_array_equal(again.var["degree"], found.nodes["degree"])
    np.testing.assert_array_equal(np.asarray(again.varp["kept"]).sum(axis=0), found.nodes["degree"])


def test_pair_matrices_are_symmetric(found):
    weights = pair_matrix(found, "weight")
    np.testing.assert_array_equal(weights, weights.T)
    edge = found.edges.iloc[7]
    assert weights[found.proteins.index(edge["a"]), found.proteins.index(edge["b"])] == edge["weight"]


def test_the_graph_of_a_type_has_the_weights_of_that_type(found):
    edge = kept(found).iloc[0]
    a, b = (found.proteins.index(edge[end]) for end in ("a", "b"))
    average = found.average["main"][2]
    directed = to_networkx(found, "skin", directed=True)
    assert directed.edges[edge["a"], edge["b"]]["weight"] == average[a, b]
    assert directed.edges[edge["b"], edge["a"]]["weight"] == average[b, a]
    both = to_networkx(found, "skin").edges[edge["a"], edge["b"]]["weight"]
    assert both == pytest.approx((average[a, b] + average[b, a]) / 2)


def test_the_graph_of_a_patient_has_its_strongest_edges(found):
    own = found.patients[found.patients["sample"] == "s007"]
    directed = to_networkx(found, patient="s007", directed=True)
    assert directed.number_of_edges() == len(own) == 40
    row = own.iloc[0]
    edge = directed.edges[row["source"], row["target"]]
    assert (edge["signed"], edge["weight"], edge["rank"]) == (row["weight"], abs(row["weight"]), 1)
    undirected = to_networkx(found, patient="s007")
    assert undirected.edges[row["source"], row["target"]]["rank"] == 1


def test_missing_values_are_left_out_and_unknown_names_refused(found):
    untested = replace(found, edges=found.edges.assign(q=np.nan, seeds=np.nan))
    edge = next(iter(to_networkx(untested).edges(data=True)))[2]
    assert "q" not in edge
    assert "seeds" not in edge
    with pytest.raises(InputError, match="'skin'"):
        to_networkx(found, "liver")
    with pytest.raises(InputError, match="'s0"):
        to_networkx(found, patient="nobody")


def test_a_graph_without_kept_edges_is_written_too(found, tmp_path):
    none = replace(found, edges=found.edges.assign(kept=False))
    export(none, tmp_path)
    assert nx.read_graphml(tmp_path / "directed.graphml").number_of_edges() == 0
    assert pd.read_parquet(tmp_path / "edges.parquet").empty
