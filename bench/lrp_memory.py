"""Peak memory above the model and its input, of one call in a process of its own.

    python bench/lrp_memory.py resnet18 cpu

On a CPU every allocation and release that torch reports to its profiler is added up, in the very first call, so that
nothing that a package keeps is overlooked. (The resident-set peak of a second call stands beside it as a check: the two
agree to a percent when glibc gives memory back at once, which MALLOC_MMAP_THRESHOLD_ makes it do.) Each call has a
process of its own, forked before anything was explained. On a GPU it is the peak of torch's allocator.
"""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from lrp_calls import Call, gradient
from lrp_measure import FAILURES, UNIT, methods, refused
from lrp_models import CASES, HIGH, LOW, built
from lrp_peers import PACKAGES
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile


def counted(call: Call, x: Tensor) -> int:
    """Bytes at the peak of one call."""
    if x.is_cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call(x)
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        result = call(x)
    del result
    assert seen.profiler is not None
    events = [event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def resident(call: Call, x: Tensor) -> int | None:
    """Growth of the resident set at the peak of one call; None where the system does not tell."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
        before = _status("VmRSS")
        call(x)
        return _status("VmHWM") - before
    except (OSError, KeyError):
        return None


def _status(key: str) -> int:
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1] == "kB"}[key]


def probe(model: nn.Module, x: Tensor, method: str) -> dict:
    """Peak bytes of one method, or why there are none."""
    package, name = method.rsplit(" ", 1) if method != UNIT else ("", "")
    try:
        call = PACKAGES[package](model, (name,), LOW, HIGH)[name] if package else partial(gradient, model)
        return {"bytes": counted(call, x), "resident": resident(call, x)}
    except FAILURES as error:
        return {"refused": refused(error).reason}


def probes(key: str, device: str) -> Iterator[tuple[str, dict]]:
    """All methods of a model in turn; on a CPU each in a fork of this process."""
    torch.set_num_threads(1)  # a fork has no other thread of its parent's
    model, x = (part.to(device) for part in built(CASES[key]))
    names = [UNIT, *(f"{package} {name}" for package, all_ in methods(CASES[key]).items() for name in all_)]
    for name in names:
        if name.startswith("biox compiled"):
            continue  # a compiled program takes its buffers in ways that are not reported alike
        yield name, probe(model, x, name) if device == "cuda" else forked(partial(probe, model, x, name))


def forked(work: partial) -> dict:
    """What the work gives, done in a fork of this process."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()

    def send() -> None:
        there.send(work())

    child = fork.Process(target=send)
    child.start()
    there.close()  # so that a child that dies is noticed
    found = here.recv()
    child.join()
    return found


def memory(key: str, device: str) -> dict[str, dict]:
    """Peak of each method, and its ratio to the gradient's, measured in a new process."""
    ran = subprocess.run(
        [sys.executable, __file__, key, device],
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise RuntimeError(f"The memory of {key} could not be measured:\n{ran.stderr}")
    found = json.loads(ran.stdout.strip().splitlines()[-1])
    for one in found.values():
        if "bytes" in one:
            one["ratio"] = round(one["bytes"] / found[UNIT]["bytes"], 3)
    return found


if __name__ == "__main__":
    print(json.dumps(dict(probes(*sys.argv[1:3]))))
