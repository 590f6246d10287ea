"""``biox plan``: what a run will ask of a cluster, before anything is submitted.

Figures are what earlier runs measured where there were any, and elsewhere the limits of ``config/config.yaml``; the
table says which.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from biox.core.errors import InputError

if TYPE_CHECKING:
    from biox.front.planned_jobs import Estimated

HEAD = ("rule", "jobs", "hours a job", "hours in all", "MB used", "MB asked", "cores", "GPUs", "hours are")
# More than any machine has: what a job asks for is not cut down to the cores of the machine that plans.
NO_LIMIT = "100000"
UNKNOWN = "?"


def plan(options: argparse.Namespace) -> None:
    """Estimate a run before it is submitted: jobs, hours and memory, by rule and in all."""
    from biox.front import benchmarks
    from biox.front.planned_jobs import estimated, planned_jobs

    before = benchmarks.by_step(Path("benchmarks"))
    jobs = [estimated(job, before) for job in planned_jobs(dry_run(options))]
    if not jobs:
        print("Nothing to do: everything is up to date. `biox plan --all` counts what is done, too.")
        return
    print("\n".join([*table(rows(jobs)), "", *meaning(jobs)]))


def dry_run(options: argparse.Namespace) -> list:
    """What snakemake tells of the jobs that it would do; what stops it is an InputError."""
    from biox.front.failures import sentence
    from biox.front.jobs import planned
    from biox.front.run import asked_for
    from biox.front.snakemake import events_of
    from biox.front.workflow import command

    options.cores, options.further = NO_LIMIT, ["--dry-run", *(["--forceall"] if options.all else [])]
    events, code, printed = events_of(command(asked_for(options)))
    if code:
        raise InputError(sentence(planned(events), printed))
    return events


def rows(jobs: Sequence["Estimated"]) -> list[tuple[str, ...]]:
    """The table: a row a rule in the order in which they run, then one for all."""
    by_rule: dict[str, list[Estimated]] = {}
    for one in jobs:
        by_rule.setdefault(one.job.rule, []).append(one)
    return [HEAD, *(row(rule, some) for rule, some in by_rule.items()), row("all", jobs)]


def row(name: str, jobs: Sequence["Estimated"]) -> tuple[str, ...]:
    """One row: how many jobs, mean and sum of their hours, the most memory, cores and graphics cards of one job."""
    hours = [one.hours for one in jobs if one.hours is not None]
    return (
        name,
        str(len(jobs)),
        f"{sum(hours) / len(hours):.3f}" if hours else UNKNOWN,
        f"{sum(hours):.2f}" if hours else UNKNOWN,
        largest(one.memory_mb for one in jobs),
        largest(one.job.memory_mb for one in jobs),
        str(max(one.job.threads for one in jobs)),
        str(max(one.job.gpus for one in jobs)),
        source(jobs),
    )


def source(jobs: Sequence["Estimated"]) -> str:
    """Where the hours of some jobs come from."""
    measured = sum(one.measured for one in jobs)
    unknown = sum(one.hours is None for one in jobs)
    counts = {"measured": measured, "limits": len(jobs) - measured - unknown, "unknown": unknown}
    found = {words: count for words, count in counts.items() if count}
    return next(iter(found)) if len(found) == 1 else ", ".join(f"{count} {words}" for words, count in found.items())


def meaning(jobs: Sequence["Estimated"]) -> list[str]:
    """What the table cannot say: core hours, the longest chain, and how far the figures may be believed."""
    from biox.front.planned_jobs import longest_chain

    chain = longest_chain(jobs)
    core_hours = sum((one.hours or 0.0) * one.job.threads for one in jobs)
    card_hours = sum((one.hours or 0.0) * one.job.gpus for one in jobs)
    said = [
        f"Core hours: {core_hours:.2f}; hours of graphics cards: {card_hours:.2f}.",
        f"Longest chain of jobs that wait for each other: {sum(one.hours or 0.0 for one in chain):.2f} hours "
        f"({' > '.join(one.job.rule for one in chain)}; {source(chain)}). No number of nodes makes the run shorter.",
    ]
    if not all(one.measured for one in jobs):
        said.append(
            "Limits are the most that `resources:` in config/config.yaml allows a job; jobs mostly end long before. "
            "After a first run, or a smaller one of the same name, `biox plan` knows what was measured."
        )
    if any(one.hours is None for one in jobs):
        said.append("Hours that are unknown count as none: these rules have no line in `resources:`.")
    said.append("Waiting in the queue, and the start of each job (some seconds), are not counted.")
    return said


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines of text; words to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    words = (0, len(HEAD) - 1)
    return [
        "  ".join(
            cell.ljust(width) if place in words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def largest(values: Iterable[float | None]) -> str:
    """The largest of some figures, as text."""
    known = [value for value in values if value is not None]
    return f"{max(known):.0f}" if known else UNKNOWN
