"""The summary of the bias laboratory says what its records hold, and its work can be divided and resumed."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import bias_lab
from bias_summary import detection, mean_interval, summary


def record(arm: str, seed: int, z: float, alarm: bool) -> dict:
    return {
        "arm": arm,
        "seed": seed,
        "seconds": 1.0,
        "alarm": alarm,
        "alarms": ["place"] if alarm else [],
        "p": {"place": 0.01 if alarm else 0.6},
        "z": z,
        "oddness": z / 10,
        "place": [1, 0, 0] if alarm else [0, 3, 7],
        "odd_place": ["tumour", 0, 0],
        "odd_precision": 0.9,
        "main": {"given": 0.9, "clean": 0.8, "swapped": 0.2, "mass": 0.4, "chance": 0.01},
    }


def test_records_of_a_clear_bias_are_told_from_clean_ones():
    rows = [record("clean", seed, 2 + 0.01 * seed, False) for seed in range(20)]
    rows += [record("corner 0.5", seed, 5.0, True) for seed in range(10)]
    found = summary(rows)
    assert found["scan"]["clean"]["alarms"] == 0
    assert found["scan"]["corner 0.5"]["by"] == {"place": 10}
    dose = found["dose"]["corner 0.5"]
    assert dose["AUROC of the place statistic"] == 1
    assert dose["odd cluster in the right corner, above 95 % of clean"] == 1
    assert dose["main"]["swapped"]["mean"] == pytest.approx(0.2)


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
    assert len(every) == 18
    assert sorted(parts) == sorted(every)


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setitem(bias_lab.ARMS, "clean", lambda seed: calls.append(seed) or {"auroc": 0.5})
    for _ in range(2):
        bias_lab.run(tmp_path / "rows.jsonl", bias_lab.jobs("clean", range(2), "0/1"))
    assert calls == [0, 1]
    assert [row["seed"] for row in bias_lab.read(tmp_path / "rows.jsonl")] == [0, 1]
