"""The curves that a report draws: mean forces, planted windows and mean relevance along the stance phase."""

import numpy as np
import pandas as pd

from biox.core.types import Cohort, Evidence, claims_table
from biox.domains.gait.curve_table import curve
from biox.domains.gait.groups import Groups
from biox.domains.gait.profiles import net
from biox.domains.gait.spm_evidence import Plan


def force_curves(forces: Groups, cohort: Cohort, plan: Plan) -> Evidence:
    """Mean curve of each class with a band of one standard deviation over people, and where a truth was planted."""
    tables = []
    for k, (name, values) in enumerate(zip(forces.classes, forces.values, strict=True)):
        mean, sd = values.mean(0), values.std(0, ddof=1)
        for c, channel in enumerate(plan.channels):
            tables.append(curve("mean", name, channel, mean[c], (mean[c] - sd[c], mean[c] + sd[c])))
            if cohort.truth is not None:
                tables.append(curve("truth", name, channel, cohort.truth[k, c]))
    return Evidence(claims_table([]), {"curves": pd.concat(tables, ignore_index=True)})


def relevance_curves(maps: Groups, plan: Plan) -> Evidence:
    """Mean relevance over people, out of fold, with a 95 % band: signed, its size, and the net of all classes."""
    rng = np.random.default_rng(plan.seed)
    tables = []
    for name, values in zip(maps.classes, maps.values, strict=True):
        for quantity, people in (("relevance", values), ("relevance abs", np.abs(values))):
            tables += _banded(quantity, name, people, plan, rng)
    tables += _banded("relevance abs", "all", np.concatenate([np.abs(v) for v in maps.values]), plan, rng)
    tables += [
        curve("relevance net", "all", channel, row, method=plan.method)
        for channel, row in zip(plan.channels, net(maps), strict=True)
    ]
    return Evidence(claims_table([]), {"curves": pd.concat(tables, ignore_index=True)})


def _banded(quantity: str, group: str, people: np.ndarray, plan: Plan, rng: np.random.Generator) -> list[pd.DataFrame]:
    """people: shape (unit, channel, point)."""
    weights = rng.multinomial(len(people), np.full(len(people), 1 / len(people)), plan.bootstrap) / len(people)
    drawn = np.tensordot(weights, people, axes=1)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    mean = people.mean(0)
    return [
        curve(quantity, group, channel, mean[c], (low[c], high[c]), plan.method)
        for c, channel in enumerate(plan.channels)
    ]
