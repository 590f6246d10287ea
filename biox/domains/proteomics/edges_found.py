"""How many edges stand against the null of shuffled proteins? Counted from the graphs, as sentences need it."""

from typing import Any

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
    return Evidence(claims_table(rows + _how_exact(found)), {})


def _how_exact(found: Found) -> list[dict[str, Any]]:
    """How many samples needed all masks and still missed the bound of the error; none where no bound is on record."""
    main = found.influences["main"]
    bound = main.settings.get("graph", {}).get("error")
    if bound is None or "error" not in main.samples:
        return []
    error = main.samples["error"].to_numpy(float)
    how = "standard error of a sample's edges over random masks, as a share of their spread"
    return [
        {"claim": "error of single graphs, median", "value": float(np.median(error)), "n": len(error), "method": how},
        {
            "claim": "samples above the error bound",
            "value": float((error > bound).mean()),
            "n": len(error),
            "unit": "share",
            "method": f"{how}: above {bound:g} after all masks that were allowed",
        },
    ]
