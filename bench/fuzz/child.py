"""A process that tries many damaged inputs of one reader.

Before each try the number of the input is written to ``FOLDER/now``: when a native library ends the process, or never
comes back, the parent knows which input it was and makes it anew from that number.
"""

import json
import os
import resource
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.fuzz.trying import Outcome

KEPT = 3  # inputs of each finding
SAVED_EVERY_S = 5.0


def main(name: str, first: int, seconds: float, folder: Path) -> None:
    """Try inputs from number ``first`` on until the time is over; the outcome is in ``FOLDER/part-FIRST.json``."""
    from bench.fuzz.targets import targets
    from bench.fuzz.trying import limit_memory, prepared

    cases = targets()[name].cases
    work = folder / "work"
    whole = [prepared(case, work / f"{first}-{number}") for number, case in enumerate(cases)]
    limit_memory()
    counts: Counter[str] = Counter()
    findings: dict[str, dict] = {}
    end, number, saved = time.monotonic() + seconds, first, time.monotonic()
    while time.monotonic() < end:
        (folder / "now").write_text(str(number))
        outcome, inputs = one(cases, whole, number, work / "input")
        counts[outcome.kind] += 1
        if outcome.finding:
            note(findings, outcome, number, [str(file.relative_to(work / "input")) for file in inputs])
        number += 1
        if time.monotonic() - saved > SAVED_EVERY_S:
            save(folder / f"part-{first}.json", counts, findings)
            saved = time.monotonic()
    save(folder / f"part-{first}.json", counts, findings)


def note(findings: dict[str, dict], outcome: "Outcome", number: int, files: list[str]) -> None:
    """Add a finding to those of its kind and place."""
    new = {"count": 0, "inputs": [], "words": outcome.words, "files": []}
    kept = findings.setdefault(f"{outcome.kind} | {outcome.where}", new)
    kept["count"] += 1
    if len(kept["inputs"]) < KEPT:
        kept["inputs"].append(number)
        kept["files"] += files


def one(cases, whole, number: int, folder: Path):
    """Make input ``number`` and try it; the number alone says what it is."""
    from bench.fuzz.trying import put, tried

    random = Random(number)
    place = random.randrange(len(cases))
    inputs = put(cases[place], whole[place][0], folder, random)
    return tried(cases[place], folder, whole[place][1]), inputs


def save(file: Path, counts: Counter, findings: dict) -> None:
    """Write what was found so far; a crash loses at most a few seconds of it."""
    usage = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(one.ru_utime + one.ru_stime for one in usage)
    kept = {"counts": dict(counts), "findings": findings, "cpu_s": round(cpu, 1), "peak_mb": usage[0].ru_maxrss // 1024}
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(kept, indent=1))
    fresh.replace(file)


def quietly(name: str, first: int, seconds: float, folder: Path) -> None:
    """``main`` with all that it and native libraries print in ``FOLDER/log``."""
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    main(name, first, seconds, folder)
