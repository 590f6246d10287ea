"""How long a job may take, roughly: as long as its like took before."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean

from biox.front.benchmarks import by_step, typical
from biox.front.jobs import Board, Job

Seconds = dict[tuple[str, str], float]


def measured(benchmarks: Path) -> Seconds:
    """Mean seconds of each study's steps in earlier runs."""
    return {key: typical(found).seconds for key, found in by_step(benchmarks).items()}


def remaining(board: Board, before: Mapping[tuple[str, str], float], now: float) -> tuple[float, bool]:
    """Seconds until all jobs are done, if as many run at once as did so far; and whether no job is without a guess.

    A job is expected to take as long as the same step of its study took in this run, else in earlier runs, else in
    other studies. Jobs of a kind that was never seen count nothing: the time is then a lower bound.
    """
    seen = {**_by_step(before), **before, **_mean_of(board.in_state("done"))}
    left, complete = 0.0, True
    for job in (*board.in_state("waiting"), *board.in_state("under way")):
        guess = seen.get((job.study, job.step), seen.get(("", job.step)))
        complete = complete and guess is not None
        left += max(0.0, (guess or 0.0) - (now - job.began if job.state == "under way" else 0.0))
    return left / board.most_at_once, complete


def _mean_of(jobs: Iterable[Job]) -> Seconds:
    found: dict[tuple[str, str], list[float]] = {}
    for job in jobs:
        found.setdefault((job.study, job.step), []).append(job.ended - job.began)
    return {key: fmean(values) for key, values in found.items()}


def _by_step(before: Mapping[tuple[str, str], float]) -> Seconds:
    """Means over studies, under the name "" of a study."""
    steps = {step for _, step in before}
    return {("", step): fmean(s for (_, name), s in before.items() if name == step) for step in steps}


def in_words(seconds: float) -> str:
    """A time as people say it: ``12 s``, ``3 min``, ``2 h 10 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
