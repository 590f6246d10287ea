"""What is left of a killed process, a full disk, a power cut."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from biox.core import files

SLOW_WRITER = """
import sys, time
from pathlib import Path
from biox.core.files import whole
with whole(Path(sys.argv[1])) as fresh:
    fresh.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def writer(target: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", SLOW_WRITER, str(target)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    target = tmp_path / "result.txt"
    files.write_text(target, "first")
    process = writer(target)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert target.read_text() == "first"
    assert len(list(tmp_path.iterdir())) == 2
    files.write_text(target, "second")
    assert target.read_text() == "second"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_living_writer_writes_is_left_alone(tmp_path):
    process = writer(tmp_path / "a.txt")
    files.write_text(tmp_path / "b.txt", "b")
    left = [file for file in tmp_path.iterdir() if file.name.startswith(files.PREFIX)]
    assert [(folder / "a.txt").read_text() for folder in left] == ["half"]
    process.kill()
    process.wait()


def test_what_another_machine_writes_is_left_alone_although_its_lock_is_not_seen(tmp_path):
    """As on a shared disk whose locks hold on one machine only: shards of one fold are written side by side."""
    other = tmp_path / f"{files.PREFIX}other"
    other.mkdir()
    (other / files.OWNER).write_text("another-node")
    (other / "a.txt").write_text("half")
    files.write_text(tmp_path / "b.txt", "b")
    assert (other / "a.txt").read_text() == "half"


def test_content_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda d: (done.append(Path(f"/proc/self/fd/{d}").readlink().name), fsync(d)))
    monkeypatch.setattr(Path, "replace", lambda self, to: (done.append("moved"), replace(self, to))[1])
    with files.whole(tmp_path / "folder") as fresh:
        fresh.mkdir()
        (fresh / "x").write_text("x")
    assert done == ["x", "folder", "moved", tmp_path.name]


def test_an_error_on_a_full_disk_says_that_the_disk_is_full(tmp_path, monkeypatch):
    def write(error: Exception) -> None:
        with files.whole(tmp_path / "x"):
            raise error

    with pytest.raises(RuntimeError):
        write(RuntimeError("a fault of another kind"))
    monkeypatch.setattr(files, "NO_ROOM_BYTES", 2**70)
    with pytest.raises(OSError, match="No space left") as told:
        write(RuntimeError("a library that does not say why"))
    assert told.value.errno == errno.ENOSPC
    with pytest.raises(FileNotFoundError):
        write(FileNotFoundError(errno.ENOENT, "says why", "y"))


def test_a_job_ends_soon_after_the_workflow_that_started_it():
    workflow = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    code = "import time; from biox.core.orphans import end_with_workflow; end_with_workflow(); time.sleep(60)"
    job = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "BIOX_WORKFLOW": str(workflow.pid)})
    time.sleep(1)
    assert job.poll() is None
    workflow.kill()
    workflow.wait()
    assert job.wait(timeout=30) == 1
