"""Several processes that read tiles together, into memory that they share.

The tiles of a request are dealt into one stretch for each process, so that each decodes its own part of the slide; who
is done takes over pieces of the others. Nothing is sent but one message a process and request.
"""

import os
import sys
import threading
import weakref
from contextlib import suppress
from functools import lru_cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np

from biox.core.errors import InputError
from biox.domains.histology.reading_requests import PIECE, Answer, Pieces, Request, serve
from biox.domains.histology.tile_reading import Cut, fill

SHARED_BYTES = 2**24
LEAST_BYTES = 2**20
SHARED = Path("/dev/shm")  # where Linux keeps it; containers often have no more than 64 MB there
ENDED = (
    "A process that reads tiles was ended from outside, perhaps for want of memory. Set `workers: 1` in the data of "
    "the study."
)


class ReadingProcesses:
    """One process, the one that asks, and ``count - 1`` others that read for it; they end with this object.

    alive: False after anything but an unreadable slide went wrong; the others are then ended, so that none answers a
    request that nobody waits for, and ``reading`` begins new ones.
    """

    def __init__(self, count: int) -> None:
        # Begun anew and not forked: a fork would inherit locks of torch's threads and handles of slides.
        context = get_context("spawn")
        self.alive, self._requests, self._lock = True, 0, threading.Lock()
        self._bytes = _free_bytes()
        self._memory, self._pieces = SharedMemory(create=True, size=self._bytes), Pieces(context, count)
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
        weakref.finalize(self, _end, self._ends, self._memory, os.getpid())

    def read(self, found: np.ndarray, cut: Cut, mpp: float) -> None:
        """Read all tiles into their places in ``found``, as many at once as the shared memory holds."""
        most = self._bytes // int(np.prod(found.shape[1:]))
        if most == 0:
            fill(found, cut, mpp)
            return
        with self._lock:
            if not self.alive:  # another thread met the end of it
                raise InputError(ENDED)
            try:
                for start in range(0, len(cut.place), most):
                    part = cut.piece(start, start + most)
                    self._requests += 1
                    self._read(found, Request(self._requests, part, (len(part.place), *found.shape[1:]), mpp))
            except InputError:
                raise
            except BaseException:  # an interrupt too: the others' answers to this request are not fetched any more
                self._give_up()
                raise

    def _give_up(self) -> None:
        self.alive = False
        for end in self._ends:
            end.close()

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
            answer = _answer(end, request)
            if answer is None:
                self.alive = False
                error = error or InputError(ENDED)
            elif answer.error is not None:
                error = error or InputError(answer.error)
            for number in answer.pieces if answer else ():
                own = request.piece(number)
                found[request.cut.place[own]] = shared[own]
        del shared
        if not self.alive:
            self._give_up()
        if error is not None:
            raise error


def reading(count: int) -> ReadingProcesses:
    """The reading processes of this process, shared by all tiles; begun when first needed, after a fork, or anew."""
    if not _kept(count, os.getpid()).alive:
        _kept.cache_clear()
    return _kept(count, os.getpid())


@lru_cache(maxsize=1)
def _kept(count: int, process: int) -> ReadingProcesses:
    return ReadingProcesses(count)


def _free_bytes() -> int:
    """How much shared memory to take; InputError where there is next to none."""
    if not (sys.platform.startswith("linux") and SHARED.is_dir()):
        return SHARED_BYTES
    there = os.statvfs(SHARED)
    free = there.f_bavail * there.f_frsize // 2  # writing beyond what is free would end the process without a word
    if free < LEAST_BYTES:
        raise InputError(
            f"{SHARED} has {2 * free / 2**20:.1f} MB left, too little for several processes that read tiles. Give the "
            "container more (`docker run --shm-size=256m`), or set `workers: 1` in the data of the study."
        )
    return min(SHARED_BYTES, free)


def _answer(end: Connection, request: Request) -> Answer | None:
    """What a process answers to a request; None from one that is gone."""
    try:
        answer = end.recv()
    except (EOFError, ConnectionError):
        return None
    assert answer.number == request.number, f"request {request.number} was answered as {answer.number}"
    return answer


def _end(ends: list[Connection], memory: SharedMemory, process: int) -> None:
    """Close the connections, at which the other processes end, and give the memory back; nothing after a fork."""
    if os.getpid() == process:
        for end in ends:
            end.close()
        with suppress(BufferError):  # the trace of an error may still hold a view of it
            memory.close()
        memory.unlink()
