"""How memory grows while relevance is streamed: ``python bench/streaming.py [SAMPLES]``.

Explains so many samples of the size of a gait cycle (6 channels, 101 points; 100,000 by default) with the gait CNN,
from one zarr array on disk into another. Writes ``bench/results/streaming.json``: the resident memory of the process
after each batch, which must not depend on how many there were.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import zarr
from lrp_calls import tests_module
from torch import Tensor

from biox import lrp

CHUNK = 1000


def resident() -> float:
    """Resident memory of this process now, in MB (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def stored(path: Path, samples: int) -> zarr.Array:
    """Random curves on disk."""
    array = zarr.create_array(str(path), shape=(samples, 6, 101), chunks=(CHUNK, 6, 101), dtype="float32")
    for start in range(0, samples, CHUNK):
        rows = min(CHUNK, samples - start)
        array[start : start + rows] = torch.rand(rows, 6, 101).numpy()
    return array


def watched(batches: Iterator[Tensor], found: list[tuple[int, float]]) -> Iterator[Tensor]:
    """The same batches; notes how many samples were done, and the memory then."""
    done = 0
    for batch in batches:
        done += len(batch)
        found.append((done, round(resident(), 1)))
        yield batch


def main() -> None:
    """Measure, print and write."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = tests_module("networks").gait_cnn().eval()
    found: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        x = stored(Path(folder) / "x.zarr", samples)
        out = zarr.create_array(f"{folder}/r.zarr", shape=x.shape, chunks=(CHUNK, 6, 101), dtype="float32")
        start, row = time.process_time(), 0
        for batch in watched(lrp.relevance_batches(model, x, 1, "epsilon-plus-flat"), found):
            out[row : row + len(batch)] = batch.numpy()
            row += len(batch)
        seconds = time.process_time() - start
    tenth = samples / 10
    first, last = (
        [mb for done, mb in found if wanted(done)] for wanted in (lambda n: n <= tenth, lambda n: n > 9 * tenth)
    )
    record = {
        "samples": samples,
        "batch": found[0][0],
        "cpu_seconds": round(seconds, 1),
        "resident_mb": {"first tenth, at most": max(first), "last tenth, at most": max(last)},
        "course": found[:: max(1, len(found) // 20)],
    }
    print(json.dumps(record, indent=1))
    (Path(__file__).parent / "results" / "streaming.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
