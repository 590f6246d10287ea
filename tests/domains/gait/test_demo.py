"""The acceptance bounds of gait_demo on seeds on which nothing was chosen: trained networks, real relevance maps.

bench/gait_demo.py runs the same on the full numbers of seeds.
"""

import numpy as np
import pytest

from bench.gait_demo import one_seed

pytestmark = pytest.mark.slow


def test_relevance_of_the_demo_lies_in_the_planted_windows_and_agreement_is_claimed():
    """Twice chance on average, above chance in every one of 20 seeds, and agreement claimed in 80 of 100."""
    rows = [one_seed(seed, permute=False, changes=[]) for seed in range(3000, 3020)]
    assert np.mean([row["mass"] for row in rows]) >= 2
    assert all(row["low"] > 1 for row in rows)
    assert all(0.1 <= row["windows"] <= 0.2 for row in rows)
    assert all(0.5 <= row["g"] <= 0.8 for row in rows)
    assert all(row["accuracy"] < 0.95 for row in rows)
    assert np.mean([row["accuracy"] for row in rows]) > 0.7
    assert sum(row["claim"] for row in rows) >= 16


def test_demo_with_permuted_labels_is_at_chance():
    """At most 10 claims of 100 (here 3 of 30); accuracy stays within three standard errors of one half (120 people)."""
    rows = [one_seed(seed, permute=True, changes=[]) for seed in range(3000, 3030)]
    assert np.mean([row["accuracy"] for row in rows]) == pytest.approx(0.5, abs=3 * 0.5 / np.sqrt(120 * 30))
    assert sum(row["claim"] for row in rows) <= 3
