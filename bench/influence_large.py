"""A large graph study from table to graphs through the command line, with the time and peak memory of every verb."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

PROTEINS, SAMPLES = 2000, 1000
STUDY = """
name: large
title: A large table
question: Does it stay within memory?
domain: proteomics
data: {source: table, file: table.parquet}
folds: {count: 3}
model: {name: masked_mlp, width: 0.25}
training: {epochs: 20, batch: 100, patience: 20}
graph: {masks: 8, nulls: 0, seeds: 0, top: 50, products: bfloat16, baselines: [pearson]}
"""


def large() -> dict[str, object]:
    """Seconds and peak resident memory (MB) of every verb, for PROTEINS and a quarter of them."""
    return {str(proteins): _whole(proteins) for proteins in (PROTEINS // 4, PROTEINS)}


def _whole(proteins: int) -> dict[str, dict[str, float]]:
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "large.yaml").write_text(STUDY, encoding="utf-8")
        rng = np.random.default_rng(0)
        factors = rng.normal(size=(SAMPLES, 40)) @ rng.normal(size=(40, proteins)) * 0.3
        table = pd.DataFrame(factors + rng.normal(size=factors.shape), columns=[f"P{k}" for k in range(proteins)])
        table.insert(0, "sample", [f"s{k}" for k in range(SAMPLES)])
        table.to_parquet(folder / "table.parquet")
        root = "results/large"
        steps = [("ingest", f"{root}/cohort", [])]
        for fold in range(3):
            steps.append(("train", f"{root}/fold-{fold}/fit", ["--fold", str(fold)]))
            explain = ["--fold", str(fold), "--method", "lrp"]
            steps.append(("influence", f"{root}/fold-{fold}/influence-lrp/shard-0", explain))
        steps += [("baselines", f"{root}/baselines", []), ("graphs", f"{root}/graphs", [])]
        steps += [("validate", f"{root}/evidence", []), ("report", "reports/large/index.html", [])]
        for verb, out, more in steps:
            seconds, peak = _run(folder, [verb, "large.yaml", *more, "--out", out])
            before = found.get(verb, {"seconds": 0.0, "peak MB": 0.0})
            found[verb] = {
                "seconds": round(before["seconds"] + seconds, 1),
                "peak MB": round(max(before["peak MB"], peak)),
            }
            print(proteins, verb, found[verb], flush=True)
    return found


def _run(folder: Path, words: list[str]) -> tuple[float, float]:
    """Seconds and peak memory of one command; its children are all there are, so the largest is asked for anew."""
    measure = (
        "import json, resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); "
        "print(json.dumps([done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))"
    )
    command = [sys.executable, "-c", measure, sys.executable, "-m", "biox.cli", *words]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "TQDM_DISABLE": "1"})
    code, peak = json.loads(done.stdout.strip().splitlines()[-1])
    if code:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr}")
    return time.perf_counter() - start, peak
