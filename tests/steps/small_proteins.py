"""A small table of protein levels with a driver, and the study of it."""

import numpy as np
import pandas as pd

from biox.core.study import Study
from biox.core.types import Axis, Cohort

PROTEINS = tuple(f"P{k}" for k in range(6))


def cohort(samples=60, *, missing=0.0, twice=False, types=("lung", "skin"), seed=0) -> Cohort:
    """P1 follows P0 and P3 follows P2, the others follow nothing; units and means differ between proteins.

    twice: every patient has two samples.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((samples, 6))
    x[:, 1] = x[:, 0] + 0.2 * x[:, 1]
    x[:, 3] = 0.2 * x[:, 3] - x[:, 2]
    x = x * np.arange(1, 7) + 10 * np.arange(6)
    x[rng.random(x.shape) < missing] = np.nan
    people = [f"p{k // 2 if twice else k:03d}" for k in range(samples)]
    table = pd.DataFrame(
        {
            "sample": [f"s{k:03d}" for k in range(samples)],
            "subject": people,
            "label": [types[int(one[1:]) % len(types)] for one in people],
            "batch": [f"b{k % 3}" for k in range(samples)],
        }
    )
    axes = (Axis("protein", PROTEINS),)
    return Cohort(x.astype(np.float32), table, axes, "log2 intensity", tuple(sorted(types)), "subject")


def study(**change) -> Study:
    """Three folds, few epochs, no controls unless asked for."""
    usual = {
        "name": "small", "title": "", "question": "", "domain": "proteomics", "data": {"source": "table"},
        "folds": {"count": 3}, "model": {"name": "masked_mlp", "width": 3, "layers": 2},
        "training": {"epochs": 4, "batch": 16, "learning_rate": 0.01}, "graph": {"nulls": 0, "seeds": 0, "masks": 16},
    }  # fmt: skip
    return Study.model_validate({**usual, **change})
