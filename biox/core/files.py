"""Files that are whole or absent, also after a kill or a power cut.

Each is written beside its place under a temporary name, settled on the disk, and then moved there. What a killed
process left half written stays in a folder ``.biox-*``, which nothing reads; the next writer there removes it, if it is
of the same machine: on some shared disks, nobody sees the locks of another one.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PREFIX = ".biox-"
OWNER = "owner"  # the file in a temporary folder that its writer keeps locked as long as it lives; it names the machine
STAMP = ".snakemake_timestamp"  # which Snakemake puts into the folders that it made, and a command does not
NO_ROOM_BYTES = 2**20  # with less free than this, an error while writing is put down to the full disk
NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)  # file systems that cannot settle a folder


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path to write a file or folder to; on leaving without an error it takes the place of ``path``.

    Where the disk is full, whatever a library made of that becomes an OSError (ENOSPC) that names ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = any(name.startswith(PREFIX) for name in path.parts)  # of something that will be whole or absent itself
    holder, owner = (Path(tempfile.mkdtemp(prefix=PREFIX, dir=path.parent)), None) if part else _held(path.parent)
    fresh, previous = holder / path.name, holder / "previous"
    try:
        yield fresh
        _take_place(fresh, path, previous) if part else _settled(fresh, path, previous)
    except Exception as error:
        if _full(holder, error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise
    finally:
        if previous.exists() and not path.exists():
            previous.rename(path)
        shutil.rmtree(holder, ignore_errors=True)
        if owner is not None:
            owner.close()


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole."""
    with whole(path) as fresh:
        fresh.write_text(text, encoding="utf-8")


def sha256(path: Path) -> str:
    """Checksum of one file, as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Every file, a folder standing for all files below it, in sorted order; what Snakemake adds is left out."""
    files: list[Path] = []
    for path in paths:
        files += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [file for file in files if file.name != STAMP]


def checksums(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of every file, a folder standing for all files below it.

    Files are called as they were named; those of an installed package from the package's name on.
    """
    return {file.as_posix().split("/site-packages/")[-1]: sha256(file) for file in files_in(paths)}


def _held(folder: Path) -> tuple[Path, IO[str]]:
    """A temporary folder of our own, and the locked file in it by which others see that we live."""
    for left in folder.glob(f"{PREFIX}*"):
        _clear(left)
    while True:
        holder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        try:
            owner = (holder / OWNER).open("w")
        except FileNotFoundError:  # taken for a dead one's by another process, before we could lock it
            continue
        if _locked(owner) and (holder / OWNER).exists():
            owner.write(socket.gethostname())
            owner.flush()
            return holder, owner
        owner.close()


def _clear(left: Path) -> None:
    """Remove a temporary folder whose writer is dead; one whose writer lives, or may live, stays."""
    try:
        with (left / OWNER).open("r+") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if owner.read() == socket.gethostname():
                shutil.rmtree(left, ignore_errors=True)
    except FileNotFoundError:
        with suppress(OSError):
            left.rmdir()  # empty, if its writer died before the lock was there
    except OSError:
        return


def _locked(owner: IO[str]) -> bool:
    """Lock a file for as long as this process lives; False where another process did. No locks at all will do, too."""
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: then nobody can lock it, and so nobody clears it
        return True
    return True


def _full(folder: Path, error: Exception) -> bool:
    """Whether an error comes from a full disk, but does not say so, or not for which file."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOSPC and error.filename is None
    return shutil.disk_usage(folder).free < NO_ROOM_BYTES


def _take_place(fresh: Path, path: Path, previous: Path) -> None:
    """Move what was written to its place, and what lay there out of the way."""
    if path.is_dir():
        path.rename(previous)
    fresh.replace(path)


def _settled(fresh: Path, path: Path, previous: Path) -> None:
    """The same, with everything on the disk before the move, and the move itself after it."""
    _settle(fresh)
    _take_place(fresh, path, previous)
    _sync(path.parent)


def _settle(path: Path) -> None:
    """Wait until a file, or a folder with all below it, is on the disk: a rename may otherwise outlive its content."""
    for one in [*path.rglob("*"), path]:
        if not one.is_symlink():
            _sync(one)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
    finally:
        os.close(descriptor)
