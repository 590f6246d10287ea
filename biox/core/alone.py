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
LOCKS = "locks"
LEFT = (LOCKS, "backups")  # by a killed run: Snakemake's locks, and copies of results that it was about to replace
LOOKS = re.compile(
    r"-[npqrfkFR]*n[npqrfkFR]*|-l|--(dry-?run|lint|dag|d3dag|rulegraph|filegraph|summary|detailed-summary|list.*|report(er)?)"
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
    free, last = _lock(file), _last(file)
    if not free:
        raise InputError(
            f"Another run{_whose(last)} is at work in {folder.absolute().parent}. Nothing was changed; wait until it "
            "ends, or stop it with Ctrl-C where it was started."
        )
    left, dead = [folder / name for name in LEFT if _filled(folder / name)], _surely_dead(last)
    if _filled(folder / LOCKS) and not dead:
        # Its name stays there: Snakemake refuses this run, and the next must not take those locks for this one's.
        return Turn(file, _unsure(last) if last else "")
    for one in left if dead else ():
        shutil.rmtree(one)
    file.truncate(0)
    json.dump({**_here(), "process": os.getpid()}, file)
    file.flush()
    return Turn(file, _removed(last) if dead and left else "")


def _surely_dead(last: dict[str, Any]) -> bool:
    """Whether a run is known to be dead: it was of this machine, whose processes we see, and its own is gone."""
    return bool(last) and all(last.get(key) == value for key, value in _here().items()) and not alive(last["process"])


def _here() -> dict[str, str]:
    """The machine, and which of its numberings of processes is ours: a container may have one of its own."""
    try:
        numbering = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        numbering = ""
    return {"machine": socket.gethostname(), "numbering": numbering}


def _unsure(last: dict[str, Any]) -> str:
    return (
        f"The last run{_whose(last)} did not come to its end. If it runs no more, take its locks away by "
        "`snakemake --unlock`."
    )


def _removed(last: dict[str, Any]) -> str:
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
        last = json.loads(file.read())
        return {**last, "machine": str(last["machine"]), "process": int(last["process"])}
    except (ValueError, TypeError, KeyError):
        return {}


def _whose(last: dict[str, Any]) -> str:
    return f" (process {last['process']} on {last['machine']})" if last else ""
