"""Names of proteins: gene symbols from a mapping file, and names that stay distinct."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import BeforeValidator

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few, read_columns


class Symbols(Strict):
    """A mapping file, CSV or TSV, and which of its columns name the protein and its gene symbol."""

    file: Path
    protein: str = "protein"
    symbol: str = "symbol"


def _file(value: object) -> object:
    return {"file": value} if isinstance(value, str | Path) else value


SymbolsOrFile = Annotated[Symbols, BeforeValidator(_file)]


def distinct(names: Sequence[str], identities: Sequence[str]) -> tuple[str, ...]:
    """The names, each that several share followed by what tells them apart: ``IL6 (OID20101)``."""
    counts = Counter(names)
    return tuple(
        name if counts[name] == 1 else f"{name} ({identity})" for name, identity in zip(names, identities, strict=True)
    )


def leading(groups: pd.Series, names: pd.Series) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What protein groups (``P1;P2``) are called: the first of their names, the first accession where there is none.

    Groups that share a name get their first accession beside it, all of them where even that is shared. Second: notes.
    """
    first, accession = names.str.split(";").str[0], groups.str.split(";").str[0]
    none = (first == "").to_numpy()
    notes = (
        (f"{int(none.sum())} groups without a name in {names.name!r} are called by accession.",) if none.any() else ()
    )
    identities = groups.where(accession.duplicated(keep=False), accession)
    return distinct(list(first.where(~none, accession)), list(identities)), notes


def with_symbols(levels: Levels, symbols: Symbols | None) -> Levels:
    """The levels with gene symbols for names; a symbol that several proteins share keeps the protein's name beside it.

    Proteins that the file does not list, or has no symbol for, keep their name; a note says how many. Raises
    InputError where no protein is listed, or one is listed with two symbols.
    """
    if symbols is None:
        return levels
    table = read_columns(symbols.file, (symbols.protein, symbols.symbol), (symbols.protein, symbols.symbol))
    table.columns = ["protein", "symbol"]
    table = table[(table["protein"] != "") & (table["symbol"] != "")].drop_duplicates()
    twice = table["protein"][table["protein"].duplicated()]
    if len(twice):
        found = table["symbol"][table["protein"] == twice.iloc[0]]
        raise InputError(f"{symbols.file}: protein {twice.iloc[0]!r} has the symbols {few(found)}; expected one.")
    known = dict(zip(table["protein"], table["symbol"], strict=True))
    unnamed = [name for name in levels.proteins if name not in known]
    if len(unnamed) == len(levels.proteins):
        raise InputError(
            f"{symbols.file}: none of the proteins of {levels.source} stands in column {symbols.protein!r}; they are "
            f"called {few(levels.proteins)}, the file has {few(table['protein'])}."
        )
    names = distinct([known.get(name, name) for name in levels.proteins], levels.proteins)
    renamed = replace(levels, proteins=names)
    if not unnamed:
        return renamed
    return renamed.noted(f"{symbols.file.name} has no gene symbol for {few(unnamed)}; their names stayed.")
