"""The share of relevance inside the clusters of SPM."""

import numpy as np

from biox.domains.gait import spm_evidence
from biox.domains.gait.groups import Groups
from biox.domains.gait.regions import regions

PLAN = spm_evidence.Plan(channels=("a", "b"), method="lrp", permutations=200, bootstrap=200)
WINDOW = slice(40, 60)


def smooth(rng, people):
    noise = np.cumsum(rng.normal(size=(people, 2, 141)), axis=2)
    return (noise[..., 20:121] - noise[..., :101]) / 10


def forces(shift):
    rng = np.random.default_rng(5)
    one, two = smooth(rng, 20), smooth(rng, 20)
    two[:, 0, WINDOW] += shift
    names = tuple(np.array([f"{c}{i}" for i in range(20)]) for c in "xy")
    return Groups((one, two), names, ("x", "y"), paired=False)


def maps(like, inside):
    values = np.ones((20, 2, 101))
    values[:, 0, WINDOW] *= inside
    return Groups((values, -values), like.subjects, like.classes, paired=False)


def claims(shift, inside):
    given = forces(shift)
    table = regions(maps(given, inside), spm_evidence.tested(given, PLAN)[0], PLAN).claims
    return table[table["claim"] == "relevance in region"], table[table["claim"] == "relevance in region, chance"]


def test_even_relevance_has_the_share_that_chance_gives():
    found, chance = claims(3.0, 1.0)
    assert found["group"].str.startswith("lrp | a | ").all()
    np.testing.assert_allclose(found["value"], chance["value"])


def test_relevance_inside_the_window_exceeds_chance_by_what_was_put_there():
    found, chance = claims(3.0, 9.0)
    start, end = map(int, found["group"].iloc[0].split(" | ")[-1].split("-"))
    inside = np.ones((2, 101))
    inside[0, WINDOW] = 9
    assert abs(found["value"].iloc[0] - inside[0, start : end + 1].sum() / inside.sum()) < 0.03
    assert found["low"].iloc[0] > chance["value"].iloc[0]


def test_without_a_difference_there_is_no_region():
    found, _ = claims(0.0, 9.0)
    assert found.empty
