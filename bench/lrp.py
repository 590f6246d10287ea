"""What relevance costs beside its peers and beside a gradient, in time and in memory.

    python bench/lrp.py                                          everything (an hour or two on a quiet machine)
    python bench/lrp.py --models gait_cnn,mlp --rounds 3 --only speed --threads 1

writes ``bench/results/lrp.json``, into which the models of a partial run are merged, and from it ``docs/lrp-speed.md``.

It needs the extras, and two packages without their own requirements: zennit-crp wants an old zennit, and lxt brings
much that its part for vision does not use. torchvision wants one exact torch; where yours is another build, install it
alone and first. Its compiled part may then not load, which no model here minds.

    pip install --constraint constraints.txt --no-deps torchvision
    pip install --constraint constraints.txt --editable '.[test,bench]'
    pip install --constraint constraints.txt --no-deps lxt zennit-crp

What is not installed is written down as refused.
"""

import argparse
import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import torch
from lrp_measure import speed
from lrp_memory import memory
from lrp_models import CASES
from lrp_table import markdown
from lrp_targets import several_targets

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "lrp.json"
PAGE = ROOT / "docs" / "lrp-speed.md"
PARTS = ("speed", "memory", "targets")
WITH_TARGETS = ("resnet18", "vgg16", "vit_b_16")
PEERS = ("torch", "torchvision", "zennit", "zennit-crp", "captum", "lxt")


def machine(device: torch.device) -> dict:
    """What the figures depend on; no name of any host."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    processor = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    if device.type == "cuda":
        processor = f"{torch.cuda.get_device_name(device)} ({processor})"
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "packages": {"python": platform.python_version()} | versions(),
    }


def versions() -> dict[str, str]:
    """Of the packages that are compared, where they are installed."""
    found = {}
    for name in PEERS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def settings(threads: Sequence[int]) -> list[tuple[str, torch.device, torch.dtype, int]]:
    """Where to measure: the CPU with each number of threads, and a GPU if there is one."""
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    found = [(f"CPU, {n} thread{'s' * (n > 1)}", cpu, torch.float32, n) for n in threads]
    if torch.cuda.is_available():
        found += [("GPU, float32", gpu, torch.float32, 1), ("GPU, bfloat16", gpu, torch.bfloat16, 1)]
    return found


def write(part: str, setting: str, title: str, record: dict, results: Path = RESULTS, page: Path = PAGE) -> None:
    """Put one model's figures into the results, in the order of the models, and write the page again."""
    known = json.loads(results.read_text()) if results.exists() else {}
    found = {name: known.get(name, {}) for name in PARTS}
    models = found[part].setdefault(setting, {})
    models[title] = record
    order = [case.title for case in CASES.values()]
    found[part][setting] = {name: models[name] for name in sorted(models, key=order.index)}
    results.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps(found, indent=1) + "\n")
    page.write_text(markdown(found))


def measure(keys: Sequence[str], parts: Sequence[str], threads: Sequence[int], rounds: int) -> None:
    """All that was asked for, written as it comes."""
    for setting, device, dtype, count in settings(threads):
        torch.set_num_threads(count)
        facts = {"rounds": rounds, "machine": machine(device)}
        for key in keys:
            title = CASES[key].title
            if "speed" in parts:
                found = speed(key, rounds, device, dtype)
                report("speed", setting, title, found)
                write("speed", setting, title, facts | {"methods": found})
            if "targets" in parts and key in WITH_TARGETS and dtype == torch.float32 and count == 1:
                found = several_targets(key, max(rounds // 2, 1), device, 16)
                report("targets", setting, title, found)
                write("targets", setting, title, facts | {"rounds": max(rounds // 2, 1), "methods": found})
            if "memory" in parts and dtype == torch.float32 and count == 1:
                found = memory(key, device.type)
                report("memory", device.type.replace("cuda", "gpu").upper(), title, found)
                write(
                    "memory", device.type.replace("cuda", "gpu").upper(), title, facts | {"rounds": 1, "methods": found}
                )


def report(part: str, setting: str, title: str, found: dict[str, dict]) -> None:
    """One line a method on the screen."""
    for name, one in found.items():
        share = "".join(f"  {word} {one[word]:.4g}" for word in ("kept", "differs") if word in one)
        said = f"refused: {one['refused']}" if "refused" in one else f"{one['ratio']:.2f}{share}"
        print(f"{part} | {setting} | {title} | {name} | {said}", flush=True)


def listed(known: Sequence[str]):
    """A reader of comma-separated words for argparse."""

    def read(text: str) -> list[str]:
        words = text.split(",")
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(f"there is no {word!r}; known are {', '.join(known)}")
        return words

    return read


def main() -> None:
    """Read the command line and measure."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--models", type=listed(tuple(CASES)), default=list(CASES), help=", ".join(CASES))
    ask.add_argument("--only", type=listed(PARTS), default=list(PARTS), help=", ".join(PARTS))
    ask.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    ask.add_argument("--rounds", type=int, default=7)
    given = ask.parse_args()
    measure(given.models, given.only, given.threads, given.rounds)


if __name__ == "__main__":
    main()
