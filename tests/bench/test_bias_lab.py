"""The summary of the bias laboratory says what its records hold, and its work can be divided and resumed."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import bias_kept
import bias_lab
import bias_scan
from bias_summary import detection, mean_interval, summary

from biox.core.types import Axis, Cohort
from biox.domains.histology.fixed_place import shares
from biox.domains.histology.out_of_fold import Heatmaps


def record(arm: str, seed: int, z: float, alarm: bool) -> dict:
    scan = {
        "alarm": alarm,
        "alarms": ["place"] if alarm else [],
        "p": {"place": 0.01 if alarm else 0.6, "predict site": float("nan") if seed % 2 else 0.04},
        "z": z,
        "oddness": z / 10,
        "place": [1, 0, 0] if alarm else [0, 3, 7],
        "odd_place": ["tumour", 0, 0],
        "odd_precision": 0.9,
    }
    main = {"given": 0.9, "clean": 0.8, "swapped": 0.2, "mass": 0.4, "chance": 0.01}
    return {"arm": arm, "seed": seed, "seconds": 1.0, "main": main, "scan": scan}


def test_records_of_a_clear_bias_are_told_from_clean_ones():
    rows = [record("clean", seed, 2 + 0.01 * seed, False) for seed in range(20)]
    rows += [record("corner 1", seed, 6.0, True) for seed in range(10)]
    rows += [record("biased", seed, 5.0, True) for seed in range(20)]
    found = summary(rows)
    assert found["scan"]["clean"]["alarms"] == 0
    assert found["scan"]["clean"]["high"] == pytest.approx(1 - 0.025 ** (1 / 20))  # exact binomial
    assert found["scan"]["biased"]["by"] == {"place": 20}
    assert found["dose"]["corner 0.5"]["studies"] == 10  # the seeds that the other doses have
    dose = found["dose"]["corner 0.5"]
    assert dose["AUROC of the place statistic"] == 1
    assert dose["odd cluster in the right corner, above 95 % of clean"] == 1
    assert dose["main"]["swapped"]["mean"] == pytest.approx(0.2)


def test_tests_that_were_not_made_count_in_no_share():
    found = summary([record("clean", seed, 2.0, False) for seed in range(20)])["scan"]["clean"]
    assert found["tests made"] == {"place": 20, "predict site": 10}
    assert found["share of p <= 0.05"] == {"place": 0, "predict site": 1}


def test_detection_is_a_half_for_equal_records_and_falls_for_reversed_ones():
    assert detection([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 0.5
    assert detection([4.0, 5.0], [1.0, 2.0]) == 0


def test_the_interval_of_a_mean_is_students():
    found = mean_interval([1.0, 2.0, 3.0])
    assert found["mean"] == 2
    assert found["high"] - found["mean"] == pytest.approx(4.3027 / 3**0.5, rel=1e-4)


def test_processes_share_the_studies_without_doing_any_twice():
    every = list(bias_lab.jobs("clean,corner", range(3), "0/1"))
    parts = [job for k in range(2) for job in bias_lab.jobs("clean,corner", range(3), f"{k}/2")]
    assert len(every) == 15
    assert sorted(parts) == sorted(every)


def seen(alike: float) -> bias_kept.Seen:
    """Twelve patients, nothing planted."""
    count, side = 96, 16
    rng = np.random.default_rng(0)
    patient = np.arange(count) // 8
    samples = pd.DataFrame({
        "sample": [f"t{k}" for k in range(count)],
        "subject": [f"p{k:02d}" for k in patient],
        "label": np.array(["normal", "tumour"])[np.arange(count) % 2],
    })  # fmt: skip
    places = tuple(map(str, range(side)))
    axes = (Axis("colour", ("red", "green", "blue")), Axis("y", places, "px"), Axis("x", places, "px"))
    x = rng.integers(0, 255, (count, 3, side, side)).astype(np.uint8)
    cohort = Cohort(x, samples, axes, "8-bit intensity", ("normal", "tumour"), "trial", bounds=(0.0, 255.0))
    values = rng.normal(size=(count, side, side)).astype(np.float32) * alike
    maps = Heatmaps("lrp", "main", np.arange(count), values, samples["label"].to_numpy(), patient % 3, {})
    return bias_kept.Seen(cohort, maps, shares(values, 8))


def test_a_kept_study_comes_back_as_it_was_and_gives_the_same_scan(tmp_path):
    made = bias_kept.Made({"auroc": 0.5}, {"scan": seen(1.0)})
    bias_kept.write(tmp_path / "study", made)
    again = bias_kept.read(tmp_path / "study")
    assert again.figures == made.figures
    one, other = made.seen["scan"], again.seen["scan"]
    np.testing.assert_array_equal(other.maps.values, one.maps.values)
    pd.testing.assert_frame_equal(other.cohort.samples, one.cohort.samples)
    first, second = bias_scan.scanned(one), bias_scan.scanned(other)
    assert first["p"]["place"] == second["p"]["place"]
    assert first["oddness"] == second["oddness"]


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch):
    calls = []

    def study(seed: int) -> bias_kept.Made:
        calls.append(seed)
        return bias_kept.Made({"auroc": 0.5}, {"scan": seen(1.0 + seed)})

    monkeypatch.setitem(bias_lab.ARMS, "clean", study)
    for _ in range(2):
        bias_lab.train(tmp_path, bias_lab.jobs("clean", range(2), "0/1"))
        bias_lab.scan(tmp_path, bias_lab.jobs("clean", range(2), "0/1"), tmp_path / "scans.jsonl")
    assert calls == [0, 1]
    assert len((tmp_path / "scans.jsonl").read_text().splitlines()) == 2
    assert [row["seed"] for row in bias_lab.read(tmp_path / "scans.jsonl")] == [0, 1]
