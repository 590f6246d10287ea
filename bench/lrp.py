"""How long relevance takes beside its peers: ``python bench/lrp.py`` writes ``bench/results/lrp.json`` and a table.

Every figure is the median of ratios of CPU time to that of forward + input gradient; the methods alternate in one
process with one thread, so that other work on the machine disturbs all of them alike.
"""

import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from biox import lrp

HERE = Path(__file__).parent
ROUNDS = 9
COMPOSITES = ("epsilon", "epsilon-plus-flat", "epsilon-gamma-box", "epsilon-alpha2-beta1")


def tests_module(name: str):
    """A module of tests/lrp, which holds the networks and the way to call zennit."""
    spec = importlib.util.spec_from_file_location(name, HERE.parent / "tests" / "lrp" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gradient(model: nn.Module, x: Tensor) -> Tensor:
    """Forward and input gradient: the unit of every figure."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(model(x)[:, 1].sum(), x)[0]


def zennit_pass(model: nn.Module, x: Tensor, composite) -> Tensor:
    """Relevance by zennit, hooks registered for each call as its users do."""
    x = x.detach().requires_grad_()
    with composite.context(model) as changed:
        output = changed(x)
        start = torch.zeros_like(output)
        start[:, 1] = output.detach()[:, 1]
        return torch.autograd.grad(output, x, start)[0]


def seconds(call: Callable[[], object]) -> float:
    """CPU time of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def compared(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median ratio of each call's time to that of the call named ``gradient``, measured turn by turn."""
    for call in calls.values():
        call()
    turns = [{name: seconds(call) for name, call in calls.items()} for _ in range(rounds)]
    return {name: statistics.median(turn[name] / turn["gradient"] for turn in turns) for name in calls}


def calls_for(model: nn.Module, x: Tensor, peers) -> dict[str, Callable[[], object]]:
    """Ours and zennit's for every composite, and the gradient."""
    calls: dict[str, Callable[[], object]] = {"gradient": lambda: gradient(model, x)}
    for name in COMPOSITES:
        theirs = peers.composite(name, 0.0, 1.0)
        calls[f"biox {name}"] = lambda name=name: lrp.relevance(model, x, 1, name, low=0.0, high=1.0)
        calls[f"zennit {name}"] = lambda theirs=theirs: zennit_pass(model, x, theirs)
    return calls


def main() -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    networks, peers = tests_module("networks"), tests_module("peers")
    cases = {
        "gait CNN b512": (networks.gait_cnn(), torch.rand(512, 6, 101)),
        "MLP-768 b4096": (
            nn.Sequential(nn.Linear(606, 768), nn.ReLU(), nn.Linear(768, 768), nn.ReLU(), nn.Linear(768, 2)),
            torch.rand(4096, 606),
        ),
    }
    results = {case: compared(calls_for(*made, peers), ROUNDS) for case, made in cases.items()}
    print("| ratio to forward + input gradient | " + " | ".join(cases) + " |\n|---|" + "---|" * len(cases))
    for name in next(iter(results.values())):
        print(f"| {name} | " + " | ".join(f"{results[case][name]:.2f}" for case in cases) + " |")
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    setting = {"torch": torch.__version__, "threads": 1, "rounds": ROUNDS, "python": sys.version.split()[0]}
    (folder / "lrp.json").write_text(json.dumps({"setting": setting, "median_ratio": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
