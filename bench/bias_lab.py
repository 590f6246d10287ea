"""The bias laboratory: biases planted in simulated and in real tiles, found, measured and removed.

    python bench/bias_lab.py train kept --seeds 0:100 --only clean,biased --part 0/2  # one of two processes
    python bench/bias_lab.py train kept --seeds 0:20 --only corner,label,sampling
    python bench/bias_lab.py scan kept --seeds 0:100 --only clean,biased,corner,label,sampling
    python bench/bias_lab.py report kept                                              # -> results/bias_lab.json

Studies are kept in a folder with all that the scan needs, so that another scan needs no training; what is already there
is not done again. ``nuclei`` (real tiles) needs the folder of real data (BIOX_SHARED_DATA). Settings were chosen on
seeds from 1000 upwards.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import bias_kept as kept
import bias_studies as studies
import torch
from bias_kept import Made
from bias_nuclei import ARTEFACTS, nuclei
from bias_scan import scanned
from bias_summary import summary

OUT = Path(__file__).parent / "results" / "bias_lab.json"

ARMS: dict[str, Callable[[int], Made]] = {
    "clean": studies.clean,
    "biased": studies.biased,
    **{f"corner {dose:g}": partial(studies.dosed, share=dose) for dose in studies.DOSES},
    "label": studies.label,
    "sampling": studies.sampling,
    "site": studies.site,
    "scanners": studies.scanners,
    "24 patients, site": partial(studies.site, patients=24),
    "24 patients, scanners": partial(studies.scanners, patients=24),
    **{f"nuclei {artefact}": partial(nuclei, artefact=artefact) for artefact in ARTEFACTS},
}


def jobs(only: str, seeds: range, part: str) -> Iterator[tuple[str, int]]:
    """The studies that were asked for, seed by seed; ``part`` k/n takes every n-th of them."""
    wanted = [arm for arm in ARMS if any(arm.startswith(word) for word in only.split(","))]
    every = [(arm, seed) for seed in seeds for arm in wanted]
    k, _, n = part.partition("/")
    yield from every[int(k) :: int(n)]


def train(folder: Path, work: Iterator[tuple[str, int]]) -> None:
    """Do the studies that the folder lacks, and keep what the scan needs."""
    for arm, seed in work:
        here = folder / arm / str(seed)
        if (here / kept.FIGURES).exists():
            continue
        start = time.perf_counter()
        made = ARMS[arm](seed)
        kept.write(here, kept.Made(made.figures | {"seconds": time.perf_counter() - start}, made.seen))


def scan(folder: Path, work: Iterator[tuple[str, int]], file: Path) -> None:
    """Scan the kept studies that the file lacks, one line each."""
    done = {(row["arm"], row["seed"]) for row in read(file)}
    for arm, seed in work:
        here = folder / arm / str(seed)
        if (arm, seed) in done or not (here / kept.FIGURES).exists():
            continue
        made = kept.read(here)
        record = {"arm": arm, "seed": seed, **made.figures, **{n: scanned(one) for n, one in made.seen.items()}}
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(record, default=kept.plain) + "\n")


def read(file: Path) -> list[dict[str, Any]]:
    """All lines that are there, the last one of each study."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    return list({(row["arm"], row["seed"]): row for row in rows}.values())


def main() -> None:
    """Train studies, scan those that were kept, or sum up those that were scanned."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "scan", "report"])
    parser.add_argument("folder", type=Path, help="where studies are kept; the lines of the scans are in scans.jsonl")
    parser.add_argument("--only", default=",".join(ARMS), help="beginnings of the names of studies")
    parser.add_argument("--seeds", default="0:20", help="first:last+1")
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="overflow encountered", category=RuntimeWarning)
    work = jobs(asked.only, range(*map(int, asked.seeds.split(":"))), asked.part)
    if asked.what == "train":
        train(asked.folder, work)
    elif asked.what == "scan":
        scan(asked.folder, work, asked.folder / "scans.jsonl")
    else:
        found = summary(read(asked.folder / "scans.jsonl"))
        asked.out.write_text(json.dumps(found, indent=1, default=kept.plain) + "\n", encoding="utf-8")
        print(json.dumps(found, indent=1, default=kept.plain))


if __name__ == "__main__":
    main()
