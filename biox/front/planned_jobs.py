"""The jobs that a run would do, what each may ask for, and which waits for which."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from biox.front.benchmarks import Measured, of, typical
from biox.front.jobs import TARGETS


@dataclass(frozen=True)
class Planned:
    """One job of a dry run. minutes, memory_mb: the limits that it asks for, None where it has none."""

    rule: str
    study: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    benchmark: str
    threads: int
    gpus: int
    minutes: float | None
    memory_mb: float | None


@dataclass(frozen=True)
class Estimated:
    """A job and what it may take. hours: measured, or else its limit; None without either. memory_mb: measured."""

    job: Planned
    hours: float | None
    measured: bool
    memory_mb: float | None = None


def planned_jobs(events: Iterable[Mapping[str, Any]]) -> list[Planned]:
    """The jobs of a dry run, from what snakemake tells (``biox.front.plugins``)."""
    return [_planned(event) for event in events if event["event"] == "job" and event["rule"] not in TARGETS]


def estimated(job: Planned, before: Mapping[tuple[str, str], Sequence[Measured]]) -> Estimated:
    """What a job may take: what it took before, else what jobs of its step and study took, else its limit.

    Other studies are no measure: their data may be of another size.
    """
    own = of(Path(job.benchmark)) if job.benchmark else []
    like = own or before.get((job.study, job.rule), [])
    if like:
        usual = typical(like)
        return Estimated(job, usual.seconds / 3600, True, usual.memory_mb)
    return Estimated(job, None if job.minutes is None else job.minutes / 60, False)


def longest_chain(jobs: Sequence[Estimated]) -> list[Estimated]:
    """The jobs that wait for each other and together take longest, first to last. Jobs without hours count as none."""
    maker = {file: number for number, one in enumerate(jobs) for file in one.job.outputs}
    waits_for = {
        number: {maker[file] for file in one.job.inputs if file in maker} - {number} for number, one in enumerate(jobs)
    }
    ends: dict[int, float] = {}
    last: dict[int, int | None] = {}
    for number in TopologicalSorter(waits_for).static_order():
        last[number] = max(waits_for[number], key=lambda other: (ends[other], -other), default=None)
        before = last[number]
        ends[number] = (jobs[number].hours or 0.0) + (ends[before] if before is not None else 0.0)
    chain: list[Estimated] = []
    place = max(ends, key=lambda number: (ends[number], -number), default=None)
    while place is not None:
        chain.append(jobs[place])
        place = last[place]
    return chain[::-1]


def _planned(event: Mapping[str, Any]) -> Planned:
    asked = event["resources"]
    return Planned(
        event["rule"],
        event["wildcards"].get("study", ""),
        tuple(event["input"]),
        tuple(event["output"]),
        event["benchmark"],
        event["threads"],
        int(asked.get("gpu", 0)),
        asked.get("runtime"),
        asked.get("mem_mb"),
    )
