"""Damage that is guided by coverage (atheris): for readers whose parsing is Python and not a library's.

    pip install --target PEERS atheris
    PYTHONPATH=PEERS nice -n 19 python -m bench.fuzz.guided annotations --seconds 600 --out fuzz_guided.json

The bytes that libFuzzer makes up are the random numbers by which the valid files are damaged, so that it learns which
damage leads to code that no input has reached yet. Only modules of biox are measured.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import atheris

PREFIX = ["biox.core", "biox.domains"]
SAVED_EVERY_S = 5.0


class Fed(Random):
    """Random numbers that are read from a string of bytes; zeros when it is used up."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._provider = atheris.FuzzedDataProvider(data)

    def random(self) -> float:
        """Uniform between 0 and 1."""
        return self._provider.ConsumeIntInRange(0, 2**24 - 1) / 2**24

    def getrandbits(self, k: int) -> int:
        """``k`` bits."""
        return self._provider.ConsumeUInt(-(-k // 8)) >> (-k % 8)


class Tally:
    """What came of the inputs so far, written every few seconds: libFuzzer ends the process without a word."""

    def __init__(self, reader: str, out: Path) -> None:
        self.reader, self.out = reader, out
        self.counts: Counter[str] = Counter()
        self.findings: dict[str, str] = {}
        self.start = self.saved = time.monotonic()

    def add(self, outcome: Any) -> None:
        """Count one input."""
        self.counts[outcome.kind] += 1
        if outcome.finding:
            self.findings.setdefault(f"{outcome.kind} | {outcome.where}", outcome.words)
        if time.monotonic() - self.saved > SAVED_EVERY_S:
            self.saved = time.monotonic()
            keep(self.out, self.reader, summary(self.counts, self.findings, self.start))


def main() -> None:
    """Try what libFuzzer makes up for so many seconds on the clock; what came of it goes into a JSON file."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("reader")
    words.add_argument("--seconds", type=int, default=600)
    words.add_argument("--out", type=Path, required=True)
    options = words.parse_args()
    with atheris.instrument_imports(include=PREFIX):
        from bench.fuzz.targets import targets
        from bench.fuzz.trying import prepared, put, tried

        cases = targets()[options.reader].cases
        folder = Path(tempfile.mkdtemp(prefix="guided-"))
        whole = [prepared(case, folder / str(place)) for place, case in enumerate(cases)]
    tally = Tally(options.reader, options.out)

    def one(data: bytes) -> None:
        random = Fed(data)
        place = random.randrange(len(cases))
        put(cases[place], whole[place][0], folder / "input", random)
        tally.add(tried(cases[place], folder / "input", whole[place][1]))

    limits = [f"-max_total_time={options.seconds}", "-max_len=400", "-len_control=0", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *limits], one)
    atheris.Fuzz()


def summary(counts: Counter, findings: dict[str, str], start: float) -> dict[str, Any]:
    """What came of the inputs so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "inputs": sum(counts.values()),
        "outcomes": dict(counts),
        "findings": findings,
        "wall_s": round(time.monotonic() - start, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
    }


def keep(file: Path, reader: str, found: dict[str, Any]) -> None:
    """Add to what is known of other readers."""
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**known, reader: found}, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
