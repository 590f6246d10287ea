"""The acceptance simulations of bench/gait_demo.py on a few seeds: trained networks, real relevance propagation."""

import numpy as np
import pytest

from bench.gait_demo import one_seed

pytestmark = pytest.mark.slow


def test_relevance_of_the_demo_lies_in_the_planted_windows_and_agreement_is_claimed():
    rows = [one_seed(seed, permute=False, changes=[]) for seed in range(200, 204)]
    assert all(row["low"] > 1 for row in rows)
    assert np.mean([row["mass"] for row in rows]) > 1.8
    assert all(0.1 <= row["windows"] <= 0.2 for row in rows)
    assert all(0.45 < row["g"] < 0.85 for row in rows)
    assert all(0.6 < row["accuracy"] < 0.95 for row in rows)
    assert sum(row["claim"] for row in rows) >= 3


def test_demo_with_permuted_labels_is_at_chance():
    rows = [one_seed(seed, permute=True, changes=[]) for seed in range(200, 204)]
    assert 0.4 < np.mean([row["accuracy"] for row in rows]) < 0.6
    assert sum(row["claim"] for row in rows) <= 2
