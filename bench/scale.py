"""How time and memory grow with the samples: every step of a study in each domain, with n, 2n and 4n samples.

    python -m bench.scale FOLDER [gait histology proteomics]    # writes bench/results/scale.json

One process a domain runs every step in turn, first the smallest study once for nothing, so that all packages are
loaded. CPU seconds, of children too, so that a busy machine disturbs little; steps that run once a fold are measured in
all three, and the median is given. ``ratio``: seconds at the largest size over those at half of it. ``rise``: what the
last doubling added over what the first one added; 2 where time is a constant and a share that grows with the samples, 4
where it grows with their square. ``mb``: by how much the resident memory rose at most during the step.
"""

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from bench import scale_studies
from biox import cli

RESULT = Path(__file__).parent / "results" / "scale.json"
EACH_FOLD = ("train", "attribute", "influence", "trust")


def main(folder: Path, domains: list[str]) -> None:
    """Measure domain by domain; what was measured before stays in the result."""
    for domain in domains:
        subprocess.run([sys.executable, "-m", "bench.scale", "--one", str(folder.resolve()), domain], check=True)


def one_domain(folder: Path, domain: str) -> None:
    """All sizes of one domain, in this process."""
    measured: dict[int, dict[str, Any]] = {}
    first = scale_studies.SIZES[domain][0]
    for place, size in enumerate((first, *scale_studies.SIZES[domain])):
        measured[size] = study_run(folder / f"{domain}-{place}-{size}", domain, size)
        print(domain, size, json.dumps(measured[size]), flush=True)
    kept = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    kept[domain] = {"unit of size": scale_studies.UNITS[domain], "steps": grown(measured)}
    RESULT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def study_run(folder: Path, domain: str, size: int) -> dict[str, Any]:
    """Every step of one study: its CPU seconds and memory."""
    (folder / "config").mkdir(parents=True, exist_ok=True)
    given = scale_studies.study(domain, size)
    (folder / "config" / f"{domain}.yaml").write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
    os.chdir(folder)
    found = {}
    for verb, words, out in scale_studies.steps(domain):
        runs = []
        for fold in range(scale_studies.FOLDS) if verb in EACH_FOLD else (None,):
            which = [] if fold is None else ["--fold", str(fold)]
            runs.append(command([verb, domain, *which, *words, "--out", out.replace("FOLD", str(fold))]))
        cpu = round(statistics.median(seconds for seconds, _ in runs), 3)
        found[verb] = {"cpu": cpu, "mb": round(max(mb for _, mb in runs))}
    return found


def command(words: list[str]) -> tuple[float, float]:
    """CPU seconds of one command, and the MB by which memory rose; a command that fails ends the benchmark."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest memory is counted anew from here
    before, start = _memory("VmRSS"), _cpu()
    code = cli.main(words)
    if code:
        raise SystemExit(f"{' '.join(words)} ended with {code}")
    return _cpu() - start, _memory("VmHWM") - before


def _memory(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def _cpu() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + spent.ru_utime + spent.ru_stime


def grown(measured: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """By step: seconds and memory at every size, the ratio of the last doubling, and the rise."""
    sizes = sorted(measured)
    found = {}
    for verb in measured[sizes[0]]:
        cpu = [measured[size][verb]["cpu"] for size in sizes]
        added = [after - before for before, after in pairwise(cpu)]
        found[verb] = {
            "cpu_s": dict(zip(map(str, sizes), cpu, strict=True)),
            "mb": {str(size): measured[size][verb]["mb"] for size in sizes},
            "ratio": round(cpu[-1] / cpu[-2], 2),
            # Steps that a doubling slows by less than a tenth of a second say nothing about their growth.
            "rise": round(added[1] / added[0], 2) if added[0] > 0.1 else None,
        }
    return found


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        one_domain(Path(sys.argv[2]), sys.argv[3])
    else:
        main(Path(sys.argv[1]), sys.argv[2:] or list(scale_studies.SIZES))
