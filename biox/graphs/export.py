"""Graphs as files for other programs: Cytoscape, Gephi, R, scanpy.

- ``edges.parquet``: the kept edges in both directions and every group (``biox.graphs.networks.directed_edges``);
- ``undirected.graphml`` and ``directed.graphml``: the graph of all patients;
- ``undirected.cyjs`` and ``directed.cyjs``: the same for Cytoscape, with the layout of the report;
- ``graphs.h5ad``: an AnnData without samples whose ``var`` are the proteins, with all columns of the nodes. Its
  ``varp`` hold the whole matrices, not only the kept edges: ``average`` and ``signed`` of all patients (rows are
  sources, columns targets), ``average:GROUP`` and ``signed:GROUP`` of each type, ``weight`` (undirected) and ``kept``.
"""

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd

from biox.core.graph_types import Graphs
from biox.graphs.networks import directed_edges, to_networkx

# Cytoscape counts in pixels.
PIXELS = 1000


def export(graphs: Graphs, folder: Path) -> None:
    """Write all files into a folder that is there already; earlier ones of the same names are replaced."""
    directed_edges(graphs).to_parquet(folder / "edges.parquet")
    for name, directed in (("undirected", False), ("directed", True)):
        network = to_networkx(graphs, directed=directed)
        nx.write_graphml(network, folder / f"{name}.graphml", named_key_ids=True)
        text = json.dumps(cytoscape(network), indent=1, allow_nan=False)
        (folder / f"{name}.cyjs").write_text(text + "\n", encoding="utf-8")
    _write_h5ad(graphs, folder / "graphs.h5ad")


def cytoscape(network: nx.Graph) -> dict:
    """The graph in Cytoscape's JSON form, nodes that have ``x`` and ``y`` (0 .. 1) at these places."""
    data = nx.cytoscape_data(network)
    for node in data["elements"]["nodes"]:
        if "x" in node["data"] and "y" in node["data"]:
            node["position"] = {axis: PIXELS * node["data"][axis] for axis in ("x", "y")}
    return data


def pair_matrix(graphs: Graphs, column: str) -> np.ndarray:
    """A numeric column of ``graphs.edges`` as a symmetric (protein, protein) matrix; NaN where there is no pair."""
    place = {name: number for number, name in enumerate(graphs.proteins)}
    rows, columns = (graphs.edges[end].map(place).to_numpy() for end in ("a", "b"))
    matrix = np.full((len(place), len(place)), np.nan)
    matrix[rows, columns] = matrix[columns, rows] = graphs.edges[column].to_numpy(np.float64)
    return matrix


def _write_h5ad(graphs: Graphs, file: Path) -> None:
    import anndata as ad  # here, because it takes a second to import and few steps write it

    var = graphs.nodes.set_index("protein").loc[list(graphs.proteins)]
    var.index = var.index.astype(str)
    held = ad.AnnData(obs=pd.DataFrame(index=pd.Index([], dtype=str)), var=var)
    for k, group in enumerate(graphs.groups):
        # A slash would make a folder of the file's own.
        end = "" if group == "all" else f":{group.replace('/', '|')}"
        held.varp[f"average{end}"] = np.asarray(graphs.average["main"][k], np.float32)
        held.varp[f"signed{end}"] = np.asarray(graphs.signed["main"][k], np.float32)
    held.varp["weight"] = pair_matrix(graphs, "weight").astype(np.float32)
    held.varp["kept"] = pair_matrix(graphs, "kept") == 1
    held.write_h5ad(file, compression="gzip")
