"""What a Slurm queue holds, and what goes wrong with it: jobs cancelled, killed, nodes drained or down, no controller.

Used by ``bench/slurm_faults.py``. It needs a Slurm of one host whose daemons belong to this user.
"""

import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

# The columns of ``squeue`` that make a ``Seen``, in its order, and their widths.
COLUMNS = {"JobID": 12, "State": 14, "NodeList": 40, "Partition": 20, "tres-per-job": 24, "Comment": 200, "Name": 100}


@dataclass(frozen=True)
class Seen:
    """One line of ``squeue``. granted: graphics cards; what: the comment that the executor gives it; run: its name."""

    job: str
    state: str
    node: str
    partition: str
    granted: str
    what: str
    run: str


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong. at: the jobs that it waits for, a pattern. mend: what ends it, after ``lasts_s``."""

    name: str
    at: str
    strike: Callable[[Seen], str]
    mend: Callable[[Seen], str]
    lasts_s: float


def queue() -> list[Seen] | None:
    """All jobs that the controller remembers; None where it does not answer."""
    form = ",".join(f"{name}:{width}" for name, width in COLUMNS.items())
    words = ["squeue", "--noheader", "--states=all", f"--Format={form}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return None
    return None if done.returncode else [Seen(*cells(line)) for line in done.stdout.splitlines()]


def cells(line: str) -> list[str]:
    """One line of ``squeue``, cut at the widths of its columns."""
    ends = list(accumulate(COLUMNS.values(), initial=0))
    return [line[start:end].strip() for start, end in pairwise(ends)]


def worker(job: str) -> int | None:
    """The process in which biox itself works on a job; None before it began."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
            if b"biox.cli" in words and f"SLURM_JOB_ID={job}".encode() in (folder / "environ").read_bytes().split(
                b"\0"
            ):
                return int(folder.name)
        except OSError:
            continue
    return None


def setting(name: str) -> str:
    """One line of Slurm's configuration."""
    text = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^{name}\s*= (.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""


def ordered(*words: str) -> str:
    """Carry out a command; returns it as it would be typed."""
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return " ".join(words)


def nothing(_seen: Seen) -> str:
    """The workflow itself has to mend it."""
    return "nothing more"


def cancel(seen: Seen) -> str:
    """As a person or an administrator does it."""
    return ordered("scancel", seen.job)


def kill(seen: Seen) -> str:
    """As the kernel does it where memory runs out."""
    process = worker(seen.job)
    if process is None:
        return "nothing: the process had ended by itself"
    os.kill(process, signal.SIGKILL)
    return f"kill -9 of the biox process of job {seen.job}"


def drain(seen: Seen) -> str:
    """Running jobs may end, no new one starts there."""
    return ordered("scontrol", "update", f"NodeName={seen.node}", "State=DRAIN", "Reason=maintenance")


def down(seen: Seen) -> str:
    """The node is gone, with all jobs on it."""
    return ordered("scontrol", "update", f"NodeName={seen.node}", "State=DOWN", "Reason=broken")


def resume(seen: Seen) -> str:
    """The node is back; where it came back by itself (``ReturnToService``), the controller refuses to repeat it."""
    try:
        return ordered("scontrol", "update", f"NodeName={seen.node}", "State=RESUME")
    except subprocess.CalledProcessError as error:
        return f"node {seen.node} had come back by itself ({error.stderr.decode().strip()})"


def stop_controller(_seen: Seen) -> str:
    """No ``squeue``, no ``sbatch``; running jobs go on."""
    pid = Path(CONTROLLER["pid"])
    os.kill(int(pid.read_text()), signal.SIGKILL)
    return "kill -9 of slurmctld"


def start_controller(_seen: Seen) -> str:
    """It reads its saved state, but its partitions from its configuration."""
    done = ordered("slurmctld")
    open_partitions()
    return done


def open_partitions() -> None:
    """Let jobs ask for as many hours as studies do: a Slurm for tests may allow one."""
    for name in ("cpu", "gpu"):
        ordered("scontrol", "update", f"PartitionName={name}", "MaxTime=UNLIMITED")


# Known before the controller is stopped: afterwards nobody answers.
CONTROLLER = {"pid": ""}

FAULTS = (
    Fault("job cancelled", "rule_train", cancel, nothing, 0),
    Fault("process killed", "rule_(attribute|influence)", kill, nothing, 0),
    Fault("node drained", "rule_(train|trust)", drain, resume, 30),
    Fault("node down", "rule_(attribute|influence|trust)", down, resume, 20),
    Fault("controller restarted", "rule_(trust|validate|graphs)", stop_controller, start_controller, 15),
)
