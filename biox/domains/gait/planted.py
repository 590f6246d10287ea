"""How much of the relevance lies inside the planted windows, where people are simulated and the truth is known."""

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.gait.groups import Groups
from biox.domains.gait.spm_evidence import Plan
from biox.stats.bootstrap import claim_row, interval, resample
from biox.stats.localisation import localise

COLUMNS = ["class", "subject", "chance", "mass", "mass_over_chance", "rank", "rank_over_chance", "method"]
MEASURES = {
    "mass": ("relevance mass in windows", "share of |R| inside the planted windows, a person at a time"),
    "mass_over_chance": (
        "relevance mass over chance",
        "the same divided by the windows' share of the points; chance 1",
    ),
    "rank": ("rank accuracy in windows", "share of the K highest |R| inside the windows, K their number of points"),
    "rank_over_chance": ("rank accuracy over chance", "the same divided by the windows' share of the points; chance 1"),
}


def planted(relevance: Groups, truth: np.ndarray, plan: Plan) -> Evidence:
    """Mass and rank accuracy of every person's out-of-fold map, with intervals over people. Higher is better.

    truth: shape (class, channel, point). A class is judged by its own windows; the first class, which others differ
    from, by those of all others. A person's map is the mean over trials; |R| is taken of it.
    """
    masks = [own if own.any() else np.asarray(truth.any(axis=0)) for own in truth]
    parts = []
    for name, values, subjects, mask in zip(
        relevance.classes, relevance.values, relevance.subjects, masks, strict=True
    ):
        found = localise(values, mask)
        ratios = {"mass_over_chance": found.mass_ratio, "rank_over_chance": found.rank_ratio}
        measures = {"chance": found.chance, "mass": found.mass, "rank": found.rank, **ratios}
        parts.append(pd.DataFrame({"class": name, "subject": subjects, **measures}))
    table = pd.concat(parts, ignore_index=True).assign(method=plan.method)[COLUMNS]
    claims = [
        _claim(part, measure, f"{plan.method} | {group}", plan)
        for group, part in [("all", table), *table.groupby("class", sort=False)]
        for measure in MEASURES
    ]
    return Evidence(claims_table(claims), {"localisation": table})


def _claim(part: pd.DataFrame, measure: str, group: str, plan: Plan) -> dict:
    values = part[measure].to_numpy()
    drawn = resample(part["subject"].to_numpy(), draws=plan.bootstrap, seed=plan.seed)
    found = interval(lambda weight: weight @ values / weight.sum(1), drawn)
    claim, how = MEASURES[measure]
    unit = "times chance" if measure.endswith("chance") else "share"
    return claim_row(found, claim, group, f"{how}; bootstrap over people", unit)
