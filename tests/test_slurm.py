"""The workflow on a real Slurm of one host, in which jobs, nodes and the controller fail.

``BIOX_SLURM_TOOLS`` names a folder with ``up.sh`` and ``down.sh``, which start and stop such a Slurm (as root).
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.same_bytes import contents
from bench.slurm_queue import Seen, queue, worker
from tests.workflow_runs import ROOT, change

pytestmark = [pytest.mark.long, pytest.mark.slow]


@pytest.fixture(scope="module")
def slurm() -> Iterator[None]:
    tools = Path(os.environ.get("BIOX_SLURM_TOOLS", ""))
    if not (tools / "up.sh").is_file():
        pytest.skip("BIOX_SLURM_TOOLS names no folder with up.sh and down.sh")
    if os.geteuid():
        pytest.skip("starting Slurm needs root")
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="the extra `cluster` is not installed")
    before = os.environ.get("SLURM_CONF")
    done = subprocess.run(["bash", tools / "up.sh"], capture_output=True, text=True, check=True, timeout=600)
    os.environ["SLURM_CONF"] = re.findall(r"export SLURM_CONF=(\S+)", done.stdout)[-1]
    yield
    subprocess.run(["bash", tools / "down.sh"], check=True, timeout=120)
    del os.environ["SLURM_CONF"]
    os.environ |= {} if before is None else {"SLURM_CONF": before}


def test_jobs_nodes_and_the_controller_fail_and_every_byte_is_that_of_a_local_run(slurm: None, tmp_path: Path):
    words = ["--config", ROOT / "tests/tiny", "--studies", "tiny_trials", "--work", tmp_path, "--out", tmp_path]
    command = [sys.executable, "-m", "bench.slurm_faults", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "different or missing: 0. Faults that found no job: none." in done.stdout
    assert len(contents(tmp_path / "slurm")) > 100


def test_a_job_sees_the_graphics_card_that_it_was_granted_and_no_other(slurm: None, tmp_path: Path):
    shutil.copytree(ROOT / "tests/tiny", tmp_path / "config")
    change(tmp_path / "config/config.yaml", "[tiny_subjects, tiny_trials]", "[tiny_trials]")
    command = [sys.executable, "-m", "biox.cli", "run", "tiny_trials", "--profile", "slurm", "--"]
    command += ["results/tiny_trials/fold-0/fit", "--set-resources", "train:gpu=1"]
    command += ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"]
    cards: dict[str, str] = {}
    granted: dict[str, Seen] = {}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        while process.poll() is None:
            for seen in queue() or []:
                found = cards_of(seen.job)
                if found is not None:
                    cards[seen.what], granted[seen.what] = found, seen
            time.sleep(0.3)
    assert process.returncode == 0, (tmp_path / "log").read_text()
    trained, read = "rule_train_wildcards_tiny_trials_0", "rule_data_ingest"
    assert re.fullmatch(r"\d", cards[trained])
    assert granted[trained].partition == "gpu"
    assert granted[trained].granted.endswith("gpu:1")
    assert (cards[read], granted[read].partition) == ("", "cpu")
    # This card is none that computes: `auto` falls back to the processor.
    assert '"device": "cpu"' in (tmp_path / "results/tiny_trials/fold-0/fit/provenance.json").read_text()


def cards_of(job: str) -> str | None:
    """CUDA_VISIBLE_DEVICES of the process in which biox works on a job; None before it works."""
    process = worker(job)
    try:
        words = Path(f"/proc/{process}/environ").read_bytes().split(b"\0") if process else []
    except OSError:
        return None
    found = [word.partition(b"=")[2].decode() for word in words if word.startswith(b"CUDA_VISIBLE_DEVICES=")]
    return found[0] if found else None
