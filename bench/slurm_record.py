"""What was seen and done while faults struck a run on Slurm, and how its files compare."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.slurm_queue import Seen, queue


@dataclass
class Struck:
    """A fault and what became of it. at_s: seconds since the start. jobs: number, state and node of every attempt."""

    fault: str
    at_s: float
    what: str
    job: str
    node: str
    done: list[str]
    picture: list[str]
    jobs: list[str] = field(default_factory=list)


@dataclass
class Watch:
    """What was seen of the queue: the states of each job in turn, and every picture that differed from the last.

    run: how the names of its jobs begin; others may share the queue.
    """

    run: str
    jobs: dict[str, list[Seen]] = field(default_factory=dict)
    pictures: list[tuple[float, list[str]]] = field(default_factory=list)

    def look(self, now: float) -> list[Seen]:
        """The jobs at work now."""
        found = [seen for seen in queue() or [] if seen.run.startswith(self.run)]
        for seen in found:
            states = self.jobs.setdefault(seen.job, [])
            if not states or states[-1] != seen:
                states.append(seen)
        picture = drawn(found)
        if found and (not self.pictures or self.pictures[-1][1] != picture):
            self.pictures.append((round(now), picture))
        return [seen for seen in found if seen.state == "RUNNING"]

    def attempts(self, what: str) -> list[str]:
        """Each Slurm job that did a job of the workflow, with all states in which it was seen."""
        some = [states for states in self.jobs.values() if states[-1].what == what]
        return [f"{states[0].job}: {', '.join(f'{s.state} {s.node}'.strip() for s in states)}" for states in some]


def drawn(found: Iterable[Seen]) -> list[str]:
    """A queue as people see it: what waits or runs."""
    return [
        f"{s.job:>5} {s.partition:4} {s.state:10} {s.node:3} {s.what}"
        for s in found
        if s.state in ("PENDING", "RUNNING", "COMPLETING")
    ]


def page(found: dict) -> str:
    """The record as a table, with a picture of the queue at each fault."""
    lines = [f"# {found['title']}", "", *found["summary"], ""]
    lines += ["| fault | job, node | when | what was done | attempts of the job |", "|---|---|---|---|---|"]
    for s in found["struck"]:
        where = f"{s['what']} ({s['job']}), {s['node']}"
        lines.append(f"| {s['fault']} | {where} | {s['at_s']} s | {'; '.join(s['done'])} | {'; '.join(s['jobs'])} |")
    for s in found["struck"]:
        lines += ["", f"Queue when the fault '{s['fault']}' struck:", "", "```", *s["picture"], "```"]
    return "\n".join(lines) + "\n"
