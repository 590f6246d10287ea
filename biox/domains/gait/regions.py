"""How much of the relevance lies on the stretches in which the classes differ, in one sentence a stretch."""

import math

import numpy as np

from biox.core.types import Evidence, claims_table
from biox.domains.gait.groups import Groups
from biox.domains.gait.spm_evidence import Plan, Tested
from biox.stats.bootstrap import claim_row, interval, resample

MOST = 3
CLAIM = "relevance in region"


def regions(relevance: Groups, main: Tested, plan: Plan) -> Evidence:
    """The clusters of the main comparison that hold most of the relevance, the largest share first, at most three.

    The value is the mean over people of the share of |R| inside the cluster, with an interval over people; chance is
    the cluster's share of all points. Clusters come from random field theory on all people, so this describes; the test
    on different people is ``disjoint``. Only clusters of channels that differ after correction over channels count.
    """
    shares = np.concatenate([_shares(values) for values in relevance.values])
    people = np.concatenate(relevance.subjects)
    found = []
    for c, channel in enumerate(plan.channels):
        if main.q[c] >= plan.alpha:
            continue
        for cluster in main.field.alone[c].clusters:
            inside = slice(math.ceil(cluster.start), math.floor(cluster.end) + 1)
            inside_share, chance = shares[:, c, inside].sum(axis=1), shares[0, c, inside].size / shares[0].size
            name = f"{plan.method} | {channel} | {cluster.start:.0f}-{cluster.end:.0f}"
            found.append((name, inside_share, chance, cluster.p))
    found.sort(key=lambda one: -one[1].mean())
    return Evidence(claims_table([row for one in found[:MOST] for row in _claims(one, people, plan)]), {})


def _shares(values: np.ndarray) -> np.ndarray:
    """Each person's |R| as shares of the person's whole map, shape (person, channel, point)."""
    size = np.abs(values)
    return size / np.maximum(size.sum(axis=(1, 2), keepdims=True), 1e-300)


def _claims(one: tuple[str, np.ndarray, float, float], people: np.ndarray, plan: Plan) -> list[dict]:
    group, share, chance, p = one
    drawn = resample(people, draws=plan.bootstrap, seed=plan.seed)
    band = interval(lambda weight: weight @ share / weight.sum(1), drawn)
    how = "share of |R| inside an SPM cluster of the main comparison, a person at a time; bootstrap over people"
    even = {"claim": f"{CLAIM}, chance", "group": group, "value": chance, "unit": "share"}
    return [
        claim_row(band, CLAIM, group, how, "share") | {"p": p},
        even | {"method": "the cluster's share of all points"},
    ]
