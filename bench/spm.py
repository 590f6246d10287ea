"""Shuffling tests against spm1d: the time for equally many dealings, and both p values.

Alternating in one process on one thread; ratio of medians. "statistics" times spm1d's loop over dealings alone,
"inference" its whole call with clusters (not possible for repeated measures: spm1d 0.4.55 calls np.percentile in a
way numpy 2.4 refuses).
Run: OMP_NUM_THREADS=1 python bench/spm.py  (writes bench/results/spm.json)
"""

import json
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy
import spm1d
from scipy.ndimage import gaussian_filter1d

from biox.stats import permutation

ITERATIONS = 1000
REPEATS = 7
DESIGNS = {
    "two_sample_t, 20 + 20 people": ("two_sample_t", (20, 20)),
    "two_sample_t, 62 + 132 people": ("two_sample_t", (62, 132)),
    "anova, 20 + 20 + 20 people": ("anova", (20, 20, 20)),
    "paired_t, 20 people": ("paired_t", (20, 20)),
    "rm_anova, 10 people x 3": ("rm_anova", (10, 10, 10)),
}


def curves(rng: np.random.Generator, people: int) -> np.ndarray:
    """Smooth noise, shape (people, 101)."""
    return gaussian_filter1d(rng.normal(size=(people, 165)), 8, axis=1)[:, 32:133]


def spm1d_test(name: str, samples: list[np.ndarray]):
    """The spm1d object of a design."""
    nonparam = spm1d.stats.nonparam
    if name == "two_sample_t":
        return nonparam.ttest2(*samples)
    if name == "paired_t":
        return nonparam.ttest_paired(*samples)
    group = np.repeat(np.arange(len(samples)), len(samples[0]))
    if name == "anova":
        return nonparam.anova1(np.concatenate(samples), group)
    return nonparam.anova1rm(np.concatenate(samples), group, np.tile(np.arange(len(samples[0])), len(samples)))


def spm1d_statistics(name: str, samples: list[np.ndarray]) -> np.ndarray:
    """The largest statistic of every dealing."""
    test = spm1d_test(name, samples)
    if name == "rm_anova":
        test.permuter.build_pdf(ITERATIONS)
        return test.permuter.Z
    test.mgr.permute(ITERATIONS)
    return np.abs(test.mgr.ZZ).max(1)


def spm1d_inference(name: str, samples: list[np.ndarray]) -> None:
    """Thresholds and clusters, as its users call it."""
    options = {"two_tailed": True} if name.endswith("_t") else {}
    spm1d_test(name, samples).inference(0.05, iterations=ITERATIONS, **options)


def seconds(call: Callable[[], object]) -> float:
    """Time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compared(name: str, sizes: tuple[int, ...]) -> dict[str, float]:
    """Median times of both, their ratios, and both p values."""
    rng = np.random.default_rng(0)
    samples = [curves(rng, n) for n in sizes]
    samples[0] = samples[0] + 2 * samples[0].std() * np.sqrt(1 / sizes[0] + 1 / sizes[1])
    ours = getattr(permutation, name)
    runs = {
        "biox": lambda: ours(*samples, iterations=ITERATIONS, seed=0),
        "spm1d statistics": lambda: spm1d_statistics(name, samples),
    }
    if name != "rm_anova":
        runs["spm1d inference"] = lambda: spm1d_inference(name, samples)
    times = {key: [] for key in runs}
    for _ in range(REPEATS):
        for key, call in runs.items():
            times[key].append(seconds(call))
    row = {f"{key} (s)": float(np.median(t)) for key, t in times.items()}
    row |= {f"ratio to {key}": row[f"{key} (s)"] / row["biox (s)"] for key in list(runs)[1:]}
    height = np.abs(ours(*samples, iterations=ITERATIONS, seed=0).statistic).max()
    row["p biox"] = ours(*samples, iterations=100_000, seed=0).p
    row["p spm1d"] = float((spm1d_statistics(name, samples) >= height).mean())
    return row


def main() -> None:
    """Measure, print and write."""
    warnings.filterwarnings("ignore", category=UserWarning)
    np.random.seed(0)  # noqa: NPY002 - spm1d draws from the global generator
    table = {label: compared(*design) for label, design in DESIGNS.items()}
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    found = {"iterations": ITERATIONS, "repeats": REPEATS, "versions": versions, "designs": table}
    path = Path(__file__).parent / "results" / "spm.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    for label, row in table.items():
        print(f"{label:32s}", "  ".join(f"{key} {value:.4g}" for key, value in row.items()))


if __name__ == "__main__":
    main()
