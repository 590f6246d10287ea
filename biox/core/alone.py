"""One run at a time in a folder: a second is refused with a sentence, and what a killed one left locked is unlocked.

A run keeps a file locked as long as it lives; the system itself lets go of that lock when the run dies. So a folder
that Snakemake believes locked, although nobody holds our lock, was left by a run that was killed.
"""

import fcntl
import json
import os
import re
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from biox.core.errors import InputError
from biox.core.orphans import alive

LOCK = "biox.lock"
LEFT = ("locks", "backups")  # by a killed run: Snakemake's locks, and copies of results that it was about to replace
LOOKS = re.compile(
    r"-[npqrfkFR]*n[npqrfkFR]*|-l|--(dry-?run|lint|dag|d3dag|rulegraph|filegraph|summary|detailed-summary|list.*|report.*)"
)


@dataclass(frozen=True)
class Turn:
    """The turn of one run in a folder, as long as the file is open; what the user should know of the run before."""

    file: IO[str]
    said: str


def looks_only(words: Sequence[str]) -> bool:
    """Whether the words after ``snakemake`` ask for a look at a folder (a dry run, a graph) and not for a run there."""
    return any(LOOKS.fullmatch(word.split("=")[0]) for word in words)


def take_turn(folder: Path) -> Turn:
    """Take the turn in Snakemake's folder ``.snakemake``; locks of a run that was killed on this machine are removed.

    Another run there, or a folder that cannot be written, is an InputError.
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
        raise InputError(
            f"Another run{_whose(last)} is at work in {folder.absolute().parent}. Nothing was changed; wait until it "
            "ends, or stop it with Ctrl-C where it was started."
        )
    said = _cleared([folder / name for name in LEFT if _filled(folder / name)], last)
    file.truncate(0)
    json.dump({"machine": socket.gethostname(), "process": os.getpid()}, file)
    file.flush()
    return Turn(file, said)


def _cleared(left: list[Path], last: dict[str, Any]) -> str:
    """Remove what the last run left, if it is surely dead; what to say about it."""
    if not left or not last:
        return ""
    if last["machine"] != socket.gethostname() or alive(last["process"]):
        return (
            f"The last run{_whose(last)} did not come to its end. If it runs no more, take its locks away by "
            "`snakemake --unlock`."
        )
    for folder in left:
        shutil.rmtree(folder)
    return f"The last run{_whose(last)} was killed. Its locks are removed, and this run goes on from what is finished."


def _filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _lock(file: IO[str]) -> bool:
    """Lock the file while this process lives; False where another has it. Without locks, Snakemake's own must do."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _last(file: IO[str]) -> dict[str, Any]:
    """Which run had the turn last, or has it; nothing where the file is empty or damaged."""
    file.seek(0)
    try:
        return json.loads(file.read())
    except ValueError:
        return {}


def _whose(last: dict[str, Any]) -> str:
    return f" (process {last['process']} on {last['machine']})" if last else ""
