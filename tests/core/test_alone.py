"""Two runs never work in one folder, and a killed run leaves nothing that a user must know how to undo."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from biox.core import alone
from biox.core.alone import LOCK, looks_only, take_turn

DEAD = 2**22 + 1  # above the largest number that Linux gives a process


def left(folder, process: int, **elsewhere: str) -> None:
    (folder / "locks").mkdir(parents=True)
    (folder / "locks/0.output.lock").write_text("results/x\n")
    (folder / "backups/results").mkdir(parents=True)
    (folder / LOCK).write_text(json.dumps({**alone._here(), **elsewhere, "process": process}))


TAKE = """
import sys
from pathlib import Path
from biox.core.alone import take_turn
print(take_turn(Path(sys.argv[1])).said)
"""


def taken_by_another(folder) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", TAKE, str(folder)], capture_output=True, text=True, timeout=100)


def test_a_second_run_is_told_of_the_first_and_may_come_after_it(tmp_path):
    own = take_turn(tmp_path)
    assert f"process {os.getpid()} on" in taken_by_another(tmp_path).stderr
    own.file.close()
    assert taken_by_another(tmp_path).returncode == 0


def test_locks_of_a_run_that_was_killed_are_removed_and_that_is_said(tmp_path):
    left(tmp_path, DEAD)
    assert "was killed" in take_turn(tmp_path).said
    assert not (tmp_path / "locks").exists()
    assert not (tmp_path / "backups").exists()


MAY_LIVE = {
    "on another machine": (DEAD, {"machine": "another-node"}),
    "in another container of this machine": (DEAD, {"numbering": "pid:[1]"}),
    "here": (os.getppid(), {}),
}


@pytest.mark.parametrize("where", MAY_LIVE)
def test_locks_of_a_run_that_may_live_are_left_alone_however_often_one_tries(tmp_path, where):
    process, elsewhere = MAY_LIVE[where]
    left(tmp_path, process, **elsewhere)
    for _ in range(2):
        assert "--unlock" in taken_by_another(tmp_path).stdout
        assert (tmp_path / "locks/0.output.lock").exists()


def test_once_its_locks_are_taken_away_the_folder_is_the_next_runs_own(tmp_path):
    left(tmp_path, DEAD, machine="another-node")
    shutil.rmtree(tmp_path / "locks")
    turn = take_turn(tmp_path)
    assert turn.said == ""
    assert json.loads((tmp_path / LOCK).read_text())["process"] == os.getpid()


def test_locks_that_no_run_of_ours_left_are_left_alone(tmp_path):
    left(tmp_path, DEAD)
    (tmp_path / LOCK).write_text("")
    for _ in range(2):
        assert taken_by_another(tmp_path).stdout.strip() == ""
        assert (tmp_path / "locks/0.output.lock").exists()


@pytest.mark.parametrize("text", ["[]", "{}", '{"machine": "a", "process": "b"}', "{"])
def test_a_damaged_note_of_the_last_run_says_nothing(tmp_path, text):
    (tmp_path / LOCK).write_text(text)
    assert take_turn(tmp_path).said == ""


def test_a_dry_run_is_known_from_a_run():
    for words in (["-n"], ["-np"], ["--dry-run"], ["--cores", "2", "--dryrun"], ["--lint"], ["--report=x.html"]):
        assert looks_only(words), words
    for words in (
        ["--cores", "2"],
        ["--unlock"],
        ["-k"],
        ["-d", "new"],
        ["results/one"],
        ["--config", "a=-n"],
        ["--report-after-run"],
    ):
        assert not looks_only(words), words
