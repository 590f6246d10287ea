"""What the processes that read tiles tell each other: requests, answers, and which pieces are still to be read."""

from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np

from biox.core.errors import InputError
from biox.domains.histology.tile_reading import Cut, fill

PIECE = 8  # tiles that a process takes at a time


@dataclass(frozen=True)
class Request:
    """Tiles to read into shared memory: their shape there, (tile, 3, side, side), and micrometres per pixel.

    number: of the request, which its answers repeat.
    """

    number: int
    cut: Cut
    shape: tuple[int, ...]
    mpp: float

    def piece(self, number: int) -> slice:
        """The tiles of one piece, in the order of the request."""
        return slice(number * PIECE, min((number + 1) * PIECE, len(self.cut.place)))


@dataclass(frozen=True)
class Answer:
    """The pieces that a process has read for a request, or what went wrong."""

    number: int
    pieces: tuple[int, ...] = ()
    error: str | None = None


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


def _served(request: Request, shared: SharedMemory, pieces: Pieces, process: int) -> Answer:
    """The pieces that this process read, or what went wrong."""
    found, done = np.ndarray(request.shape, np.uint8, shared.buf), []
    try:
        while (number := pieces.take(process)) is not None:
            own, cut = request.piece(number), request.cut
            here = Cut(cut.sources, cut.slide[own], cut.x[own], cut.y[own], np.arange(own.start, own.stop))
            fill(found, here, request.mpp)
            done.append(number)
    except InputError as error:
        return Answer(request.number, error=str(error))
    return Answer(request.number, tuple(done))
