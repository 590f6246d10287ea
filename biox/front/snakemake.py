"""Snakemake as a process of its own, and the events that it tells (``biox.front.plugins``)."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from biox.front.plugins.snakemake_logger_plugin_biox import PIPE

PLUGINS = Path(__file__).parent / "plugins"
# How long to wait for the next event before the view is drawn anew.
TICK_S = 0.25


@dataclass(frozen=True)
class Running:
    """A snakemake at work. events: what it tells, None at the end. printed: what came out beside that."""

    process: subprocess.Popen[str]
    events: "SimpleQueue[Mapping[str, Any] | None]"
    printed: list[str]

    def next_event(self) -> Mapping[str, Any] | None:
        """The next event; an empty one where none came within a moment; None when there will be no more."""
        try:
            return self.events.get(timeout=TICK_S)
        except Empty:
            return {"event": "nothing"}

    def interrupt(self) -> None:
        """Ask snakemake and all of its jobs on this machine to stop."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End snakemake and all of its jobs on this machine at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


@contextmanager
def started(words: Sequence[str]) -> Iterator[Running]:
    """Snakemake with these words, in a process group of its own, so that it stops when biox says so and not before."""
    reading, writing = os.pipe()
    # Behind all else, so that nothing of the same name is hidden.
    path = os.pathsep.join(part for part in (os.environ.get("PYTHONPATH"), str(PLUGINS)) if part)
    process = subprocess.Popen(
        [*words, "--logger", "biox"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": path, PIPE: str(writing)},
        pass_fds=(writing,),
        process_group=0,
    )
    os.close(writing)
    running = Running(process, SimpleQueue(), [])
    readers = [
        threading.Thread(target=_read_events, args=(open(reading, encoding="utf-8"), running.events), daemon=True),  # noqa: PTH123, SIM115
        threading.Thread(target=_read_lines, args=(process.stdout, running.printed), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        yield running
    except BaseException:
        running.interrupt()
        raise
    finally:
        process.wait()
        # A job that outlives snakemake may hold its output open.
        for reader in readers:
            reader.join(timeout=5)


def events_of(words: Sequence[str]) -> tuple[list[Mapping[str, Any]], int, list[str]]:
    """All events of a snakemake that runs to its end, its exit code, and what it printed beside them."""
    found: list[Mapping[str, Any]] = []
    with started(words) as running:
        while (event := running.next_event()) is not None:
            found.append(event)
    return [event for event in found if event["event"] != "nothing"], running.process.returncode, running.printed


def _read_events(pipe: IO[str], events: "SimpleQueue[Mapping[str, Any] | None]") -> None:
    with pipe:
        for line in pipe:
            # A line that was cut by a kill tells nothing.
            with suppress(json.JSONDecodeError):
                events.put(json.loads(line))
    events.put(None)


def _read_lines(stream: IO[str], lines: list[str]) -> None:
    with stream:
        lines.extend(line.rstrip("\n") for line in stream)
