"""Fuzz every reader: damaged files in, and only an InputError or a valid result may come out.

    nice -n 19 python -m bench.fuzz.campaign --seconds 600 --beside 4 --folder /tmp/fuzz       all readers
    python -m bench.fuzz.campaign --seconds 600 --folder /tmp/fuzz --only c3d slides           some

writes what came of it to ``--out`` (``bench/results/fuzz.json``), beside what was found of other readers before. Each
reader runs in processes of its own (``bench.fuzz.child``); one that a native library ends is a finding, and the next
process goes on with the next input. To see one input again: ``python -m bench.fuzz.again READER NUMBER``.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from bench.fuzz.child import quietly
from bench.fuzz.targets import targets

# An input that takes longer hangs, in processor time or, where it waits for something, on the clock.
STILL_CPU_S, STILL_S = 60, 900
# Children are forked from one process that has imported every reader and done nothing else.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["bench.fuzz.loaded"])
OUT = Path(__file__).parents[1] / "results" / "fuzz.json"


def reader(name: str, seconds: float, folder: Path) -> dict[str, Any]:
    """Fuzz one reader for so many seconds on the clock."""
    own = folder / name
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    start, first, crashes = time.monotonic(), 0, []
    while (left := seconds - (time.monotonic() - start)) > 1:
        ended = _watched(name, first, left, own)
        at = int((own / "now").read_text()) if (own / "now").exists() else first
        shutil.rmtree(own / "work", ignore_errors=True)
        if ended == 0:
            break
        crashes.append({"input": at, "how": ended if isinstance(ended, str) else _signal(ended)})
        if not (own / "now").exists() or len(crashes) > 200:
            break
        first = at + 1
    return _summed(own, crashes, time.monotonic() - start)


def _watched(name: str, first: int, seconds: float, folder: Path) -> int | str:
    """Run a child to its end; one that computes at the same input without end, or waits without end, is stopped."""
    child = CONTEXT.Process(target=quietly, args=(name, first, seconds, folder))
    child.start()
    seen, since, before = "", time.monotonic(), 0.0
    while child.is_alive():
        child.join(0.5)
        now = (folder / "now").read_text() if (folder / "now").exists() else ""
        used = _cpu_s(child.pid)
        if now != seen:
            seen, since, before = now, time.monotonic(), used
        elif used - before > STILL_CPU_S or time.monotonic() - since > STILL_S:
            child.kill()
            child.join()
            return f"hangs: not read after {used - before:.0f} s of processor time"
    return child.exitcode or 0


def _cpu_s(process: int | None) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _signal(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _summed(folder: Path, crashes: list[dict], wall_s: float) -> dict[str, Any]:
    parts = [json.loads(file.read_text()) for file in sorted(folder.glob("part-*.json"))]
    counts: Counter[str] = Counter()
    findings: dict[str, dict] = {}
    for part in parts:
        counts.update(part["counts"])
        for key, one in part["findings"].items():
            words = one["words"].strip().split("\n")[-1].replace(str(folder), "")  # no path of this machine
            kept = findings.setdefault(key, {**one, "count": 0, "words": words})
            kept["count"] += one["count"]
    return {
        "wall_s": round(wall_s, 1),
        "cpu_s": round(sum(part["cpu_s"] for part in parts), 1),
        "inputs": sum(counts.values()) + len(crashes),
        "outcomes": dict(counts) | ({"crash": len(crashes)} if crashes else {}),
        "crashes": crashes[:20],
        "findings": findings,
        "peak_mb": max((part["peak_mb"] for part in parts), default=0),
    }


def main() -> None:
    """Fuzz the readers, some side by side, and keep what came of them."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seconds", type=float, default=600)
    words.add_argument("--beside", type=int, default=2, help="readers at the same time")
    words.add_argument("--folder", type=Path, required=True, help="for inputs and logs")
    words.add_argument("--out", type=Path, default=OUT)
    words.add_argument("--only", nargs="*", help="some readers; left out, all")
    options = words.parse_args()
    names = options.only or list(targets())

    one_at_a_time = Lock()

    def run(name: str) -> None:
        found = reader(name, options.seconds, options.folder)
        with one_at_a_time:
            known = json.loads(options.out.read_text()) if options.out.exists() else {}
            options.out.write_text(json.dumps({**known, name: found}, indent=1, sort_keys=True) + "\n")
        print(name, found["inputs"], found["outcomes"], flush=True)

    with ThreadPoolExecutor(options.beside) as threads:
        list(threads.map(run, names))


if __name__ == "__main__":
    main()
