"""How large the differences are along the stance phase, in standard deviations between people."""

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.gait.curve_table import curve
from biox.domains.gait.groups import Groups
from biox.domains.gait.spm_evidence import Plan, Tested
from biox.stats.effect import Effect, hedges_g, paired_g


def effects(forces: Groups, tests: list[Tested], plan: Plan) -> Evidence:
    """Hedges g of every pair of classes, with a band that holds the whole curve (all channels) with 95 %.

    Positive where the class named first is higher. Where conditions lie within people, g is in standard deviations of
    the change. The claim is the largest |g| of a channel, which is too large by chance: read it with its band.
    """
    claims, curves = [], []
    for comparison in (one.comparison for one in tests if len(one.comparison.classes) == 2):
        pair = forces.only(comparison.classes)
        size = paired_g if forces.paired else hedges_g
        found = size(pair.values[0], pair.values[1], draws=plan.bootstrap, seed=plan.seed)
        for c, channel in enumerate(plan.channels):
            band = (found.band_low[c], found.band_high[c])
            curves.append(curve("effect", comparison.name, channel, found.g[c], band))
            claims.append(_largest(found, c, f"{comparison.name} | {channel}", _people(pair), plan))
    return Evidence(claims_table(claims), {"curves": pd.concat(curves, ignore_index=True)})


def _people(groups: Groups) -> int:
    return len(groups.values[0]) if groups.paired else sum(len(v) for v in groups.values)


def _largest(found: Effect, c: int, group: str, n: int, plan: Plan) -> dict:
    point = int(np.nanargmax(np.abs(found.g[c])))
    return {
        "claim": "largest effect",
        "group": group,
        "value": found.g[c, point],
        "low": found.low[c, point],
        "high": found.high[c, point],
        "n": n,
        "unit": "Hedges g",
        "method": f"at {plan.place(point)}; 95 % bootstrap interval of this point over people, {found.draws} draws",
    }
