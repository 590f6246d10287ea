"""Other packages for layer-wise relevance propagation, called as their users call them.

Each function makes, for one model, the calls ``x -> relevance`` of a package by composite. It works on a copy of the
model, so that the hooks and patches of one package are not in the way of another. A package that cannot do something
raises here or at the first call; the benchmark writes down why.
"""

import copy
import dataclasses
import functools
import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lrp_lxt
import torch
from lrp_calls import TARGET, Call, declare_operators, tests_module
from torch import Tensor, nn

from biox import lrp


def ours(name: str) -> lrp.Composite:
    """Our composite of that name; those of transformers with next to no stabiliser, since lxt has none.

    ``attnlrp-gamma-mlp`` has gamma where lxt's hooks reach: not in the projections inside ``nn.MultiheadAttention``.
    """
    if name == "attnlrp-gamma-mlp":
        gammas = lrp.composite("attnlrp-gamma", eps=1e-9, stabiliser=1e-9)
        attention = lrp.Entry(lrp.rules.epsilon(1e-9), name="*self_attention*")
        return dataclasses.replace(gammas, entries=(attention, *gammas.entries))
    return lrp.composite(name, eps=1e-9, stabiliser=1e-9) if "lrp" in name else lrp.composite(name)


def biox(model: nn.Module, composites: Sequence[str], low: float, high: float) -> Mapping[str, Call]:
    """Calls of ours, eager."""

    def call(composite: lrp.Composite, x: Tensor) -> Tensor:
        return lrp.relevance(model, x, TARGET, composite, low=low, high=high)

    return {name: functools.partial(call, ours(name)) for name in composites}


def biox_compiled(model: nn.Module, composites: Sequence[str], low: float, high: float) -> Mapping[str, Call]:
    """Calls of ours, compiled; the compilation itself happens at the first call."""
    return {name: lrp_compiled(model, name, low, high) for name in composites}


def lrp_compiled(model: nn.Module, name: str, low: float, high: float) -> Call:
    """One of them; the program is kept by the function that ``lrp.compiled`` makes."""
    explain = lrp.compiled(model, ours(name), low, high)
    return lambda x: explain(x, TARGET)


def zennit(model: nn.Module, composites: Sequence[str], low: float, high: float) -> Mapping[str, Call]:
    """Calls of zennit with rules equal to ours; hooks are registered at each call, BatchNorm is merged once before."""
    ready = canonised(model)
    peers = tests_module("peers")
    return {name: functools.partial(by_hooks, ready, peers.composite(name, low, high)) for name in composites}


def by_hooks(model: nn.Module, composite: Any, x: Tensor) -> Tensor:
    """One pass of zennit."""
    x = x.detach().requires_grad_()
    with composite.context(model) as changed:
        output = changed(x)
        start = torch.zeros_like(output)
        start[:, TARGET] = output.detach()[:, TARGET]
        return torch.autograd.grad(output, x, start)[0]


def canonised(model: nn.Module) -> nn.Module:
    """A copy after zennit's canonisers, for whichever of them leaves the model's outputs as they are.

    Its canoniser of ResNets knows those of torchvision; the general one merges BatchNorm into the layer that was
    created before it, which is wrong where that is not the layer it follows (DenseNet).
    """
    z = tests_module("peers").zennit()
    vision = importlib.import_module("zennit.torchvision")
    changed = copy.deepcopy(model)
    try:
        for one in vision.ResNetCanonizer().apply(changed):
            if hasattr(one, "batch_norm"):
                one.batch_norm.eps = 0.0  # which zennit forgets
        if not any(isinstance(module, z.types.BatchNorm) for module in model.modules()):
            return changed
        one = next(model.parameters())
        probe = torch.rand(1, 3, 224, 224, device=one.device, dtype=one.dtype)
        with torch.no_grad():
            before, after = model(probe), changed(probe)
        return changed if (before - after).abs().max() < 1e-2 * before.abs().max() else copy.deepcopy(model)
    except RuntimeError:  # channels that do not fit
        return copy.deepcopy(model)


def zennit_crp(model: nn.Module, composites: Sequence[str], low: float, high: float) -> Mapping[str, Call]:
    """Calls of zennit-crp without any condition but the target; it gives the sum over channels, as its users get it."""
    declare_operators()
    module = importlib.import_module("crp.attribution")
    ready = canonised(model)
    attribution = module.CondAttribution(ready)
    peers = tests_module("peers")

    def call(composite: Any, x: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        return attribution(x, [{"y": [TARGET]}] * len(x), composite).heatmap

    return {name: functools.partial(call, peers.composite(name, low, high)) for name in composites}


def captum(model: nn.Module, composites: Sequence[str], low: float, high: float) -> Mapping[str, Call]:
    """Calls of captum with its epsilon rule, given to layers by hand since it does not know all that it could treat."""
    attr = importlib.import_module("captum.attr")
    rule = importlib.import_module("captum.attr._utils.lrp_rules").EpsilonRule
    changed = copy.deepcopy(model)
    summed = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.BatchNorm2d, nn.AdaptiveAvgPool2d, nn.AvgPool2d)
    copied = (nn.MaxPool2d, nn.Flatten, nn.Unflatten)
    layers = [(module, 1e-6) for module in changed.modules() if isinstance(module, summed)]
    layers += [(module, 1e-12) for module in changed.modules() if isinstance(module, copied)]
    for module in changed.modules():
        if isinstance(getattr(module, "inplace", None), bool):
            module.inplace = False  # its hooks fail otherwise

    def call(x: Tensor) -> Tensor:
        for layer, eps in layers:
            layer.rule = rule(eps)  # as large as ours; forgotten after each call
        return attr.LRP(changed).attribute(x.detach().clone(), target=TARGET).detach()

    return dict.fromkeys(composites, call)


PACKAGES: Mapping[str, Callable[[nn.Module, Sequence[str], float, float], Mapping[str, Call]]] = {
    "biox": biox,
    "biox compiled": biox_compiled,
    "zennit": zennit,
    "zennit-crp": zennit_crp,
    "captum": captum,
    "lxt": lrp_lxt.calls,
}
