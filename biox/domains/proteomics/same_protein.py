"""Which names stand for the same protein? A protein and its phosphorylated forms go together whatever the biology.

Such pairs inflate every method, so figures are given with and without them.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from biox.core.errors import InputError, listed
from biox.core.reading import reading, refuse_shifted
from biox.core.study import Strict

PHOSPHO = re.compile(r"[_\-\s]p[STY]\d.*$")
# What the readers put beside a name that several proteins share (``symbols.distinct``).
BESIDE = re.compile(r"\s\(.*\)$")


class Genes(Strict):
    """A table from proteins to gene symbols.

    protein, symbols: its columns (left out: the first two); several symbols of one protein are separated by spaces,
    ``;``, ``,`` or ``|``.
    """

    file: Path
    protein: str | None = None
    symbols: str | None = None


def genes_of(proteins: Sequence[str], genes: Genes | None) -> dict[str, frozenset[str]]:
    """The gene symbols of every protein.

    Without a table, or where it says nothing of a protein, the protein's name without its phosphorylation site and
    without what stands in brackets beside it (``EGFR_pY1068`` is ``EGFR``, ``ERBB2 (HER2_pY1248)`` is ``ERBB2``).
    """
    symbols = {name: frozenset([PHOSPHO.sub("", BESIDE.sub("", name))]) for name in proteins}
    return symbols if genes is None else symbols | _read(genes, set(proteins))


def same_protein(proteins: Sequence[str], symbols: Mapping[str, frozenset[str]]) -> np.ndarray:
    """Whether two names share a gene, shape (protein, protein); False on the diagonal."""
    every = sorted(set().union(*symbols.values()))
    place = {name: i for i, name in enumerate(every)}
    member = np.zeros((len(proteins), len(every)), np.float32)
    for row, name in enumerate(proteins):
        member[row, [place[one] for one in symbols[name]]] = 1
    same = member @ member.T > 0
    np.fill_diagonal(same, False)
    return same


def units(same: np.ndarray) -> np.ndarray:
    """The number of the gene family that every protein belongs to, shape (protein,): all that share genes, and theirs.

    Independent proteins in the sense of ``same_protein``: what is shuffled together.
    """
    return connected_components(same, directed=False)[1]


def _read(genes: Genes, proteins: set[str]) -> dict[str, frozenset[str]]:
    separator = "," if ".csv" in genes.file.name else "\t"
    with reading(genes.file, "a table that leads from proteins to gene symbols"):
        table = pd.read_csv(genes.file, sep=separator, dtype=str, keep_default_na=False)
        refuse_shifted(table, genes.file)
    names = [genes.protein or table.columns[0], genes.symbols or (table.columns[1] if table.shape[1] > 1 else "")]
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(f"{genes.file} has no column {listed(missing)}; it has {listed(table.columns)}.")
    here = table[table[names[0]].isin(proteins)]
    if not len(here):
        raise InputError(
            f"Column {names[0]!r} of {genes.file} names no protein of the cohort, as {listed(sorted(proteins)[:3])}."
        )
    split = here[names[1]].str.split(r"[\s;,|]+", regex=True)
    found = {name: frozenset(filter(None, parts)) for name, parts in zip(here[names[0]], split, strict=True)}
    return {name: symbols for name, symbols in found.items() if symbols}
