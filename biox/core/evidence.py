"""Evidence from several sources as one."""

from collections.abc import Sequence

import pandas as pd

from biox.core.types import Evidence, claims_table


def joined(parts: Sequence[Evidence]) -> Evidence:
    """All claims below each other in the given order; tables of one name are put below each other too."""
    filled = [part.claims for part in parts if len(part.claims)]
    claims = pd.concat(filled, ignore_index=True) if filled else claims_table([])
    names = list(dict.fromkeys(name for part in parts for name in part.tables))
    return Evidence(claims, {name: _stacked([p.tables[name] for p in parts if name in p.tables]) for name in names})


def _stacked(tables: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]
