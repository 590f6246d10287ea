"""Time, kept relevance and memory of calls that explain a model.

Time: all calls alternate in one process, in an order that turns from round to round, and each is compared with the
gradient of its own round, so that other work on the machine disturbs all alike. On a CPU it is CPU time (all threads
together; the wall time's ratio stands beside it), on a GPU wall time with synchronisation.
"""

import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
import torch
from lrp_calls import TARGET, Call, gradient
from lrp_models import AS_LXT, CASES, CONVOLUTIONAL, HIGH, LOW, Case, built, without_biases
from lrp_peers import PACKAGES
from torch import Tensor, nn

FAILURES = (Exception, pytest.skip.Exception)
UNIT = "gradient"


@dataclass(frozen=True)
class Refused:
    """Why a package gives no relevance here, in its own words."""

    reason: str


def refused(error: BaseException) -> Refused:
    """The first sentence of an error, without paths of this machine."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no message"]
    words = re.sub(r"/\S*/(?=[^/\s]+)", "", lines[0])
    return Refused(f"{type(error).__name__}: {words[:240]}")


def methods(case: Case) -> dict[str, tuple[str, ...]]:
    """Which composites each package is asked for: all of ours, and those that it claims to have."""
    images = [name for name in case.composites if name in CONVOLUTIONAL]
    tokens = [name for name in case.composites if name in AS_LXT]
    asked = {
        "biox": case.composites,
        "biox compiled": tuple(images) if case.compiled else (),
        "zennit": (*images, *(["epsilon"] if tokens and not images else [])),
        "zennit-crp": ("epsilon-plus-flat",) if "epsilon-plus-flat" in images else (),
        "captum": ("epsilon",),
        "lxt": tuple(tokens),
    }
    return {package: names for package, names in asked.items() if names}


def prepared(case: Case, model: nn.Module) -> dict[str, Call | Refused]:
    """For each package and composite the call that explains a batch, or why there is none."""
    calls: dict[str, Call | Refused] = {}
    for package, names in methods(case).items():
        for name in names:
            calls[f"{package} {name}"] = Refused("not made")
        try:
            made: Mapping[str, Call | Refused] = PACKAGES[package](model, names, LOW, HIGH)
        except FAILURES as error:
            made = dict.fromkeys(names, refused(error))
        calls |= {f"{package} {name}": made[name] for name in names}
    return calls


def tried(calls: Mapping[str, Call | Refused], x: Tensor) -> dict[str, Call | Refused]:
    """The calls that work on this input; each was made once, which also warms it up."""
    found: dict[str, Call | Refused] = {}
    for name, call in calls.items():
        found[name] = call
        try:
            if not isinstance(call, Refused):
                call(x)
        except FAILURES as error:
            found[name] = refused(error)
    return found


def checked(case: Case, model: nn.Module, x: Tensor) -> dict[str, dict[str, float]]:
    """What each package gives for one sample in float64, in a copy of the model where no bias absorbs anything.

    kept: the share of the score that arrives at the input; 1 is right for rules that conserve. differs: how far the
    relevance is from ours by the same composite, relative to ours (Euclidean norms); sums over channels are compared
    where a package gives only these. Packages that fail are left out.
    """
    bare, one = without_biases(model), x[:1].double()
    if one.ndim == 4 and case.any_size:
        one = one[..., :96, :96]
    with torch.no_grad():
        score = bare(one)[:, TARGET]
    found: dict[str, dict[str, float]] = {}
    first: dict[str, Tensor] = {}
    for name, call in prepared(case, bare).items():
        package, composite = name.rsplit(" ", 1)
        if isinstance(call, Refused) or package == "biox compiled":
            continue
        try:
            relevance = call(one)
        except FAILURES:
            continue
        found[name] = {"kept": float(f"{float(relevance.sum() / score):.6g}")}
        if package == "biox":
            first[composite] = relevance
        elif composite in first:
            found[name]["differs"] = apart(relevance, first[composite])
    return found


def apart(theirs: Tensor, ours: Tensor) -> float:
    """Distance of two relevances, relative to ours."""
    ours = ours if theirs.shape == ours.shape else ours.sum(1)
    return float(f"{float((theirs - ours).norm() / ours.norm()):.3g}")


def seconds(call: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """CPU time and wall time of one call; on a GPU both are wall time until it has finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        start = time.perf_counter()
        call()
        torch.cuda.synchronize(device)
        spent = time.perf_counter() - start
        return spent, spent
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.process_time() - cpu, time.perf_counter() - wall


def compared(calls: Mapping[str, Callable[[], object]], rounds: int, device: torch.device) -> dict[str, dict]:
    """Of each call the median ratio of its time to that of the call named ``gradient`` in the same round."""
    names = list(calls)
    turns: list[dict[str, tuple[float, float]]] = []
    for turn in range(rounds):
        first = turn % len(names)
        turns.append({name: seconds(calls[name], device) for name in names[first:] + names[:first]})
    found = {}
    for name in names:
        cpu, wall = (sorted(turn[name][kind] / turn[UNIT][kind] for turn in turns) for kind in (0, 1))
        found[name] = {
            "ratio": round(statistics.median(cpu), 3),
            "lowest": round(cpu[0], 3),
            "highest": round(cpu[-1], 3),
            "wall_ratio": round(statistics.median(wall), 3),
            "seconds": round(statistics.median(turn[name][0] for turn in turns), 5),
        }
    return found


def speed(key: str, rounds: int, device: torch.device, dtype: torch.dtype) -> dict[str, dict]:
    """Ratios of all packages on one model, and what each keeps of the score."""
    case = CASES[key]
    model, x = built(case)
    facts = checked(case, model, x)
    model, x = model.to(device, dtype), x.to(device, dtype)
    calls = tried(prepared(case, model), x)
    gradient(model, x)
    working = {name: call for name, call in calls.items() if not isinstance(call, Refused)}
    timed = {UNIT: lambda: gradient(model, x)}
    timed |= {name: lambda call=call: call(x) for name, call in working.items()}
    found = compared(timed, rounds, device)
    for name, call in calls.items():
        if isinstance(call, Refused):
            found[name] = {"refused": call.reason}
        else:
            found[name] |= facts.get(name, {})
    return found
