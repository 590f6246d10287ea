"""Known graphs of proteins, read from the tables in which they come, to hold found graphs against.

Three forms: a table of ``edges`` (columns ``source``, ``target`` and optionally ``group``, or DREAM's ``regulator``,
``target``), a square ``matrix`` of 0 and 1 with names on both sides, and ``blocks`` (columns ``protein`` and ``block``,
optionally ``group``: every two proteins of a block are connected). ``group`` says in which samples an edge is active:
those with this value in their column ``group``, else as their label; without it, in all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from biox.core.errors import InputError, listed
from biox.core.reading import reading, refuse_shifted
from biox.core.study import Strict

Form = Literal["edges", "matrix", "blocks"]


class Reference(Strict):
    """Where a known graph is and how to read it.

    directed: whether source and target matter. form: how the file is laid out. mapping: a table that leads from the
    file's names to those of the cohort; ``mapping_from`` and ``mapping_to`` are its columns (left out: the first two);
    aliases are separated by ``|``. unlisted: whether two proteins of the cohort that the file never names count as
    not connected (a gold standard), or are left out of every comparison (a collection of what is known); a matrix
    names all it speaks of.
    """

    file: Path
    directed: bool = False
    form: Form = "edges"
    mapping: Path | None = None
    mapping_from: str | None = None
    mapping_to: str | None = None
    unlisted: Literal["not connected", "left out"] = Field(default="not connected")


@dataclass(frozen=True)
class Known:
    """A known graph. edges: ``source``, ``target``, ``group`` ("": in all samples). proteins: those it speaks of."""

    name: str
    edges: pd.DataFrame
    directed: bool
    proteins: tuple[str, ...]


def known(name: str, reference: Reference, proteins: Sequence[str]) -> Known:
    """Read a known graph, in the names of the cohort, whose ``proteins`` are given.

    Edges between others are left out; a file without any edge between two of the cohort's proteins is an InputError.
    """
    table = _table(reference.file, index=reference.form == "matrix")
    edges, names = _READERS[reference.form](table, reference.file)
    if reference.mapping is not None:
        aliases = _aliases(reference, set(proteins))
        edges = edges.assign(source=edges["source"].map(aliases), target=edges["target"].map(aliases))
        names = [aliases.get(one) for one in names]
    in_cohort = edges["source"].isin(proteins) & edges["target"].isin(proteins) & (edges["source"] != edges["target"])
    if not in_cohort.any():
        raise InputError(
            f"The known graph {name!r} ({reference.file}) has no edge between two proteins of the cohort; it names "
            f"{listed(names[:5])}, the cohort {listed(proteins[:5])}. A mapping may lead from one to the other."
        )
    everyone = reference.unlisted == "not connected" and reference.form != "matrix"
    spoken_of = tuple(p for p in proteins if everyone or p in set(names))
    return Known(name, edges[in_cohort].drop_duplicates(ignore_index=True), reference.directed, spoken_of)


def matrix(reference: Known, proteins: Sequence[str]) -> np.ndarray:
    """Whether two proteins are connected in any sample, shape (source, target); symmetric where it is undirected."""
    return _matrix(reference.edges, reference.directed, proteins)


def matrices(reference: Known, proteins: Sequence[str], groups: Sequence[str]) -> dict[str, np.ndarray]:
    """The same for the samples of each group."""
    group = reference.edges["group"]
    return {
        one: _matrix(reference.edges[(group == one) | (group == "")], reference.directed, proteins) for one in groups
    }


def group_of(samples: pd.DataFrame) -> pd.Series:
    """The group of every sample of the sample table: its column ``group``, else its label."""
    return samples["group" if "group" in samples else "label"].astype(str)


def present(reference: Known, samples: pd.DataFrame) -> Known:
    """The known graph without edges of groups that no sample belongs to; if that leaves no group, an InputError."""
    own, named = set(group_of(samples)), sorted(set(reference.edges["group"]) - {""})
    if named and not own & set(named):
        raise InputError(
            f"The known graph {reference.name!r} has edges of the groups {listed(named[:5])}, but the samples are of "
            f"{listed(sorted(own)[:5])} (their column 'group', else their label). One of the groups should be there."
        )
    kept = reference.edges["group"].isin({"", *own})
    return Known(reference.name, reference.edges[kept].reset_index(drop=True), reference.directed, reference.proteins)


def grouped(reference: Known) -> bool:
    """Whether some edges are of one group of samples only."""
    return bool((reference.edges["group"] != "").any())


def _matrix(edges: pd.DataFrame, directed: bool, proteins: Sequence[str]) -> np.ndarray:
    place = {name: i for i, name in enumerate(proteins)}
    there = edges[edges["source"].isin(place) & edges["target"].isin(place)]
    source, target = (there[side].map(place).to_numpy(np.int64) for side in ("source", "target"))
    found = np.zeros((len(proteins), len(proteins)), bool)
    found[source, target] = True
    return found if directed else found | found.T


def _table(file: Path, *, index: bool) -> pd.DataFrame:
    separator = "," if ".csv" in file.name else "\t"
    with reading(file, "a known graph as a table"):
        table = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False, index_col=0 if index else None)
        if not index:
            refuse_shifted(table, file)
    if not len(table):
        raise InputError(f"{file} is a table without rows.")
    return table


def _edges(table: pd.DataFrame, file: Path) -> tuple[pd.DataFrame, list[str]]:
    source = next((name for name in ("source", "regulator") if name in table), None)
    if source is None or "target" not in table:
        raise InputError(
            f"{file} needs columns 'source' (or 'regulator') and 'target'; it has {listed(table.columns)}."
        )
    group = table.get("group", "")
    edges = pd.DataFrame({"source": table[source], "target": table["target"]}).assign(group=group)
    return edges, list(dict.fromkeys([*edges["source"], *edges["target"]]))


def _square(table: pd.DataFrame, file: Path) -> tuple[pd.DataFrame, list[str]]:
    if list(table.index) != list(table.columns) or not table.index.is_unique:
        raise InputError(f"{file} should name the same proteins, each once, in its first row and its first column.")
    wrong = np.argwhere(~table.isin(["0", "1"]).to_numpy())
    if len(wrong):
        row, column = wrong[0]
        raise InputError(
            f"{file} should hold 0 and 1; row {table.index[row]!r}, column {table.columns[column]!r} holds "
            f"{table.iloc[row, column]!r}."
        )
    source, target = np.nonzero(table.to_numpy() == "1")
    names = table.index.to_numpy()
    return pd.DataFrame({"source": names[source], "target": names[target], "group": ""}), list(names)


def _blocks(table: pd.DataFrame, file: Path) -> tuple[pd.DataFrame, list[str]]:
    if not {"protein", "block"} <= set(table.columns):
        raise InputError(f"{file} needs columns 'protein' and 'block'; it has {listed(table.columns)}.")
    named = table.assign(group=table.get("group", ""))[["protein", "block", "group"]]
    both = named.merge(named, on="block", suffixes=("", "_too"))
    # A block may hold other proteins in another group; those without a group are in it always.
    shared = (both["group"] == both["group_too"]) | (both["group"] == "") | (both["group_too"] == "")
    both = both[shared & (both["protein"] < both["protein_too"])]
    both["group"] = both["group"].where(both["group"] != "", both["group_too"])
    edges = both.rename(columns={"protein": "source", "protein_too": "target"})[["source", "target", "group"]]
    return edges.reset_index(drop=True), list(dict.fromkeys(named["protein"]))


_READERS = {"edges": _edges, "matrix": _square, "blocks": _blocks}


def _aliases(reference: Reference, proteins: set[str]) -> dict[str, str]:
    """From a name of the file to the cohort's: the first of its aliases that the cohort has."""
    assert reference.mapping is not None
    table = _table(reference.mapping, index=False)
    if len(table.columns) < 2:
        raise InputError(f"{reference.mapping} should lead from one column of names to another; it has one column.")
    columns = [reference.mapping_from or table.columns[0], reference.mapping_to or table.columns[1]]
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(f"{reference.mapping} has no column {listed(missing)}; it has {listed(table.columns)}.")
    found = {}
    for name, aliases in zip(table[columns[0]], table[columns[1]], strict=True):
        here = [alias for alias in aliases.split("|") if alias in proteins]
        if here:
            found[name] = here[0]
    return found
