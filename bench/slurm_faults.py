"""Runs studies as Slurm jobs while jobs, nodes and the controller fail, and compares every byte with a local run.

    python -m bench.slurm_faults --config config --work /scratch/faults [--studies a,b] [--reference FOLDER] [--jobs 6]

``--config`` is a folder with ``config.yaml`` and study files; ``--reference`` a folder in which the workflow has run
locally with this code (it is made in ``WORK/local`` otherwise). Writes ``bench/results/slurm_faults.json`` and ``.md``.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import yaml

from bench.same_bytes import contents, different
from bench.slurm_queue import CONTROLLER, FAULTS, Fault, Seen, open_partitions, setting, worker
from bench.slurm_record import Struck, Watch, page

ROOT = Path(__file__).parent.parent
PARTITIONS = """partitions:
  cpu: { max_mem_mb: 8000, max_threads: 4 }
  gpu: { max_mem_mb: 8000, max_threads: 4, max_gpu: 1 }
"""
# So that jobs of a few seconds are not waited for as long as jobs of hours.
QUICK = [
    "--slurm-init-seconds-before-status-checks",
    "5",
    "--seconds-between-status-checks",
    "3",
    "--latency-wait",
    "10",
]


def snakemake(folder: Path, *words: str) -> list[str]:
    """The command for the workflow of this checkout in a folder."""
    start = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    return [*start, *words]


def local(folder: Path, cores: str) -> None:
    """The undisturbed run on this machine."""
    profile = str(ROOT / "workflow/profiles/default")
    with (folder / "run.log").open("w") as log:
        subprocess.run(
            snakemake(folder, "--profile", profile, "--cores", cores), stdout=log, stderr=log, env=own(), check=True
        )


def on_slurm(folder: Path, jobs: str, faults: Iterable[Fault]) -> tuple[int, list[Struck], Watch]:
    """The run as Slurm jobs, with faults: each strikes once, as soon as biox works on a job that it waits for."""
    (folder / "partitions.yaml").write_text(PARTITIONS)
    words = ["--profile", str(ROOT / "workflow/profiles/slurm"), "--jobs", jobs, *QUICK]
    run = f"faults-{os.getpid()}_"
    words += ["--slurm-jobname-prefix", run.rstrip("_")]
    words += ["--slurm-partition-config", str(folder / "partitions.yaml")]
    if "none" in setting("AccountingStorageType"):
        words += ["--slurm-status-command", "squeue"]
    open_partitions()
    CONTROLLER["pid"] = setting("SlurmctldPidFile")
    start, struck, watch = time.monotonic(), [], Watch(run)
    with (folder / "run.log").open("w") as log:
        process = subprocess.Popen(snakemake(folder, *words), stdout=log, stderr=log, env=own())
        try:
            watched(process, start, list(faults), struck, watch)
        finally:
            # It is still at work only where something went wrong here.
            process.terminate()
            process.wait()
    watch.look(time.monotonic() - start)
    for one in struck:
        one.jobs = watch.attempts(one.what)
    return process.returncode, struck, watch


def watched(process: subprocess.Popen, start: float, left: list[Fault], struck: list[Struck], watch: Watch) -> None:
    """Look at the queue every second until the run ends, and let faults strike and end."""
    mending: list[tuple[float, Fault, Seen, Struck]] = []
    touched: set[str] = set()
    while process.poll() is None or mending:
        now = time.monotonic() - start
        due = [one for one in mending if now >= one[0] or process.poll() is not None]
        for one in due:
            mending.remove(one)
            one[3].done.append(f"{now:.0f} s: {one[1].mend(one[2])}")
        # One disturbance of nodes or controller at a time, so that each is seen for itself.
        running = [seen for seen in watch.look(now) if seen.what not in touched and not mending]
        hit = next(((f, s) for f in left for s in running if re.match(f.at, s.what) and worker(s.job)), None)
        if hit is not None:
            fault, seen = hit
            left.remove(fault)
            touched.add(seen.what)
            picture = watch.pictures[-1][1]
            done = f"{now:.0f} s: {fault.strike(seen)}"
            struck.append(Struck(fault.name, round(now), seen.what, seen.job, seen.node, [done], picture))
            mending.append((now + fault.lasts_s, fault, seen, struck[-1]))
        time.sleep(1)


def own() -> dict[str, str]:
    """The environment in which jobs find this checkout's biox."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def prepared(config: Path, studies: str, folder: Path) -> Path:
    """A new folder with these study files, in which the workflow can run."""
    shutil.copytree(config, folder / "config")
    if studies:
        file = folder / "config/config.yaml"
        settings = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**settings, "studies": studies.split(",")}, sort_keys=False))
    return folder


def main() -> int:
    """Both runs, the comparison and the record; returns 0 where all faults struck and not one byte differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--studies", default="")
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--jobs", default="6")
    parser.add_argument("--cores", default="2")
    parser.add_argument("--out", type=Path, default=ROOT / "bench/results")
    options = parser.parse_args()
    reference = options.reference or prepared(options.config, options.studies, options.work.resolve() / "local")
    if options.reference is None:
        local(reference, options.cores)
    folder = prepared(options.config, options.studies, options.work.resolve() / "slurm")
    start = time.monotonic()
    code, struck, watch = on_slurm(folder, options.jobs, FAULTS)
    minutes = (time.monotonic() - start) / 60
    there = contents(reference)
    differ = different(contents(folder), there)
    missed = sorted({fault.name for fault in FAULTS} - {one.fault for one in struck})
    states = Counter(seen[-1].state for seen in watch.jobs.values())
    found = {
        "title": f"Faults on Slurm {setting('SLURM_VERSION')}: {', '.join(s.fault for s in struck)}",
        "summary": [
            f"Exit code {code} after {minutes:.1f} minutes and {len(watch.jobs)} Slurm jobs "
            f"({', '.join(f'{count} {state}' for state, count in states.items())}).",
            f"Files compared with the local run: {len(there)}; different or missing: {len(differ)}. "
            f"Faults that found no job: {', '.join(missed) or 'none'}.",
        ],
        "differ": differ,
        "struck": [asdict(one) for one in struck],
        "pictures": watch.pictures,
        "jobs": {job: [asdict(seen) for seen in states] for job, states in watch.jobs.items()},
    }
    (options.out / "slurm_faults.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.out / "slurm_faults.md").write_text(page(found))
    print("\n".join([found["title"], *found["summary"], *differ[:20]]))
    return int(bool(code or differ or missed))


if __name__ == "__main__":
    sys.exit(main())
