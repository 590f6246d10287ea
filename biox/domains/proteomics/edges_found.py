"""How many edges stand against the null of shuffled proteins? Counted from the graphs, as sentences need it."""

import numpy as np

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.found import Found


def edges_found(found: Found) -> Evidence:
    """The kept edges, the tested pairs, and the least p that this many nulls could show."""
    edges = found.graphs.edges
    tested = edges["p"].notna()
    how = (
        "q against networks trained on shuffled proteins, both ends predicted"
        if tested.any()
        else ("no network was trained on shuffled proteins: kept are the strongest, and none of them is tested")
    )
    rows = [
        {
            "claim": "kept edges",
            "value": int(edges["kept"].sum()),
            "n": len(edges),
            "unit": "pairs",
            "method": how,
        }
    ]
    if tested.any():
        rows.append(
            {
                "claim": "least p of an edge",
                "value": float(np.nanmin(edges["p"])),
                "n": int(tested.sum()),
                "method": how,
            }
        )
    return Evidence(claims_table(rows), {})
