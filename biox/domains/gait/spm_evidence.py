"""Where along the stance phase do the classes differ, and by how much: of forces, or of relevance maps."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from biox.core.types import Axis, Evidence, claims_table
from biox.domains.gait.curve_table import curve, stretches
from biox.domains.gait.groups import Comparison, Groups, TwoGroups, comparisons
from biox.stats.maxima import Permutation
from biox.stats.multiple import Channels, holm, per_channel

STANCE = Axis("stance", tuple(str(k) for k in range(101)), "%")


@dataclass(frozen=True)
class Plan:
    """What is tested and how: the names for the tables, and the settings of the tests.

    axis: the points of the curves. prefix: put before the quantity in tables ("" for forces, "relevance " for relevance
    maps); method: the explanation.
    """

    channels: tuple[str, ...]
    axis: Axis = STANCE
    prefix: str = ""
    method: str = ""
    alpha: float = 0.05
    permutations: int = 10_000
    bootstrap: int = 1000
    two_groups: TwoGroups = "welch"
    seed: int = 0

    def place(self, point: int) -> str:
        """A point as it is read: ``37 % of stance``."""
        return " ".join(word for word in (self.axis.labels[point], self.axis.unit, "of", self.axis.name) if word)


@dataclass(frozen=True)
class Tested:
    """One comparison with its results: by random field theory (a channel at a time) and by shuffling people.

    q: p after Holm over what ``corrected`` says; people: how many were compared.
    """

    comparison: Comparison
    field: Channels
    shuffled: Permutation
    q: np.ndarray
    q_shuffled: np.ndarray
    people: int
    corrected: str = "channels"


def tested(groups: Groups, plan: Plan) -> list[Tested]:
    """Every comparison of the classes, the main one first. Pairs after an F test share alpha, corrected by Holm."""
    several = comparisons(groups.classes, groups.paired, plan.two_groups)
    main, pairs = several[:1], several[1:]
    results = [_one(groups, c, plan, plan.alpha) for c in main]
    results += [_one(groups, c, plan, plan.alpha / len(pairs)) for c in pairs]
    corrected = [_holm_together(results[:1], "channels"), _holm_together(results[1:], "channels and pairs")]
    return [one for part in corrected for one in part]


def _one(groups: Groups, comparison: Comparison, plan: Plan, alpha: float) -> Tested:
    values = groups.only(comparison.classes).values
    field = per_channel(comparison.field, values, alpha=alpha)
    shuffled = comparison.shuffled(*values, iterations=plan.permutations, alpha=alpha, seed=plan.seed)
    people = len(values[0]) if groups.paired else sum(len(v) for v in values)
    return Tested(comparison, field, shuffled, field.p, shuffled.channel_p, people)


def _holm_together(results: list[Tested], corrected: str) -> list[Tested]:
    """The comparisons with q corrected over all their channels together."""
    if not results:
        return []
    q = holm(np.stack([r.field.p for r in results]))
    q_shuffled = holm(np.stack([r.shuffled.channel_p for r in results]))
    return [replace(r, q=a, q_shuffled=b, corrected=corrected) for r, a, b in zip(results, q, q_shuffled, strict=True)]


def spm_evidence(results: list[Tested], plan: Plan) -> Evidence:
    """The tests as claims, curves, thresholds and clusters."""
    claims, curves, thresholds, clusters = [], [], [], []
    for one in results:
        for c, channel in enumerate(plan.channels):
            claims += _claims(one, c, channel, plan)
            curves.append(_curve(one, c, channel, plan))
            thresholds += _thresholds(one, c, channel, plan)
            clusters += _clusters(one, c, channel, plan)
        claims += _share(one, plan)
    tables = {
        "curves": pd.concat(curves, ignore_index=True),
        "thresholds": pd.DataFrame(thresholds, columns=THRESHOLDS),
        "clusters": pd.DataFrame(clusters, columns=CLUSTERS),
    }
    return Evidence(claims_table(claims), tables)


THRESHOLDS = ["quantity", "comparison", "channel", "method", "value", "alpha", "explanation"]
CLUSTERS = ["quantity", "comparison", "channel", "method", "start", "end", "sign", "p", "explanation"]


def _claims(one: Tested, c: int, channel: str, plan: Plan) -> list[dict]:
    spm, name = one.field.alone[c], one.comparison.name
    highest = int(np.abs(spm.statistic).argmax())
    claim, group = "curves differ", f"{name} | {channel}"
    if plan.method:
        claim, group = "explanations differ", f"{plan.method} | {group}"
    common = {"group": group, "value": spm.statistic[highest], "n": one.people, "unit": one.comparison.quantity}
    where = f"at {plan.place(highest)}, {spm.test} of subject means"
    theory = f"{where}, random field theory; q by Holm over {one.corrected}"
    shuffling = f"{where}, {one.shuffled.shufflings} permutations of people; q by Holm over {one.corrected}"
    return [
        {"claim": claim, "p": spm.p, "q": one.q[c], "method": theory, **common},
        {
            "claim": f"{claim}, permutation",
            "p": one.shuffled.channel_p[c],
            "q": one.q_shuffled[c],
            "method": shuffling,
            **common,
            "value": one.shuffled.statistic[c, highest],
        },
    ]


def _share(one: Tested, plan: Plan) -> list[dict]:
    """Share of the points that are significant, by channel and over all channels."""
    if plan.method:
        return []
    mask, name = one.field.mask, one.comparison.name
    rows = zip((*plan.channels, "all channels"), (*mask, mask), strict=True)
    return [
        {
            "claim": "points significant",
            "group": f"{name} | {channel}",
            "value": points.mean(),
            "n": points.size,
            "unit": "share",
            "method": f"{one.field.alone[0].test}, random field theory, alpha {one.field.alone[0].alpha:.3g} a channel",
        }
        for channel, points in rows
    ]


def _curve(one: Tested, c: int, channel: str, plan: Plan) -> pd.DataFrame:
    quantity = plan.prefix + one.comparison.quantity
    return curve(quantity, one.comparison.name, channel, one.field.statistic[c], method=plan.method)


def _thresholds(one: Tested, c: int, channel: str, plan: Plan) -> list[dict]:
    values = {"random field": one.field.alone[c].threshold, "permutation": one.shuffled.channel_threshold[c]}
    return [
        {
            "quantity": plan.prefix + one.comparison.quantity,
            "comparison": one.comparison.name,
            "channel": channel,
            "method": method,
            "value": float(value),
            "alpha": one.field.alone[c].alpha,
            "explanation": plan.method,
        }
        for method, value in values.items()
    ]


def _clusters(one: Tested, c: int, channel: str, plan: Plan) -> list[dict]:
    common = {
        "quantity": plan.prefix + one.comparison.quantity,
        "comparison": one.comparison.name,
        "channel": channel,
        "explanation": plan.method,
    }
    theory = [
        {"method": "random field", "start": k.start, "end": k.end, "sign": k.sign, "p": k.p, **common}
        for k in one.field.alone[c].clusters
    ]
    statistic, p = one.shuffled.statistic[c], one.shuffled.p_points[c]
    beyond = np.abs(statistic) > one.shuffled.channel_threshold[c]
    shuffling = [
        {
            "method": "permutation",
            "start": float(run[0]),
            "end": float(run[-1]),
            "sign": int(np.sign(statistic[run[0]])),
            "p": float(p[run].min()),
            **common,
        }
        for run in stretches(beyond, np.sign(statistic))
    ]
    return theory + shuffling
