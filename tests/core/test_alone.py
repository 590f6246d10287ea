"""Two runs never work in one folder, and a killed run leaves nothing that a user must know how to undo."""

import json
import os
import socket
import subprocess
import sys

import pytest

from biox.core.alone import LOCK, looks_only, take_turn

DEAD = 2**22 + 1  # above the largest number that Linux gives a process


def left(folder, machine: str, process: int) -> None:
    (folder / "locks").mkdir(parents=True)
    (folder / "locks/0.output.lock").write_text("results/x\n")
    (folder / "backups/results").mkdir(parents=True)
    (folder / LOCK).write_text(json.dumps({"machine": machine, "process": process}))


TAKE = "import sys; from pathlib import Path; from biox.core.alone import take_turn; take_turn(Path(sys.argv[1]))"


def taken_by_another(folder) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", TAKE, str(folder)], capture_output=True, text=True, timeout=100)


def test_a_second_run_is_told_of_the_first_and_may_come_after_it(tmp_path):
    own = take_turn(tmp_path)
    assert f"process {os.getpid()} on" in taken_by_another(tmp_path).stderr
    own.file.close()
    assert taken_by_another(tmp_path).returncode == 0


def test_locks_of_a_run_that_was_killed_are_removed_and_that_is_said(tmp_path):
    left(tmp_path, socket.gethostname(), DEAD)
    assert "was killed" in take_turn(tmp_path).said
    assert not (tmp_path / "locks").exists()
    assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize(("machine", "process"), [("another-node", DEAD), (socket.gethostname(), os.getppid())])
def test_locks_of_a_run_that_may_live_are_left_alone(tmp_path, machine, process):
    left(tmp_path, machine, process)
    assert "--unlock" in take_turn(tmp_path).said
    assert (tmp_path / "locks/0.output.lock").exists()


def test_locks_that_no_run_of_ours_left_are_left_alone(tmp_path):
    left(tmp_path, "", 0)
    (tmp_path / LOCK).write_text("")
    assert take_turn(tmp_path).said == ""
    assert (tmp_path / "locks/0.output.lock").exists()


def test_a_dry_run_is_known_from_a_run():
    for words in (["-n"], ["-np"], ["--dry-run"], ["--cores", "2", "--dryrun"], ["--lint"], ["--report=x.html"]):
        assert looks_only(words), words
    for words in (["--cores", "2"], ["--unlock"], ["-k"], ["-d", "new"], ["results/one"], ["--config", "a=-n"]):
        assert not looks_only(words), words
