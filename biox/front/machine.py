"""What ``biox doctor`` asks of the machine: memory and cores as far as we may use them, disk, and its file system."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from biox.front.findings import GB, Finding

LEAST_MEMORY_GB = 4
LEAST_DISK_GB = 5
LEAST_FILES = 100_000
CGROUPS = Path("/sys/fs/cgroup")


def compute() -> Iterator[Finding]:
    """Memory and cores; the limits of a container or a cluster's job count, not what the machine has."""
    import psutil

    memory = psutil.virtual_memory()
    limits = [value for value in (cgroup_number("memory.max"), cgroup_number("memory/memory.limit_in_bytes")) if value]
    total = min([memory.total, *limits])
    free = min(memory.available, total)
    said = f"{free / GB:.1f} of {total / GB:.1f} GB free" + (" (limited)" if total < memory.total else "")
    if total < LEAST_MEMORY_GB * GB:
        step = f"jobs ask for up to {LEAST_MEMORY_GB} GB: run them one by one (--cores 1), or take a larger machine"
        yield Finding("note", "memory", said, step)
    else:
        yield Finding("ok", "memory", said)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota()
    cores = min(allowed, quota) if quota else allowed
    limited = " (limited)" if cores < (os.cpu_count() or 1) else ""
    yield Finding("ok", "cores", f"{cores:g}{limited}, load {os.getloadavg()[0]:.1f}; biox run uses all, or --cores N")


def cgroup_number(name: str) -> int | None:
    """A limit of this process's control group or any above it; None where there is none."""
    values = []
    for file in cgroup_files(name):
        text = file.read_text(encoding="utf-8").split()[0]
        values += [int(text)] if text.isdigit() else []
    return min(values, default=None)


def cpu_quota() -> float | None:
    """Cores that the control group grants, from its share of time; None where it grants all."""
    values = []
    for file in cgroup_files("cpu.max"):
        quota, period = file.read_text(encoding="utf-8").split()
        values += [int(quota) / int(period)] if quota.isdigit() else []
    return min(values, default=None)


def cgroup_files(name: str) -> list[Path]:
    """The files of that name in the control group of this process and all above it."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    own = CGROUPS / next((line[3:].lstrip("/") for line in lines if line.startswith("0::")), "")
    return [
        folder / name
        for folder in (own, *own.parents)
        if CGROUPS in (folder, *folder.parents)
        if _readable(folder / name)
    ]


def _readable(file: Path) -> bool:
    return file.is_file() and os.access(file, os.R_OK)


def storage(folder: Path) -> Iterator[Finding]:
    """The disk on which a folder lies, or will lie: space, number of files, and what the file system can."""
    there = next(one for one in (folder.resolve(), *folder.resolve().parents) if one.is_dir())
    stated = os.statvfs(there)
    space, files = stated.f_bavail * stated.f_frsize / GB, stated.f_favail
    said = f"{folder}: {space:.0f} GB free" + (f", room for {files:,} more files" if stated.f_files else "")
    scarce = space < LEAST_DISK_GB or (stated.f_files and files < LEAST_FILES)
    step = "make room, or run in another folder: relevances take the size of the data, times folds and methods"
    yield Finding("note", "disk", said, step) if scarce else Finding("ok", "disk", said)
    yield features(folder, there)


def features(folder: Path, there: Path) -> Finding:
    """Whether files can be written, renamed over others, linked to and locked there."""
    missing = []
    try:
        with tempfile.TemporaryDirectory(prefix=".biox-doctor-", dir=there) as holder:
            for name, able in (("rename", _renames), ("symbolic links", _links), ("locks", _locks)):
                try:
                    able(Path(holder))
                except OSError as error:
                    missing.append(f"{name} ({error.strerror})")
    except OSError as error:
        said = f"{folder}: cannot be written: {error.strerror}"
        return Finding("problem", "file system", said, "run where you may write, or ask for the rights")
    if missing:
        step = "run on another disk: snakemake and biox need these to keep results whole"
        return Finding("problem", "file system", f"{folder}: does not know {', '.join(missing)}", step)
    return Finding("ok", "file system", f"{folder}: files can be written, renamed, linked and locked")


def _renames(holder: Path) -> None:
    for name in ("old", "new"):
        (holder / name).write_text(name, encoding="utf-8")
    (holder / "new").replace(holder / "old")
    if (holder / "old").read_text(encoding="utf-8") != "new":
        raise OSError(0, "the old content stayed")


def _links(holder: Path) -> None:
    (holder / "link").symlink_to("old")


def _locks(holder: Path) -> None:
    with (holder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
