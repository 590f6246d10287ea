"""Would other patients have given the same average graph? The patients are cut in two at random, many times.

The networks are those of the study: each patient is explained by the network that never saw them, but the networks of
both halves learnt from patients of both. So this is the agreement of explanations, not of whole studies: see stability
over folds and seeds for the networks' share.
"""

from typing import Any

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.compared import alike
from biox.domains.proteomics.medians import weighted_medians
from biox.domains.proteomics.strengths import Strengths

COLUMNS = ["arm", "measure", "value", "low", "high", "n"]
FEWEST = 8  # patients
REACH = 2**27  # strengths of all halves together


def halves(arm: str, main: Strengths, *, top: int, repeats: int, seed: int) -> Evidence:
    """The mean agreement of two halves of the patients, and the range of 95 % of the cuts; n: patients of both."""
    subjects, index = np.unique(main.samples["subject"].to_numpy(), return_inverse=True)
    repeats = min(repeats, REACH // (2 * max(1, len(main.pairs.a))))
    if len(subjects) < FEWEST or repeats < 2:
        return Evidence(claims_table([]), {})
    rng = np.random.default_rng(seed)
    first = np.stack([rng.permutation(len(subjects)) < len(subjects) // 2 for _ in range(repeats)])[:, index]
    graphs = weighted_medians(main, np.concatenate([first, ~first]))
    found = pd.DataFrame([alike(graphs[i], graphs[repeats + i], top) for i in range(repeats)])
    rows: list[dict[str, Any]] = []
    for measure in found:
        low, high = found[measure].quantile([0.025, 0.975])
        row = {"arm": arm, "measure": measure, "value": found[measure].mean(), "low": low, "high": high}
        rows.append({**row, "n": len(subjects)})
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Evidence(claims_table(_claims(table, repeats)), {"halves": table})


def _claims(table: pd.DataFrame, repeats: int) -> list[dict[str, Any]]:
    how = f"mean and 95 % of {repeats} random cuts of the patients in two; the same networks explain both halves"
    return [
        {
            "claim": f"two halves of the patients: {row['measure']}",
            "group": row["arm"],
            **{key: row[key] for key in ("value", "low", "high", "n")},
            "method": how,
        }
        for row in table.to_dict("records")
    ]
