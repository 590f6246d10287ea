"""A run asks nothing of a network: its steps work where every socket refuses, and where there is no network at all."""

import shutil
import subprocess
import sys

import pytest

from tests.workflow_runs import ROOT

# What jobs import, and a fold of a study, with sockets that tell on whoever uses them.
PROGRAM = """
import socket, sys
def refused(*words, **named):
    raise AssertionError(f"a socket was asked for: {words}")
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refused
socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refused
try:
    socket.create_connection(("localhost", 1))
except AssertionError:
    pass
else:
    sys.exit("sockets do not refuse")
import anndata, captum.attr, openslide, pynndescent, torch, umap
from biox.cli import main
name, steps = sys.argv[1], sys.argv[2:]
for step in steps:
    verb, *words = step.split()
    code = main([verb, name, *words])
    if code:
        sys.exit(f"{step} ended with {code}")
"""
FOLD = ["train --fold 0 --out {}/fold-0/fit", "trust --fold 0 --out {}/fold-0/trust"]
RELEVANCE = "attribute --fold 0 --method lrp --out {}/fold-0/relevance-lrp/shard-0"
INFLUENCE = "influence --fold 0 --method lrp --out {}/fold-0/influence-lrp/shard-0"
STEPS = {
    "tiny/tiny_subjects": ["ingest --out {}/cohort", *FOLD, RELEVANCE],
    "tiny_slides/tiny_slides": ["simulate --out {}/raw", "ingest --out {}/cohort", *FOLD, RELEVANCE],
    "tiny_proteins/tiny_proteins": ["simulate --out {}/raw", "ingest --out {}/cohort", *FOLD, INFLUENCE],
}


def alone() -> list[str]:
    """The words that start a program without any network, where this machine lets us: native code has none, too."""
    unshare = shutil.which("unshare")
    words = [unshare, "--map-root-user", "--net"] if unshare else []
    works = bool(words) and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    return [str(word) for word in words] if works else []


@pytest.mark.long
@pytest.mark.parametrize("study", STEPS)
def test_the_steps_of_a_study_need_no_network(tmp_path, study):
    folder, name = study.split("/")
    shutil.copytree(ROOT / "tests" / folder, tmp_path / "config")
    steps = [step.format(f"results/{name}") for step in STEPS[study]]
    command = [*alone(), sys.executable, "-c", PROGRAM, name, *steps]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a socket was asked for" not in done.stderr
