"""A folder that a snakemake still holds, or held when it was killed.

Snakemake locks the folder it works in and leaves the lock behind when it is killed. The lock may go when nobody is at
work there any more: no process on this machine, and the lock is of this machine, as snakemake's own log says.
"""

import platform
from datetime import datetime
from pathlib import Path

from biox.core.errors import InputError

# Words in the command line of those who work in a folder: snakemake, and the jobs that outlive one that was killed.
AT_WORK = ("snakemake", "biox.cli")
SLACK_S = 1.0


def at_work(folder: Path) -> list[int]:
    """The processes on this machine, but for this one and those that started it, that run biox in a folder."""
    import psutil

    this = psutil.Process()
    own = {this.pid, *(parent.pid for parent in this.parents())}
    found = []
    for process in psutil.process_iter(["cwd", "cmdline", "status"]):
        words = process.info["cmdline"] or []
        ended = process.info["status"] == psutil.STATUS_ZOMBIE
        if process.pid in own or ended or process.info["cwd"] != str(folder.resolve()):
            continue
        if any(Path(word).stem in AT_WORK or word in AT_WORK or "/snakemake/" in word for word in words[:4]):
            found.append(process.pid)
    return sorted(found)


def may_unlock(folder: Path) -> str:
    """A sentence that says why the lock of a folder may go; an InputError where it may not."""
    others = at_work(folder)
    if others:
        raise InputError(
            f"Another run is at work in {folder} (process {', '.join(map(str, others))}). Wait for it, or stop it; "
            "then run the same command again: what it finished is kept."
        )
    host = locked_by(folder)
    if host != platform.node():
        where = f"on the machine {host!r}" if host else "on a machine that its log does not tell"
        raise InputError(
            f"{folder} is locked by a run {where}, and this is {platform.node()!r}. Look whether it still runs there. "
            "If it does not, `biox run STUDY --unlock` takes the lock away, and the run goes on from what is finished."
        )
    return "An earlier run was killed here and left its lock; nobody is at work here any more, so it is taken away."


def locked_by(folder: Path) -> str:
    """The machine whose snakemake locked a folder, from the last log begun before the lock; "" if none tells."""
    locks = [file.stat().st_mtime for file in (folder / ".snakemake" / "locks").glob("*.lock")]
    logs = sorted((folder / ".snakemake" / "log").glob("*.snakemake.log"))
    before = [file for file in logs if not locks or _begun(file) <= min(locks) + SLACK_S]
    for log in reversed(before):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[:20]
        host = next((line.split(":", 1)[1].strip() for line in lines if line.strip().startswith("Host:")), "")
        if host:
            return host
    return ""


def _begun(log: Path) -> float:
    """When a log was begun, which its name says."""
    try:
        return datetime.strptime(log.name[:17], "%Y-%m-%dT%H%M%S").astimezone().timestamp()
    except ValueError:
        return log.stat().st_mtime
