"""What `biox plan` says before anything is submitted."""

import shutil
from pathlib import Path

import pytest

from biox.front.benchmarks import Measured, by_step, typical
from biox.front.plan import meaning, rows, table
from biox.front.planned_jobs import Estimated, Planned, estimated, longest_chain
from tests.workflow_runs import ROOT, biox, change, said

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def job(rule: str, gets: str = "", makes: str = "", minutes: float | None = 60, **others) -> Planned:
    given = {"benchmark": "", "threads": 1, "gpus": 0, "memory_mb": 4000.0, **others}
    return Planned(rule, "mine", tuple(gets.split()), tuple(makes.split()), minutes=minutes, **given)


def lasting(rule: str, hours: float, gets: str = "", makes: str = "") -> Estimated:
    return Estimated(job(rule, gets, makes), hours, measured=True)


def benchmark(file: Path, seconds: float, memory: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{HEAD}{seconds}\t0\t{memory}\t0\t0\t0\t0\t0\t0\t0\n")
    return file


def test_the_longest_chain_is_the_one_with_most_hours_not_with_most_jobs():
    jobs = [
        lasting("ingest", 1, makes="cohort"),
        lasting("short", 1, "cohort", "a"),
        lasting("short", 1, "a", "b"),
        lasting("short", 1, "b", "c"),
        lasting("long", 10, "cohort", "d"),
        lasting("report", 1, "c d", "page"),
    ]
    chain = longest_chain(jobs)
    assert [one.job.rule for one in chain] == ["ingest", "long", "report"]
    assert longest_chain(jobs[::-1])[1].job.rule == "long"


def test_a_job_is_judged_by_itself_then_by_its_like_then_by_its_limit(tmp_path: Path):
    own = benchmark(tmp_path / "mine/train-0.tsv", 36.0, "500")
    benchmark(tmp_path / "mine/train-1.tsv", 72.0, "700")
    benchmark(tmp_path / "other/attribute-0.tsv", 7200.0, "9000")
    before = by_step(tmp_path)
    assert estimated(job("train", benchmark=str(own)), before) == Estimated(
        job("train", benchmark=str(own)), 0.01, True, 500.0
    )
    like = estimated(job("train"), before)
    assert like.hours == pytest.approx(0.015)
    assert like.memory_mb == 700
    assert like.measured
    assert estimated(job("attribute", minutes=90), before) == Estimated(job("attribute", minutes=90), 1.5, False)
    assert estimated(job("attribute", minutes=None), before).hours is None


def test_a_job_too_short_to_be_looked_at_has_no_memory_and_a_broken_file_no_say(tmp_path: Path):
    benchmark(tmp_path / "mine/viewer.tsv", 0.1, "-")
    (tmp_path / "mine/train-0.tsv").write_text("s\tmax_rss\nsoon\t3\n")
    (tmp_path / "mine/train-1.tsv").write_bytes(b"\xff\xfe\x00")
    assert by_step(tmp_path) == {("mine", "viewer"): [Measured(0.1, None)]}
    assert typical([Measured(1.0), Measured(3.0, 20.0)]) == Measured(2.0, 20.0)


def test_the_table_tells_measured_hours_from_limits_and_adds_up():
    jobs = [
        Estimated(job("train", threads=4, gpus=1), 2.0, True, 812.4),
        Estimated(job("train", threads=4, gpus=1), 4.0, False),
        Estimated(job("report", minutes=None), None, False),
    ]
    lines = table(rows(jobs))
    assert lines[1].split() == ["train", "2", "3.000", "6.00", "812", "4000", "4", "1", "1", "measured,", "1", "limits"]
    assert lines[2].split() == ["report", "1", "?", "?", "?", "4000", "1", "0", "unknown"]
    assert lines[3].split()[:4] == ["all", "3", "3.000", "6.00"]
    words = "\n".join(meaning(jobs))
    assert "Core hours: 24.00; hours of graphics cards: 6.00." in words
    assert "config/config.yaml" in words
    assert "unknown count as none" in words


@pytest.mark.slow
def test_a_plan_counts_every_job_of_a_fresh_study_and_starts_none(tmp_path: Path):
    shutil.copytree(ROOT / "tests" / "tiny", tmp_path / "config")
    change(tmp_path / "config/tiny_trials.yaml", "folds: { count: 3 }", "folds: { count: 3 }\ncompute: { threads: 64 }")
    benchmark(tmp_path / "benchmarks/tiny_trials/train-0.tsv", 3600.0, "321.0")
    done = biox(tmp_path, "plan", "tiny_trials", "--profile", "slurm")
    assert done.returncode == 0, said(done)
    found = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    # Three like jobs, one of them measured: an hour each; as many cores as the study says, whatever this machine has.
    assert found["train"] == ["train", "3", "1.000", "3.00", "321", "1000", "64", "0", "measured"]
    assert found["attribute"][:2] + found["attribute"][-1:] == ["attribute", "3", "limits"]
    # tests/tiny says nothing of `trust`; the cluster's profile does.
    assert found["trust"][2:6] == ["0.500", "1.50", "?", "2000"]
    assert "ingest > train > trust > validate > report" in done.stdout
    assert not (tmp_path / "results").exists()


def test_a_plan_for_a_study_that_is_not_there_says_so(tmp_path: Path):
    (tmp_path / "config").mkdir()
    done = biox(tmp_path, "plan", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in said(done)
