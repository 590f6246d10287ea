"""SpRAy beside CoRelAy in one process: ``python bench/spray.py`` (needs ``pip install corelay``).

10,000 heatmaps of 28 x 28 px: graph, eigenvectors and clusters by both in turn, on one thread, the same features in;
their time (of the processor, since other programs may run) as ratios, and whether the clusters are the same. Then, in
processes of their own, the same with a two-dimensional map, before and after numba has compiled umap-learn, and 100,000
heatmaps with their peak of memory. Writes ``bench/results/spray.json``.

``--only same``, ``map`` or ``memory`` measures one of these and keeps the other results.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from biox.concepts.flat_map import flat_map
from biox.concepts.neighbours import nearest
from biox.concepts.pooling import pooled
from biox.concepts.spray import spray

SIDE, GROUPS, NEIGHBOURS = 28, 8, 10
RESULTS = Path(__file__).parent / "results" / "spray.json"
# Each group's relevance is a spot of its own; how far spots wander within a group, in pixels.
WANDER = {"groups apart": 1.0, "groups that overlap": 2.5}


class Spots:
    """Heatmaps made as they are read: noise and one spot, whose usual place is its group's."""

    def __init__(self, samples: int, wander: float):
        self.shape = (samples, SIDE, SIDE)
        rng = np.random.default_rng(0)
        self.group = rng.integers(0, GROUPS, samples)
        usual = np.array([[5, 5], [5, 22], [22, 5], [22, 22], [14, 14], [5, 14], [22, 14], [14, 5]])
        self.place = usual[self.group] + rng.normal(0, wander, (samples, 2))

    def __getitem__(self, rows: slice) -> np.ndarray:
        y, x = (self.place[rows, i, None] for i in (0, 1))
        grid = np.arange(SIDE)
        spot = np.exp(-((grid - y) ** 2) / 8)[:, :, None] * np.exp(-((grid - x) ** 2) / 8)[:, None, :]
        noise = np.random.default_rng(rows.start).standard_normal(spot.shape, np.float32)
        return (spot + 0.2 * noise).astype(np.float32)


def by_corelay(features: np.ndarray, eigenvalues: int) -> np.ndarray:
    """CoRelAy's own pipeline as its documentation builds it; only the start of its k-means is fixed."""
    from corelay.pipeline.spectral import SpectralClustering
    from corelay.processor.affinity import SparseKNN
    from corelay.processor.clustering import KMeans
    from corelay.processor.embedding import EigenDecomposition

    pipeline = SpectralClustering(
        affinity=SparseKNN(n_neighbors=NEIGHBOURS, symmetric=True),
        embedding=EigenDecomposition(n_eigval=eigenvalues, is_output=True),
        clustering=KMeans(n_clusters=GROUPS, is_output=True, kwargs={"random_state": 0, "n_init": 10}),
    )
    return pipeline(features)[1]


