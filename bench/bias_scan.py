"""The bias scan of a kept study, blind to what was planted, and its strangest SpRAy cluster."""

from typing import Any

import numpy as np
import pandas as pd
from bias_kept import Seen

from biox.domains.histology.scan import Plan, Scanned, covariates_of, scan
from biox.domains.histology.strategies import oddness, strategies

CLUSTERS, DRAWS, ALPHA = 8, 999, 0.05


def scanned(seen: Seen) -> dict[str, Any]:
    """Alarms, p values, the place that stands out and the strangest cluster; with whom that cluster is shared."""
    cohort, maps, shares = seen.cohort, seen.maps, seen.shares
    found, refused = strategies(maps.values, cohort.y, cohort.classes, CLUSTERS, seed=0)
    given = Scanned(maps, shares, found, cohort.samples, cohort.y, cohort.classes, refused)
    table, place = scan(cohort, given, Plan(ALPHA, DRAWS, covariates_of(cohort.samples, None), 0))
    names = [f"{row.test} {row.covariate}".strip() for row in table.itertuples()]
    return {
        "alarm": bool(table["alarm"].any()),
        "alarms": [name for name, alarm in zip(names, table["alarm"], strict=True) if alarm],
        "p": dict(zip(names, table["p"], strict=True)),
        "reasons": {name: why for name, why in zip(names, table["reason"], strict=True) if why},
        "z": place.z,
        "place": [place.group, place.row, place.column],
        **_strangest(seen, found),
    }


def _strangest(seen: Seen, found: list) -> dict[str, Any]:
    odd = pd.concat([oddness(one, seen.shares[one.rows]).assign(number=k) for k, one in enumerate(found)])
    best = odd.reset_index(drop=True).sort_values("oddness").iloc[-1]
    one = found[int(best["number"])]
    member = np.zeros(len(seen.cohort.y), bool)
    member[one.rows[one.found.cluster == int(best["cluster"])]] = True
    marked = seen.cohort.samples.get("planted", pd.Series(np.zeros(len(member), bool))).to_numpy()
    return {
        "oddness": float(best["oddness"]),
        "odd_place": [one.name, int(best["peak_row"]), int(best["peak_column"])],
        "odd_precision": float(marked[member].mean()),
        "odd_recall": float(member[marked].mean()) if marked.any() else np.nan,
    }
