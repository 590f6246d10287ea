"""Where the graphs of new patients are written: tables, and one GraphML file a sample."""

import re
from dataclasses import replace
from pathlib import Path

import networkx as nx

from biox.core.graph_types import Graphs
from biox.graphs.networks import to_networkx
from biox.steps.predict_graph import Found


def write_graphs(found: Found, graphs: Graphs, folder: Path) -> None:
    """Write ``samples.csv``, ``edges.csv`` (the strongest), ``unusual.csv`` (the most unusual) and ``graphs/``.

    ``graphs/NAME.graphml`` is the directed graph of the strongest edges of a sample, with the proteins' places of the
    study's own graph; ``samples.csv`` says which file is whose ("" for a sample without edges).
    """
    (folder / "graphs").mkdir()
    edges = found.prediction.edges
    files = []
    for number, name in enumerate(found.prediction.samples["sample"], start=1):
        if not (edges["sample"] == name).any():
            files.append("")
            continue
        files.append(f"graphs/{_plain(name, number)}.graphml")
        network = to_networkx(replace(graphs, patients=edges), directed=True, patient=name)
        nx.write_graphml(network, folder / files[-1], named_key_ids=True)
    found.prediction.samples.assign(graph=files).to_csv(folder / "samples.csv", index=False)
    edges.to_csv(folder / "edges.csv", index=False)
    found.unusual.to_csv(folder / "unusual.csv", index=False)


def _plain(name: str, number: int) -> str:
    """A name that every file system takes; a point and a number keep those apart that become alike."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:80]
    return plain if plain == name else f"{plain}.{number}"
