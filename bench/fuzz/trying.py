"""One damaged input after the other, each read under limits of time and memory, and what came of it."""

import resource
import shutil
import signal
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import biox
from bench.fuzz.damage import damage
from bench.fuzz.sound import flaws, told
from bench.fuzz.targets import Case
from biox.core.errors import InputError

SECONDS = 5  # of processor time for one input
MORE_MEMORY = 2 * 2**30  # that one input may take beyond what the process has when it starts
# What a warning says where a number was lost on the way; whoever reads such a file gets a wrong result.
LOST = ("invalid value encountered in cast", "overflow encountered in cast")


class Slow(BaseException):
    """The limit of time; no ``except Exception`` of a reader may swallow it."""


@dataclass(frozen=True)
class Outcome:
    """kind: fine, refused, or a finding: wrong type of error, slow, memory, unsound, changed, lost number.

    where: what tells one finding from another; words: the message or traceback.
    """

    kind: str
    where: str = ""
    words: str = ""

    @property
    def finding(self) -> bool:
        """Whether somebody has to look at it."""
        return self.kind not in ("fine", "refused")


def limit_memory() -> None:
    """Bound this process to what it has now and MORE_MEMORY."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MORE_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def prepared(case: Case, folder: Path) -> tuple[Path, str]:
    """Write the valid files of a case and read them once: a fuzzer of files that were never valid finds nothing."""
    whole = folder / "whole"
    whole.mkdir(parents=True)
    case.write(whole)
    found = case.read(whole)
    assert not flaws(found), flaws(found)
    return whole, told(found) if case.exact else ""


def put(case: Case, whole: Path, folder: Path, random: Random) -> list[Path]:
    """A damaged copy of the valid files in ``folder``; gives the damaged ones."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    files = sorted({file for pattern in case.damaged for file in folder.glob(pattern) if file.is_file()})
    chosen = random.sample(files, 1 if random.random() < 0.85 else min(2, len(files)))
    for file in chosen:
        if case.exact and random.random() < 0.05:
            file.unlink()
        else:
            damage(file, random)
    return chosen


def tried(case: Case, folder: Path, expected: str) -> Outcome:
    """Read a damaged folder; expected: what an exact case told of the whole files."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            with _bounded():
                found = case.read(folder)
                wrong = flaws(found)
                changed = case.exact and told(found) != expected
        except InputError as error:
            return _memory(error) or Outcome("refused", words=str(error))
        except Slow:
            return Outcome("slow", "", f"more than {SECONDS} s")
        except MemoryError:
            return Outcome("memory", *_where(MemoryError()))
        except BaseException as error:
            return Outcome(
                "wrong type of error", f"{type(error).__name__} {_place(error)}", traceback.format_exc()[-3000:]
            )
    if wrong:
        return Outcome("unsound", "; ".join(wrong))
    if changed:
        return Outcome("changed", "a damaged result was read as if it were whole")
    lost = [str(one.message) for one in said if any(words in str(one.message) for words in LOST)]
    return Outcome("lost number", lost[0]) if lost else Outcome("fine")


def _memory(error: InputError) -> Outcome | None:
    """An InputError that was made of a MemoryError: the memory was asked for before anything was checked."""
    cause: Any = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return Outcome("memory", _place(error), str(error))
        cause = cause.__cause__ or cause.__context__
    return None


def _where(error: BaseException) -> tuple[str, str]:
    return _place(error), traceback.format_exc()[-3000:]


def _place(error: BaseException) -> str:
    """The last line of biox that an error passed."""
    package = Path(biox.__file__).parent
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if package in Path(frame.filename).parents]
    return f"{Path(frames[-1].filename).relative_to(package)}:{frames[-1].name}" if frames else "outside biox"


@contextmanager
def _bounded() -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise Slow

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
