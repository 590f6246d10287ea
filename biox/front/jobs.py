"""The jobs of a run: what each of them is, and what has become of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

State = Literal["waiting", "under way", "done", "failed"]
Key = tuple[str, ...]
# Rules that only name files.
TARGETS = ("all",)


@dataclass(frozen=True)
class Job:
    """One job: the step it does for a study, what of it (``fold 2, method lrp``), and how far it is.

    ``under way`` means running here, or handed to the queue of a cluster. began, ended: seconds on one clock.
    """

    study: str
    step: str
    part: str = ""
    log: str = ""
    state: State = "waiting"
    began: float = 0.0
    ended: float = 0.0

    @property
    def name(self) -> str:
        """What people call it."""
        words = f"{self.step}, {self.part}" if self.part else self.step
        return f"{self.study}: {words}" if self.study else words


@dataclass
class Board:
    """All jobs of a run, kept up to date by what snakemake tells (``biox.front.plugins``).

    jobs: by what they are, since snakemake numbers them anew in each run. count: jobs by state. most_at_once: jobs that
    were under way at the same time. errors: kind and text of what stopped snakemake itself; said: its warnings.
    """

    jobs: dict[Key, Job] = field(default_factory=dict)
    numbers: dict[int, Key] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    count: Counter[State] = field(default_factory=Counter)
    most_at_once: int = 1

    def take(self, event: Mapping[str, Any], now: float) -> Job | None:
        """Take in one event; returns the job that it changed."""
        kind = event["event"]
        if kind == "error":
            self.errors.append((event["kind"], event["text"]))
        elif kind == "said":
            self.said.append(event["text"])
        elif kind == "job" and event["rule"] not in TARGETS:
            key = (event["rule"], *(f"{name} {value}" for name, value in sorted(event["wildcards"].items())))
            self.numbers[event["id"]] = key
            return self._changed(key, replace(job_of(event), state="under way", began=now))
        elif kind in ("done", "failed") and event["id"] in self.numbers:
            key = self.numbers[event["id"]]
            return self._changed(key, replace(self.jobs[key], state=kind, ended=now))
        return None

    def _changed(self, key: Key, job: Job) -> Job:
        if key in self.jobs:
            self.count[self.jobs[key].state] -= 1
        self.jobs[key] = job
        self.count[job.state] += 1
        self.most_at_once = max(self.most_at_once, self.count["under way"])
        return job

    def in_state(self, state: State) -> list[Job]:
        """The jobs that are in a state."""
        return [job for job in self.jobs.values() if job.state == state]


def job_of(event: Mapping[str, Any]) -> Job:
    """The job that an event speaks of."""
    others = {name: value for name, value in event["wildcards"].items() if name != "study"}
    part = ", ".join(f"{name} {value}" for name, value in others.items())
    return Job(event["wildcards"].get("study", ""), event["rule"], part, next(iter(event["log"]), ""))


def planned(events: Iterable[Mapping[str, Any]]) -> Board:
    """The board of a dry run: all of its jobs wait."""
    board = Board()
    for event in events:
        board.take(event, 0.0)
    waiting = {key: replace(job, state="waiting") for key, job in board.jobs.items()}
    return Board(waiting, errors=board.errors, said=board.said, count=Counter({"waiting": len(waiting)}))


def steps_of(jobs: Iterable[Job]) -> dict[tuple[str, str], list[Job]]:
    """The jobs by study and step, in the order in which they came."""
    found: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        found.setdefault((job.study, job.step), []).append(job)
    return found