def timed(function: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Processor time of this process in seconds, and the result."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def same(samples: int, repeats: int) -> list[dict]:
    """Both in turn on the same features; ratios of time, agreement of clusters."""
    found = []
    for kind, wander in WANDER.items():
        maps = Spots(samples, wander)
        features = pooled(maps, SIDE)
        for eigenvalues in (GROUPS, 32):
            seconds = []
            for _ in range(repeats):
                # Ours looks at one eigenvalue more than there are clusters, to see the gap.
                wanted = max(eigenvalues, GROUPS + 1)
                ours, mine = timed(lambda f=features, e=wanted: spray(f, eigenvalues=e, count=GROUPS, seed=0).cluster)
                theirs, peers = timed(lambda f=features, e=eigenvalues: by_corelay(f, e))
                seconds.append((ours, theirs))
                print(kind, eigenvalues, round(ours, 2), round(theirs, 2), flush=True)
            agreement = {
                "ours and CoRelAy": adjusted_rand_score(mine, peers),
                "ours and truth": adjusted_rand_score(mine, maps.group),
                "CoRelAy and truth": adjusted_rand_score(peers, maps.group),
            }
            found.append(
                {
                    "heatmaps": f"{samples} of {SIDE} x {SIDE}, {kind}",
                    "eigenvalues": eigenvalues,
                    "count by eigengap": spray(features, seed=0).count,
                    "ours_s": [round(o, 2) for o, _ in seconds],
                    "corelay_s": [round(t, 2) for _, t in seconds],
                    "times_faster": round(statistics.median(t / o for o, t in seconds), 1),
                    "samples that differ": int((best_match(mine, peers) != mine).sum()),
                    "adjusted Rand index": {name: round(value, 5) for name, value in agreement.items()},
                }
            )
    return found


def best_match(reference: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """The clusters under the names of the reference that they share most samples with."""
    shared = np.zeros((GROUPS, GROUPS), int)
    np.add.at(shared, (cluster, reference), 1)
    return shared.argmax(1)[cluster]


def with_map(samples: int) -> dict:
    """Everything from heatmaps to the drawn map, once."""
    start, wall = time.process_time(), time.time()
    features = pooled(Spots(samples, WANDER["groups apart"]), SIDE)
    found = spray(features, seed=0)
    clustered = time.process_time() - start
    drawn = flat_map(found, seed=0)
    return {
        "method": drawn.method,
        "clusters": found.count,
        "graph_to_clusters_cpu_s": round(clustered, 1),
        "all_cpu_s": round(time.process_time() - start, 1),
        "all_wall_s": round(time.time() - wall, 1),
    }


def memory(samples: int) -> dict:
    """Time and peak memory of many heatmaps, read a few at a time; and the share of true neighbours found."""
    before, start, wall = peak_mb(), time.process_time(), time.time()
    maps = Spots(samples, WANDER["groups apart"])
    features = pooled(maps, SIDE)
    found = spray(features, count=GROUPS, seed=0)
    record = {
        "samples": samples,
        "exact": found.neighbours.exact,
        "cpu_s": round(time.process_time() - start, 1),
        "wall_s": round(time.time() - wall, 1),
        "peak_mb": round(peak_mb()),
        "peak_mb_before": round(before),
        "features_mb": round(features.nbytes / 2**20),
        "adjusted Rand index with truth": round(adjusted_rand_score(found.cluster, maps.group), 5),
    }
    if not found.neighbours.exact:
        record["true_neighbours"] = round(recall(features, found.neighbours.index), 4)
    return record


def recall(features: np.ndarray, index: np.ndarray) -> float:
    """Share of true neighbours found, of 200 samples."""
    chosen = np.random.default_rng(0).permutation(len(features))[:200]
    shared = []
    for row in chosen:
        far = np.linalg.norm(features - features[row], axis=1)
        far[row] = np.inf
        shared.append(len(np.intersect1d(np.argsort(far)[:NEIGHBOURS], index[row])))
    return float(np.mean(shared)) / NEIGHBOURS


def corelay_memory(samples: int) -> dict:
    """Peak memory of CoRelAy."""
    features = pooled(Spots(samples, WANDER["groups apart"]), SIDE)
    by_corelay(features, GROUPS)
    return {"samples": samples, "peak_mb": round(peak_mb())}


def peak_mb() -> float:
    """The most memory that this process has held, in MB (Linux); getrusage would count its parent's before exec."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def alone(part: str, samples: int, cache: str) -> dict:
    """A part in a process of its own, on one thread, with numba's cache in this folder."""
    command = [sys.executable, __file__, "--part", part, "--samples", str(samples)]
    env = os.environ | {"NUMBA_CACHE_DIR": cache, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    record = json.loads(done.stdout.splitlines()[-1])
    print(part, record, flush=True)
    return record


def measured(only: str, samples: int, repeats: int) -> dict:
    """One of the three questions: same clusters in what time, with a map, in what memory."""
    if only == "same":
        with threadpool_limits(1):
            nearest(np.random.default_rng(0).standard_normal((500, 9)), NEIGHBOURS, seed=0)  # what is loaded once
            return {"threads": 1, "beside CoRelAy, in turn": same(samples, repeats)}
    with tempfile.TemporaryDirectory() as cache:
        if only == "map":
            before, after = (alone("map", samples, cache) for _ in range(2))
            return {"with map, umap-learn not yet compiled": before, "with map, compiled before": after}
        found = [alone("memory", n, cache) for n in (samples, 2 * samples, 100_000)]
        return {"memory": found, "memory of CoRelAy": alone("corelay-memory", samples, cache)}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=["same", "map", "memory"], help="measure this, keep the other results")
    parser.add_argument("--part", choices=["map", "memory", "corelay-memory"], help="used by this program itself")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    parts = {"map": with_map, "memory": memory, "corelay-memory": corelay_memory}
    if given.part:
        with threadpool_limits(1):
            print(json.dumps(parts[given.part](given.samples)))
        return
    record = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for only in (given.only,) if given.only else ("same", "map", "memory"):
        record |= measured(only, given.samples, given.repeats)
        RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
