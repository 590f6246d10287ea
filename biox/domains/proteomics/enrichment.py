"""Whether the strongest edges lie inside pathways more often than chance allows.

An edge is inside a pathway if both its ends are. All forms of one protein are one node here, joined to another by the
strongest of their pairs: otherwise a pathway with many forms of few proteins would win. Chance: nodes change places,
so that the graph keeps its hubs and a pathway its size.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from biox.core.errors import InputError
from biox.core.reading import reading
from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.same_protein import units
from biox.domains.proteomics.strengths import Pairs

COLUMNS = ["pathway", "size", "hits", "expected", "p", "q", "edges"]
NAMED = 12  # edges written out for a pathway
CHUNK = 2**23
FEWEST = 3


@dataclass(frozen=True)
class Plan:
    """top: how many of the strongest edges. permutations of the nodes; alpha: of the false discovery rate."""

    top: int
    permutations: int
    alpha: float
    seed: int


def read_pathways(file: Path) -> dict[str, frozenset[str]]:
    """The genes of every pathway of a ``.gmt`` or ``.gmt.gz`` file: name, identity and genes, separated by tabs."""
    with reading(file, "pathways in the .gmt format"):
        content = file.read_bytes()
        text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode("utf-8")
    found: dict[str, frozenset[str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split("\t")
        if not line.strip():
            continue
        if len(parts) < 3:
            raise InputError(
                f"{file}, line {number}: a pathway needs a name, an identity and genes, separated by tabs; found "
                f"{line.strip()[:60]!r}."
            )
        found[parts[0]] = found.get(parts[0], frozenset()) | frozenset(filter(None, parts[2:]))
    if not found:
        raise InputError(f"{file} holds no pathway.")
    return found


def pathway_members(
    pathways: Mapping[str, frozenset[str]], proteins: tuple[str, ...], genes: Mapping[str, frozenset[str]]
) -> pd.DataFrame:
    """The proteins of every pathway: ``pathway``, ``protein``, one row a pair; of pathways with FEWEST proteins."""
    rows = [(name, protein) for name, members in pathways.items() for protein in proteins if genes[protein] & members]
    table = pd.DataFrame(rows, columns=["pathway", "protein"], dtype=str)
    size = table.groupby("pathway")["protein"].transform("size")
    return table[size >= FEWEST].reset_index(drop=True)


def enrichment(
    strength: np.ndarray, pairs: Pairs, proteins: tuple[str, ...], same: np.ndarray, members: pd.DataFrame, plan: Plan
) -> Evidence:
    """Every pathway with at least FEWEST and at most half of the nodes: hits among the strongest edges, and p.

    strength: shape (pair,), of unordered pairs, NaN where there can be no edge; a protein that can have none is no
    node. The table ``pathways`` is sorted by p; q is after Benjamini-Hochberg.
    """
    node = units(same)
    edges, named = _edges(strength, pairs, node, np.array(proteins), plan.top)
    names, member = _memberships(members, proteins, node)
    edges, member = _of_nodes(
        edges, member, node[np.concatenate([pairs.a, pairs.b])[np.tile(np.isfinite(strength), 2)]]
    )
    size = member.sum(0)
    fit = (size >= FEWEST) & (size <= len(member) / 2)
    if not fit.any() or not len(edges):
        return Evidence(claims_table([]), {})
    names, member, size = names[fit], member[:, fit], size[fit]
    inside = member[edges[:, 0]] & member[edges[:, 1]]
    hits = inside.sum(0)
    expected, p = _by_chance(edges, member, hits, plan)
    shown = ["; ".join(named[row] for row in np.flatnonzero(column)[:NAMED]) for column in inside.T]
    table = pd.DataFrame({"pathway": names, "size": size, "hits": hits, "expected": expected, "p": p})
    table = table.assign(q=stats.false_discovery_control(p), edges=shown)[COLUMNS]
    table = table.sort_values(["p", "pathway"], ignore_index=True)
    claim = {
        "claim": "pathways enriched among the strongest edges",
        "value": int((table["q"] <= plan.alpha).sum()),
        "n": len(table),
        "unit": "pathways",
        "method": f"the {len(edges)} strongest edges between different proteins; {plan.permutations} permutations of "
        f"the nodes; Benjamini-Hochberg at {plan.alpha:g} over {len(table)} pathways",
    }
    return Evidence(claims_table([claim]), {"pathways": table})


def _edges(
    strength: np.ndarray, pairs: Pairs, node: np.ndarray, names: np.ndarray, top: int
) -> tuple[np.ndarray, list[str]]:
    """The strongest edges between nodes, shape (edge, 2), each once, and the proteins that make them."""
    order = np.argsort(-np.nan_to_num(strength, nan=-np.inf), kind="stable")
    order = order[np.isfinite(strength[order])]
    ends = np.sort(np.stack([node[pairs.a[order]], node[pairs.b[order]]], axis=1), axis=1)
    different = ends[:, 0] != ends[:, 1]
    order, ends = order[different], ends[different]
    _, first = np.unique(ends, axis=0, return_index=True)
    first = np.sort(first)[:top]
    a, b = names[pairs.a[order[first]]], names[pairs.b[order[first]]]
    return ends[first], [f"{one} – {other}" for one, other in zip(a, b, strict=True)]


def _memberships(members: pd.DataFrame, proteins: tuple[str, ...], node: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pathway names, and whether a node is in a pathway, shape (node, pathway)."""
    column, names = pd.factorize(members["pathway"])
    place = {name: i for i, name in enumerate(proteins)}
    member = np.zeros((node.max() + 1, len(names)), bool)
    member[node[members["protein"].map(place).to_numpy(np.int64)], column] = True
    return np.asarray(names, object), member


def _of_nodes(edges: np.ndarray, member: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges and memberships with none but these nodes, numbered anew."""
    kept = np.unique(nodes)
    number = np.full(len(member), -1)
    number[kept] = np.arange(len(kept))
    return number[edges], member[kept]


def _by_chance(edges: np.ndarray, member: np.ndarray, hits: np.ndarray, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(plan.seed)
    nodes = len(member)
    total, reached = np.zeros(len(hits)), np.zeros(len(hits), np.int64)
    step = max(1, CHUNK // (len(edges) * len(hits)))
    for start in range(0, plan.permutations, step):
        size = min(step, plan.permutations - start)
        dealt = rng.permuted(np.tile(np.arange(nodes), (size, 1)), axis=1)
        found = (member[dealt[:, edges[:, 0]]] & member[dealt[:, edges[:, 1]]]).sum(1)
        total += found.sum(0)
        reached += (found >= hits).sum(0)
    return total / plan.permutations, (1 + reached) / (1 + plan.permutations)
