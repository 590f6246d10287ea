"""Would another network have given the same average graph? Networks of different folds, and of different seeds.

Folds differ in the network and in the patients who are explained; seeds differ in the network alone.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.compared import alike
from biox.domains.proteomics.found import Found, fold_of, seeded
from biox.domains.proteomics.medians import medians
from biox.domains.proteomics.strengths import Strengths, strengths

COLUMNS = ["kind", "measure", "value"]


def stability(found: Found, main: Strengths, average: np.ndarray, top: int) -> Evidence:
    """The mean agreement of the average graphs of two folds, and of ``main`` (``average``, by pair) and a seed."""
    own = found.cohort.samples["sample"].isin(main.samples["sample"]).to_numpy()
    fold = fold_of(found)[own]
    of_fold = [medians(main, fold == k) for k in np.unique(fold[fold >= 0])]
    of_seed = [medians(strengths(found.influences[name], found.cohort.samples, main.pairs)) for name in seeded(found)]
    pairs = {
        "folds": [alike(one, other, top) for one, other in combinations(of_fold, 2)],
        "seeds": [alike(average, other, top) for other in of_seed],
    }
    rows: list[dict[str, Any]] = [
        {"kind": kind, "measure": measure, "value": float(np.mean([one[measure] for one in every]))}
        for kind, every in pairs.items()
        for measure in (every[0] if every else ())
    ]
    hows = {
        "folds": f"mean over {len(pairs['folds'])} pairs of folds: other patients, explained by another network",
        "seeds": f"mean over {len(pairs['seeds'])} further seeds: the same patients, explained by another network",
    }
    claims = [
        {
            "claim": f"average graphs of different {row['kind']}: {row['measure']}",
            "group": "main",
            "value": row["value"],
            "n": len(pairs[row["kind"]]),
            "method": hows[row["kind"]],
        }
        for row in rows
    ]
    return Evidence(claims_table(claims), {"stability": pd.DataFrame(rows, columns=COLUMNS)} if rows else {})
