"""Several classes explained in one call, beside as many gradients."""

import torch
from lrp_calls import Call
from lrp_measure import UNIT, Refused, compared, tried
from lrp_models import CASES, HIGH, LOW, built
from lrp_peers import ours
from torch import Tensor, nn

from biox import lrp


def several_targets(key: str, rounds: int, device: torch.device, count: int) -> dict[str, dict]:
    """``count`` classes explained in one call, beside as many gradients; those are each a forward and a backward pass.

    ``shared gradient`` is one forward pass with ``count`` backward passes, the least that gradients could cost.
    """
    case = CASES[key]
    model, x = built(case)
    model, x = model.to(device), x.to(device)
    targets = list(range(count))

    def one_by_one() -> None:
        for target in targets:
            leaf = x.detach().requires_grad_()
            torch.autograd.grad(model(leaf)[:, target].sum(), leaf)

    def shared() -> None:
        leaf = x.detach().requires_grad_()
        scores = model(leaf)
        for target in targets:
            torch.autograd.grad(scores[:, target].sum(), leaf, retain_graph=True)

    calls: dict[str, Call | Refused] = {UNIT: lambda x: one_by_one(), "shared gradient": lambda x: shared()}
    for name in case.composites:
        calls[f"biox {name}"] = lambda x, name=name: all_at_once(model, x, targets, name)
    calls = tried(calls, x)
    working = {name: call for name, call in calls.items() if not isinstance(call, Refused)}
    found = compared({name: lambda call=call: call(x) for name, call in working.items()}, rounds, device)
    return found | {name: {"refused": call.reason} for name, call in calls.items() if isinstance(call, Refused)}


def all_at_once(model: nn.Module, x: Tensor, targets: list[int], name: str) -> Tensor:
    """Ours for several classes."""
    found = lrp.relevance(model, x, targets, ours(name), low=LOW, high=HIGH)
    if found.shape != (len(targets), *x.shape):
        raise ValueError(f"expected relevance of shape {(len(targets), *x.shape)}, got {tuple(found.shape)}")
    return found
