"""How a run is shown: one table that keeps itself up to date on a terminal, plain lines elsewhere."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from biox.front.durations import in_words, remaining
from biox.front.jobs import Board, Job, State, steps_of

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

# So many parts of a step that are under way are named.
MOST_NAMED = 4


def heading(board: Board, before: Mapping[tuple[str, str], float], now: float, began: float) -> str:
    """All studies in one line: how many jobs are done, how long it took, and roughly how long it will."""
    count = board.count
    words = [f"{count['done']} of {len(board.jobs)} jobs done"]
    words += [f"{count[state]} {state}" for state in ("under way", "waiting", "failed") if count[state]]
    words.append(f"{in_words(now - began)} so far")
    left, complete = remaining(board, before, now)
    if count["under way"] and left:
        words.append(f"about {in_words(left)} to go" if complete else f"at least {in_words(left)} to go")
    return " · ".join(words)


def view(board: Board, before: Mapping[tuple[str, str], float], now: float, began: float) -> "Group":
    """The whole view: the heading and the table of steps."""
    from rich.console import Group
    from rich.text import Text

    return Group(Text(heading(board, before, now, began), style="bold"), table(board, now))


def table(board: Board, now: float) -> "Table":
    """A row for each step of each study; a study that is done or has not begun is one row."""
    from rich.table import Table

    shown = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("study", "step", "done", "now", "time"):
        shown.add_column(name, justify="right" if name in ("done", "time") else "left", no_wrap=name != "now")
    for study in dict.fromkeys(job.study for job in board.jobs.values()):
        own = [job for job in board.jobs.values() if job.study == study]
        states = {job.state for job in own}
        if len(states) == 1 and states <= {"done", "waiting"}:
            shown.add_row(study or "all studies", *_row(f"{len(steps_of(own))} step(s)", own, now))
            continue
        for number, ((_, step), jobs) in enumerate(steps_of(own).items()):
            shown.add_row((study or "all studies") if number == 0 else "", *_row(step, jobs, now))
    return shown


def _row(step: str, jobs: list[Job], now: float) -> tuple[str, str, str, str]:
    done = sum(job.state == "done" for job in jobs)
    began = [job.began for job in jobs if job.state != "waiting"]
    ended = [now if job.state == "under way" else job.ended for job in jobs if job.state != "waiting"]
    return step, f"{done}/{len(jobs)}", _now(jobs), in_words(max(ended) - min(began)) if began else ""


def _now(jobs: list[Job]) -> str:
    by_state: dict[State, list[Job]] = {}
    for job in jobs:
        by_state.setdefault(job.state, []).append(job)
    if set(by_state) == {"done"}:
        return "[green]done[/]"
    words = []
    colours: dict[State, str] = {"failed": "red", "under way": "yellow"}
    for state, colour in colours.items():
        there = by_state.get(state, [])
        named = "; ".join(job.part for job in there[:MOST_NAMED] if job.part)
        more = " ..." if len(there) > MOST_NAMED else ""
        words += [f"[{colour}]{state}[/]" + (f": {named}{more}" if named else "")] if there else []
    return ", ".join(words) or "waiting"


def line(job: Job, board: Board, since: float) -> str:
    """One change, for logs and pipes: ``00:01:12 tiny: train, fold 1: done (12 s) [3 of 20]``."""
    clock = f"{int(since // 3600):02d}:{int(since // 60 % 60):02d}:{int(since % 60):02d}"
    took = f" ({in_words(job.ended - job.began)})" if job.state in ("done", "failed") else ""
    state = "begun" if job.state == "under way" else job.state
    return f"{clock} {job.name}: {state}{took} [{board.count['done']} of {len(board.jobs)} done]"
