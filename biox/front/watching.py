"""Showing a run while it goes: a view that draws itself anew on a terminal, a line a change elsewhere."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from biox.front.jobs import Board, Job
from biox.front.progress import heading, line, view

Show = Callable[[Job | None, Board, float], None]
# A view that is drawn more often than this helps nobody.
EVERY_S = 0.25


@contextmanager
def watched(before: Mapping[tuple[str, str], float], began: float) -> Iterator[Show]:
    """What to call with each job that changed, or None, the board and the time."""
    with (_live if sys.stdout.isatty() else _lines)(before, began) as show:
        yield show


@contextmanager
def _lines(before: Mapping[tuple[str, str], float], began: float) -> Iterator[Show]:
    last: list[str] = []

    def show(changed: Job | None, board: Board, now: float) -> None:
        print(*board.said, sep="\n", end="\n" * bool(board.said), flush=True)
        board.said.clear()
        last[:] = [heading(board, before, now, began)]
        if changed is not None:
            print(line(changed, board, now - began), flush=True)

    yield show
    print(*last, sep="\n", flush=True)


@contextmanager
def _live(before: Mapping[tuple[str, str], float], began: float) -> Iterator[Show]:
    from rich.console import Console
    from rich.live import Live

    drawn = [0.0]
    with Live(console=Console(), auto_refresh=False, vertical_overflow="ellipsis") as live:

        def show(_: Job | None, board: Board, now: float) -> None:
            for words in board.said:
                live.console.print(words, markup=False, highlight=False)
            board.said.clear()
            if now - drawn[0] >= EVERY_S or not (board.count["waiting"] or board.count["under way"]):
                live.update(view(board, before, now, began), refresh=True)
                drawn[0] = now

        yield show
