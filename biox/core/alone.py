"""One run at a time in a folder: the second is told of the first, and what a killed one left locked is unlocked.

A run keeps a file locked as long as it lives; the system itself lets go of that lock when the run dies. So a folder
that Snakemake believes locked, although nobody holds our lock, was left by a run that was killed.
"""

import fcntl
import json
import os
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from biox.core.errors import InputError
from biox.core.orphans import alive

LOCK = "biox.lock"
SNAKEMAKE = ("locks", "backups")  # what a killed run leaves: its locks, and copies of results it was about to replace
PATIENCE_S = 10


@dataclass(frozen=True)
class Turn:
    """The turn of one process in a folder: the open lock file, and what the user should know of other runs."""

    file: IO[str]
    said: tuple[str, ...]


def turn(folder: Path) -> Turn:
    """Ask for the turn in Snakemake's folder; locks of a run that was killed on this machine are removed.

    A folder that cannot be written is an InputError. That somebody else is at work is only said here, since who looks
    on (a dry run) may; ``begin`` refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("a+")
    except OSError as error:
        raise InputError(
            f"Cannot write in {folder.absolute().parent}: {error.strerror}. Results, reports and logs go there; make "
            "it writable, or name another folder by --directory."
        ) from None
    last = _last(file)
    if not _lock(file):
        return Turn(file, (f"Another run{_whose(last)} is at work in this folder; wait until it ends.",))
    left = [folder / name for name in SNAKEMAKE if (folder / name).is_dir() and any((folder / name).iterdir())]
    if not left or not last:
        return Turn(file, ())
    if last["machine"] != socket.gethostname() or alive(last["process"]):
        hint = "If nothing of it runs there any more: snakemake --unlock."
        return Turn(file, (f"The last run{_whose(last)} did not come to its end. {hint}",))
    for name in left:
        shutil.rmtree(name)
    return Turn(
        file, (f"The last run{_whose(last)} was killed; its locks are removed, and this run goes on from there.",)
    )


def begin(own: Turn) -> None:
    """Take the turn before the first job starts; an InputError while another run has it."""
    until = time.monotonic() + PATIENCE_S  # a dry run may hold it for a moment
    while not _lock(own.file):
        if time.monotonic() > until:
            raise InputError(f"Another run{_whose(_last(own.file))} is at work in this folder; wait until it ends.")
        time.sleep(0.1)
    own.file.truncate(0)
    json.dump({"machine": socket.gethostname(), "process": os.getpid()}, own.file)
    own.file.flush()


def _lock(file: IO[str]) -> bool:
    """Lock the file while this process lives; False where another has it. Without locks, Snakemake's own must do."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _last(file: IO[str]) -> dict:
    """Which run had the turn last, or has it; nothing where the file is empty or damaged."""
    file.seek(0)
    try:
        return json.loads(file.read())
    except ValueError:
        return {}


def _whose(last: dict) -> str:
    return f" (process {last['process']} on {last['machine']})" if last else ""
