"""How time and memory grow with the samples: every step of a study in each domain, with n, 2n and 4n samples.

    python -m bench.scale FOLDER [gait histology proteomics]    # writes bench/results/scale.json

CPU seconds of a step's process after its packages are loaded, children included, so that a busy machine disturbs
little; steps that run once a fold are measured in all three, and the median is given. ``ratio``: seconds at the size
over those at half of it. ``rise``: what the last doubling added over what the first one added; 2 where time is a
constant and a share that grows with the samples, 4 where it grows with their square. ``mb``: the highest resident
memory of the process.
"""

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

RESULT = Path(__file__).parent / "results" / "scale.json"
EACH_FOLD = ("train", "attribute", "influence", "trust")
# Loaded before the clock starts: a step's own work is asked about, not the second that torch takes to load.
LOADED = (
    *(
        "biox.commands",
        "biox.explaining",
        "biox.graphing",
        "biox.reporting",
        "biox.steps.train",
        "biox.steps.graph_train",
    ),
    *("biox.steps.attribute", "biox.steps.influence", "biox.steps.trust_cases", "biox.steps.trust_graph"),
    *("biox.steps.validate", "biox.steps.graphs", "biox.steps.baselines", "biox.steps.report", "biox.steps.ingest"),
    *("biox.core.graph_store", "biox.core.store", "sklearn.linear_model", "captum.attr", "spm1d"),
)


def main(folder: Path, domains: list[str]) -> None:
    """Measure domain by domain; what was measured before stays in the result."""
    kept = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    for domain in domains:
        measured: dict[int, dict[str, Any]] = {}
        for size in scale_studies.SIZES[domain]:
            measured[size] = study_run(folder / f"{domain}-{size}", domain, size)
            print(domain, size, measured[size], flush=True)
        kept[domain] = {"unit of size": scale_studies.UNITS[domain], "steps": grown(measured)}
        RESULT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def study_run(folder: Path, domain: str, size: int) -> dict[str, Any]:
    """Every step of one study: its CPU seconds and memory."""
    (folder / "config").mkdir(parents=True, exist_ok=True)
    given = scale_studies.study(domain, size)
    (folder / "config" / f"{domain}.yaml").write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
    found = {}
    for verb, words, out in scale_studies.steps(domain):
        folds = range(scale_studies.FOLDS) if verb in EACH_FOLD else (None,)
        runs = []
        for fold in folds:
            which = [] if fold is None else ["--fold", str(fold)]
            place = out.replace("FOLD", str(fold))
            runs.append(child(folder, [verb, domain, *which, *words, "--out", place]))
        cpu = round(statistics.median(run["cpu"] for run in runs), 3)
        found[verb] = {"cpu": cpu, "mb": round(max(run["mb"] for run in runs))}
    return found


def child(folder: Path, words: list[str]) -> dict[str, float]:
    """One command in a process of its own; a command that fails ends the benchmark."""
    command = [sys.executable, "-m", "bench.scale", "--child", *words]
    root = str(Path(__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} in {folder} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measured_here(words: list[str]) -> None:
    """Run a command in this process and print what it took."""
    import importlib

    from biox import cli

    for name in LOADED:
        importlib.import_module(name)
    start = _cpu()
    code = cli.main(words)
    taken = _cpu() - start
    mb = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(json.dumps({"cpu": taken, "mb": mb}))
    sys.exit(code)


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
    if sys.argv[1] == "--child":
        measured_here(sys.argv[2:])
    main(Path(sys.argv[1]), sys.argv[2:] or list(scale_studies.SIZES))
