"""Several processes that read tiles together, into memory that they share.

The tiles of a request are dealt into one stretch for each process, so that each decodes its own part of the slide; who
is done takes over pieces of the others. Nothing is sent but one message a process and request.
"""

import os
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np

from biox.core.errors import InputError
from biox.domains.histology.tile_reading import Cut, fill

SHARED_BYTES = 2**26
PIECE = 8  # tiles that a process takes at a time


@dataclass(frozen=True)
class Request:
    """Tiles to read into shared memory: their shape there, (tile, 3, side, side), and micrometres per pixel."""

    cut: Cut
    shape: tuple[int, ...]
    mpp: float

    def piece(self, number: int) -> slice:
        """The tiles of one piece, in the order of the request."""
        return slice(number * PIECE, min((number + 1) * PIECE, len(self.cut.place)))


class Pieces:
    """Which pieces are still to be read, known to all processes: one stretch of them for each."""

    def __init__(self, context: Any, processes: int) -> None:
        self._lock, self._next = context.Lock(), context.Array("q", 2 * processes, lock=False)
        self._processes = processes

    def deal(self, count: int) -> None:
        """Begin anew with ``count`` pieces."""
        edges = np.linspace(0, count, self._processes + 1).round().astype(int).tolist()
        with self._lock:
            self._next[:] = [*edges[:-1], *edges[1:]]

    def take(self, process: int) -> int | None:
        """The next piece for a process: of its own stretch, then of the others; None when all are taken."""
        with self._lock:
            for turn in range(self._processes):
                stretch = (process + turn) % self._processes
                if self._next[stretch] < self._next[self._processes + stretch]:
                    self._next[stretch] += 1
                    return self._next[stretch] - 1
        return None


class ReadingProcesses:
    """One process, the one that asks, and ``count - 1`` others that read for it; they end with this object."""

    def __init__(self, count: int) -> None:
        # Begun anew and not forked: a fork would inherit locks of torch's threads and handles of slides.
        context = get_context("spawn")
        self.process, self._lock = os.getpid(), threading.Lock()
        self._memory, self._pieces = SharedMemory(create=True, size=SHARED_BYTES), Pieces(context, count)
        self._ends: list[Connection] = []
        self._others: list[BaseProcess] = []
        for number in range(1, count):
            here, there = context.Pipe()
            other = context.Process(
                target=serve, args=(there, self._memory.name, self._pieces, number), daemon=True, name=f"tiles-{number}"
            )
            other.start()
            there.close()
            self._ends.append(here)
            self._others.append(other)
        weakref.finalize(self, _end, self._ends, self._memory, self.process)

    def read(self, found: np.ndarray, cut: Cut, mpp: float) -> None:
        """Read all tiles into their places in ``found``, as many at once as the shared memory holds."""
        most = max(1, SHARED_BYTES // int(np.prod(found.shape[1:])))
        with self._lock:
            for start in range(0, len(cut.place), most):
                part = cut.piece(start, start + most)
                self._read(found, Request(part, (len(part.place), *found.shape[1:]), mpp))

    def _read(self, found: np.ndarray, request: Request) -> None:
        self._pieces.deal(-(-len(request.cut.place) // PIECE))
        for end in self._ends:
            with suppress(ConnectionError):  # one that is gone will not answer either
                end.send(request)
        error = None
        try:
            while (number := self._pieces.take(0)) is not None:
                own = request.piece(number)
                fill(found, request.cut.piece(own.start, own.stop), request.mpp)
        except InputError as raised:
            error = raised
            self._pieces.deal(0)
        shared = np.ndarray(request.shape, np.uint8, self._memory.buf)
        for end in self._ends:  # each answers, so that none still reads into memory that is used again
            answer = _answer(end)
            if isinstance(answer, InputError):
                error = error or answer
                continue
            for number in answer:
                own = request.piece(number)
                found[request.cut.place[own]] = shared[own]
        del shared
        if error is not None:
            raise error


def _answer(end: Connection) -> list[int] | InputError:
    try:
        return end.recv()
    except (EOFError, ConnectionError):
        return InputError(
            "A process that reads tiles was ended from outside, perhaps for want of memory. Set `workers: 1` in the "
            "data of the study."
        )


def serve(end: Connection, memory: str, pieces: Pieces, process: int) -> None:
    """Read what is asked for, request by request, until the other end is closed."""
    shared = SharedMemory(name=memory)
    try:
        while True:
            end.send(_served(end.recv(), shared, pieces, process))
    except (EOFError, ConnectionError, KeyboardInterrupt):
        return
    finally:
        shared.close()


def _served(request: Request, shared: SharedMemory, pieces: Pieces, process: int) -> list[int] | InputError:
    """The pieces that this process read, or what went wrong."""
    found, done = np.ndarray(request.shape, np.uint8, shared.buf), []
    try:
        while (number := pieces.take(process)) is not None:
            own, cut = request.piece(number), request.cut
            here = Cut(cut.sources, cut.slide[own], cut.x[own], cut.y[own], np.arange(own.start, own.stop))
            fill(found, here, request.mpp)
            done.append(number)
    except InputError as error:
        return InputError(str(error))
    return done


def _end(ends: list[Connection], memory: SharedMemory, process: int) -> None:
    """Close the connections, at which the other processes end, and give the memory back; nothing after a fork."""
    if os.getpid() == process:
        for end in ends:
            end.close()
        memory.close()
        memory.unlink()
