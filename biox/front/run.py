"""``biox run``: snakemake for those who do not know it.

It looks first at what is to do (a dry run), so that the view can say what still waits, then does it.
"""

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from biox.core.errors import InputError

if TYPE_CHECKING:
    from biox.front.jobs import Board
    from biox.front.snakemake import Running
    from biox.front.watching import Show
    from biox.front.workflow import Asked

STOPPED = 130


def run(options: argparse.Namespace) -> int:
    """Run studies: all steps that are not done yet, with one view of all jobs."""
    from biox.front.failures import sentence
    from biox.front.jobs import planned
    from biox.front.snakemake import events_of
    from biox.front.workflow import command

    asked = asked_for(options)
    words = command(asked)
    if options.unlock and not options.dry_run:
        events, code, printed = events_of([*words, "--unlock"])
        if code:
            raise InputError(sentence(planned(events), printed))
    plan = what_is_to_do(words)
    if options.dry_run:
        print(listing(plan))
        return 0
    if not plan.jobs:
        print(f"Nothing to do: everything is up to date.\n{reports(asked)}")
        return 0
    return closed(asked, *perform(words, plan))


def what_is_to_do(words: list[str]) -> "Board":
    """All jobs that wait; what stops snakemake before any job (settings, missing files) is an InputError."""
    from biox.front.failures import sentence
    from biox.front.jobs import planned
    from biox.front.snakemake import events_of

    events, code, printed = events_of([*words, "--dry-run"])
    plan = planned(events)
    if code:
        raise InputError(sentence(plan, printed))
    return plan


def closed(asked: "Asked", board: "Board", code: int, printed: list[str]) -> int:
    """Say how a run ended and what comes next; returns its exit code."""
    from biox.front.failures import failures

    if code == STOPPED:
        print(f"Stopped. What is finished is kept; the same command goes on: {again(asked)}", file=sys.stderr)
    elif code:
        print(failures(board, printed, again(asked)), file=sys.stderr)
    else:
        print(reports(asked))
    return code


def asked_for(options: argparse.Namespace) -> "Asked":
    """What the options ask for; studies that are not there are an InputError."""
    from biox.core.places import Places
    from biox.core.studies import load_yaml
    from biox.core.study_files import SETTINGS, study_file
    from biox.front.workflow import Asked

    names = tuple(options.studies)
    if not names:
        settings = options.config / SETTINGS
        if not settings.is_file():
            raise InputError(
                f"No study was named, and there is no file {settings} in {Path.cwd()} that lists any. Name one: "
                "biox run STUDY; or begin one: biox new STUDY --domain gait (or histology, proteomics)."
            )
        names = tuple(load_yaml(settings).get("studies") or ())
    for name in names:
        if Path(name).name != name or Path(name).suffix in (".yaml", ".yml"):
            raise InputError(
                f"{name} is a file; `biox run` takes the names of studies and finds their files in {options.config}: "
                f"biox run {Path(name).stem} --config {Path(name).parent}"
            )
        study_file(Places(options.config, Path("results"), name).file)
    return Asked(names, options.config, options.profile, options.cores, tuple(options.further))


def perform(words: list[str], board: "Board") -> tuple["Board", int, list[str]]:
    """Let snakemake do the jobs, showing them; returns the board at the end, the exit code and what was printed."""
    from biox.front.durations import measured
    from biox.front.snakemake import started
    from biox.front.watching import watched

    before, stops = measured(Path("benchmarks")), 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with watched(before, time.monotonic()) as show, started(words) as running:
        while True:
            try:
                if _followed(running, board, show):
                    break
            except KeyboardInterrupt:
                stops += 1
                (running.interrupt if stops == 1 else running.kill)()
    code = running.process.returncode
    return board, STOPPED if stops else min(abs(code), 1), running.printed


def _followed(running: "Running", board: "Board", show: "Show") -> bool:
    """Take in events until there are no more."""
    while (event := running.next_event()) is not None:
        now = time.monotonic()
        show(board.take(event, now), board, now)
    return True


def again(asked: "Asked") -> str:
    """The command that goes on."""
    words = ["biox run", *asked.studies]
    words += ["--config", str(asked.config)] if asked.config != Path("config") else []
    words += ["--profile", asked.profile] if asked.profile != "default" else []
    words += ["--cores", asked.cores] if asked.cores else []
    return " ".join([*words, *(["--", *asked.further] if asked.further else [])])


def reports(asked: "Asked") -> str:
    """Where the reports lie."""
    pages = [Path("reports", Path(name).stem, "index.html") for name in asked.studies]
    return "\n".join(f"The report of {page.parent.name}: {page.resolve()}" for page in pages if page.is_file())


def listing(board: "Board") -> str:
    """What a run would do, as lines: study, step and number of jobs."""
    if not board.jobs:
        return "Nothing to do: everything is up to date."
    from biox.front.durations import in_words, measured, remaining
    from biox.front.jobs import steps_of

    steps = steps_of(board.jobs.values())
    lines = [f"{study or 'all studies'}: {step} ({len(jobs)} job(s))" for (study, step), jobs in steps.items()]
    left, complete = remaining(board, measured(Path("benchmarks")), 0.0)
    guess = f"{'about' if complete else 'at least'} {in_words(left)} one after the other, by earlier runs"
    return "\n".join(
        [*lines, f"{len(board.jobs)} jobs; {guess if left else 'no earlier run says how long they take'}."]
    )
