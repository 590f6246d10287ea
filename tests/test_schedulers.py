"""The workflow through schedulers and containers that stand-ins play: what is asked of them, and what follows."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.workflow_runs import BIN, ROOT, change, said, snakemake

PROFILES = ROOT / "workflow/profiles"
COHORT = "results/tiny_trials/cohort"
# They run jobs at once, on this machine, and remember what became of them as PBS does.
QSUB = """#!/bin/sh
for last; do :; done
mkdir -p "$STAND_INS/jobs"
number=$(($(ls "$STAND_INS/jobs" | wc -l) + 1))
echo "$@" > "$STAND_INS/jobs/$number"
if [ "$number" = 1 ]; then code=271; else sh "$last" > "$STAND_INS/$number.log" 2>&1; code=$?; fi
echo "$code" > "$STAND_INS/$number.code"
echo "$number.server"
"""
QSTAT = """#!/bin/sh
for last; do :; done
code=$(cat "$STAND_INS/${last%.server}.code")
printf 'Job Id: %s\\n    Job_Name = biox\\n    job_state = F\\n    Exit_status = %s\\n' "$last" "$code"
"""
APPTAINER = """#!/bin/bash
[ "$1" = --version ] && { echo "apptainer version 1.3.0"; exit 0; }
echo "$@" >> "$STAND_INS/calls"
while [ "$1" != -c ]; do shift; done
exec bash -c "$2"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one tiny study."""
    (tmp_path / "config").mkdir()
    for name in ("config.yaml", "tiny_trials.yaml"):
        (tmp_path / "config" / name).write_text((ROOT / "tests/tiny" / name).read_text())
    change(tmp_path / "config/config.yaml", "[tiny_subjects, tiny_trials]", "[tiny_trials]")
    return tmp_path


def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> Path:
    """A folder in which what the stand-ins were asked is written down."""
    stand_ins = folder / "stand-ins"
    stand_ins.mkdir()
    for name, text in programs.items():
        (stand_ins / name).write_text(text)
        (stand_ins / name).chmod(0o755)
    monkeypatch.setenv("STAND_INS", str(stand_ins))
    monkeypatch.setenv("PATH", f"{stand_ins}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}")
    return stand_ins


def profiled(folder: Path, profile: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [BIN / "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--profile", PROFILES / profile, *words]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=600)


def resources(printed: str, rule: str) -> str:
    found = re.search(rf"^rule {rule}:\n(?:    .*\n)*?    resources: (.*)$", printed, re.MULTILINE)
    assert found, printed
    return found.group(1)


def status(folder: Path, answer: str, monkeypatch: pytest.MonkeyPatch) -> str:
    on_path(folder, monkeypatch, qstat=f"#!/bin/sh\n{answer}\n")
    done = subprocess.run([PROFILES / "generic/status.sh", "7.server"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_a_job_that_another_scheduler_killed_is_submitted_again_with_twice_the_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("snakemake_executor_plugin_cluster_generic", reason="the extra `cluster` is not installed")
    stand_ins = on_path(folder, monkeypatch, qsub=QSUB, qstat=QSTAT, qdel="#!/bin/sh\n")
    done = profiled(folder, "generic", "--latency-wait", "5", COHORT)
    assert done.returncode == 0, said(done)
    asked = [(stand_ins / "jobs" / number).read_text() for number in ("1", "2")]
    assert "-N biox-ingest -l select=1:ncpus=1:mem=1000mb:ngpus=0 -l walltime=300 " in asked[0]
    assert ":mem=2000mb:" in asked[1]
    assert (folder / COHORT / "provenance.json").is_file()


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("printf '    job_state = R\\n'", "running"),
        ("printf '    job_state = Q\\n'", "running"),
        ("printf '    job_state = F\\n    Exit_status = 0\\n'", "success"),
        ("printf '    job_state = F\\n    Exit_status = 137\\n'", "failed"),
        ("printf '    job_state = F\\n    Exit_status = -29\\n'", "failed"),
        ("echo 'qstat: Unknown Job Id 7.server' >&2; exit 153", "failed"),
        ("echo 'Connection refused' >&2; exit 111", "running"),
    ],
)
def test_the_state_of_a_job_is_what_the_scheduler_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, meaning: str
):
    assert status(tmp_path, answer, monkeypatch) == meaning


@pytest.mark.slow
def test_a_job_in_a_container_takes_biox_from_the_checkout_and_packages_from_the_image(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    stand_ins = on_path(folder, monkeypatch, apptainer=APPTAINER)
    done = snakemake(folder, COHORT, "--software-deployment-method", "apptainer")
    assert done.returncode == 0, said(done)
    call = (stand_ins / "calls").read_text()
    assert f" {ROOT / 'workflow/containers/biox.sif'} " in call
    assert f"export PYTHONPATH={ROOT}" in call
    # No path of this machine's own packages: the image has its own.
    assert str(BIN) not in call


@pytest.mark.slow
def test_only_a_study_that_names_the_graphics_card_asks_for_one_and_attempts_grow(folder: Path):
    # What is hidden from the help: each job of a cluster is told which attempt it is.
    first = said(snakemake(folder, "--dry-run"))
    assert "gpu=0" in resources(first, "train")
    change(folder / "config/tiny_trials.yaml", "domain: gait", "domain: gait\ncompute: { device: cuda }")
    second = said(snakemake(folder, "--dry-run", "--attempt", "2"))
    assert "gpu=1" in resources(second, "train")
    assert "gpu=1" in resources(second, "attribute")
    assert "gpu" not in resources(second, "validate")
    assert "mem_mb=1000," in resources(first, "train")
    assert "mem_mb=2000," in resources(second, "train")


def test_both_container_recipes_install_the_same_things_into_the_same_system():
    docker = (ROOT / "workflow/containers/Dockerfile").read_text()
    apptainer = (ROOT / "workflow/containers/biox.def").read_text()
    assert re.findall(r"^FROM (.*)$", docker, re.MULTILINE) == re.findall(r"^From: (.*)$", apptainer, re.MULTILINE)
    for command in ("pip install", "python -c 'import tomllib", "apt-get install", "git config"):
        lines = [re.findall(rf"({re.escape(command)}.*?)(?: \\)?$", text, re.MULTILINE) for text in (docker, apptainer)]
        assert lines[0] == lines[1]
        assert len(lines[0]) == 1


def test_profiles_name_rules_and_files_that_exist():
    rules = set(re.findall(r"^rule (\w+):", "\n".join(f.read_text() for f in ROOT.glob("workflow/rules/*.smk")), re.M))
    slurm = yaml.safe_load((PROFILES / "slurm/config.yaml").read_text())
    assert set(slurm["groups"]) <= rules
    assert (PROFILES / "slurm" / slurm["slurm-partition-config"]).is_file()
    generic = yaml.safe_load((PROFILES / "generic/config.yaml").read_text())
    assert os.access(PROFILES / "generic" / generic["cluster-generic-status-cmd"], os.X_OK)
