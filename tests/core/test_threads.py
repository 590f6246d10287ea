"""Results do not depend on the machine's cores: the study says how many threads a step uses."""

import os
import subprocess
import sys

import pytest

from biox import cli
from tests.workflow_runs import ROOT, change

STATED = """
import os
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
from biox.core.threads import hold
hold(3)
import torch
print(torch.get_num_threads())
"""


def test_a_step_gets_the_threads_of_its_study_even_on_one_core():
    asked = {**os.environ, "OMP_NUM_THREADS": "5", "MKL_NUM_THREADS": "7", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", STATED], env=asked, capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "3", done.stderr


@pytest.mark.parametrize(("verb", "threads"), [("train", "2"), ("validate", "2"), ("ingest", "1"), ("report", "1")])
def test_only_steps_that_compute_take_more_than_one_thread(verb, threads, tmp_path, monkeypatch):
    file = tmp_path / "tiny_subjects.yaml"
    file.write_text((ROOT / "tests/tiny/tiny_subjects.yaml").read_text())
    change(file, "seed: 1", "seed: 1\ncompute: {threads: 2}")
    monkeypatch.setattr(os, "environ", dict(os.environ))
    fold = ["--fold", "0"] if verb == "train" else []
    cli.prepare(cli.parser().parse_args([verb, "tiny_subjects", "--config", str(tmp_path), "--out", "x", *fold]))
    assert os.environ["OMP_NUM_THREADS"] == threads
