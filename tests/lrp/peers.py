"""Peers: zennit, captum and lxt, independent implementations of the same equations; a test skips where one is absent.

The compiled part of torchvision need not fit the installed torch: nothing here runs it, so its operators are declared.
"""

import copy
import importlib
import importlib.util
import sys
import types
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn


def module(name: str) -> ModuleType:
    """A module of a peer, or a skip with the reason."""
    try:
        torch.ops.torchvision.nms  # noqa: B018 - asks whether it exists
    except (AttributeError, RuntimeError):
        torch.library.define("torchvision::nms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torch.library.define("torchvision::qnms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    try:
        return importlib.import_module(name)
    except Exception as reason:
        pytest.skip(f"{name} cannot be imported: {reason}")


def lxt(name: str) -> ModuleType:
    """A module of lxt.efficient without the package around it, which imports transformers for its language models."""
    spec = importlib.util.find_spec("lxt")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("lxt is not installed (pip install --no-deps lxt)")
    before = {key: sys.modules.pop(key) for key in list(sys.modules) if key.startswith("lxt.")}
    for package in ("lxt.efficient", "lxt.efficient.models"):
        bare = types.ModuleType(package)
        bare.__path__ = [str(Path(spec.submodule_search_locations[0], *package.split(".")[1:]))]
        sys.modules[package] = bare
    try:
        return module(f"lxt.efficient.{name}")
    finally:
        for key in [key for key in sys.modules if key.startswith("lxt.")]:
            del sys.modules[key]
        sys.modules.update(before)


def zennit() -> ModuleType:
    """The package with its parts."""
    for part in ("canonizers", "composites", "layer", "rules", "types"):
        module(f"zennit.{part}")
    return module("zennit")


def merged(model: nn.Module) -> nn.Module:
    """A copy of the model, its BatchNorm merged by zennit, with ``bn.eps`` 0 afterwards, which it forgets to set.

    In torchvision's ResNets zennit also puts a module in the place of each residual sum, so that hooks see it.
    """
    model = copy.deepcopy(model)
    z = zennit()
    resnet = type(model).__name__ == "ResNet"
    canoniser = module("zennit.torchvision").ResNetCanonizer() if resnet else z.canonizers.SequentialMergeBatchNorm()
    for applied in canoniser.apply(model):
        if isinstance(applied, z.canonizers.MergeBatchNorm):
            applied.batch_norm.eps = 0.0
    return model


def hooked(model: nn.Module, x: Tensor, target: int, composite, *, from_one: bool = False) -> Tensor:
    """Relevance by zennit of one output of a merged model: the pass begins with the score, or with 1."""
    x = x.detach().clone().requires_grad_()
    with composite.context(model) as changed:
        output = changed(x)
        start = torch.zeros_like(output)
        start[:, target] = 1.0 if from_one else output.detach()[:, target]
        (found,) = torch.autograd.grad(output, x, start)
    return found.detach()


def relevance(model: nn.Module, x: Tensor, target: int, composite) -> Tensor:
    """Relevance by zennit of the target's score."""
    return hooked(merged(model), x, target, composite)


_BASES = ("epsilon", "epsilon-plus", "epsilon-gamma", "epsilon-alpha2-beta1", "gamma", "zplus")
NAMES = tuple(base + first for base in _BASES for first in ("", "-flat", "-box", "-wsquare"))


def composite(name: str, low: float, high: float, eps: float = 1e-6):
    """zennit's composite of our name; its layer of input is ours: the first linear or convolution layer."""
    z = zennit()
    base, first = name.rsplit("-", 1) if name.endswith(("-flat", "-box", "-wsquare")) else (name, "")
    conv = {
        "epsilon": z.rules.Epsilon(eps),
        "epsilon-plus": z.rules.ZPlus(),
        "epsilon-gamma": z.rules.Gamma(0.25),
        "epsilon-alpha2-beta1": z.rules.AlphaBeta(2, 1),
        "gamma": z.rules.Gamma(0.25, stabilizer=eps),
        "zplus": z.rules.ZPlus(),
    }[base]
    dense = conv if base in ("gamma", "zplus") else z.rules.Epsilon(eps)
    # zennit's w^2 counts the bias among the inputs; the textbook rule does not.
    special = {"flat": z.rules.Flat(), "box": z.rules.ZBox(low, high), "wsquare": z.rules.WSquare(zero_params="bias")}
    return layered(dense, conv, special.get(first))


def layered(dense, conv, first=None, stabiliser: float = 1e-6, others=()):
    """zennit's composite of a rule for dense layers, one for convolutions and one for the layer of input."""
    z = zennit()
    layers = [*others, *z.composites.layer_map_base(stabiliser), (z.types.Convolution, conv), (nn.Linear, dense)]
    if first is None:
        return z.composites.LayerMapComposite(layers)
    return z.composites.SpecialFirstLayerMapComposite(layers, [(z.types.Linear, first)])


def shipped(name: str, low: float, high: float):
    """The composites that zennit ships, by our names for the same thing."""
    c = zennit().composites
    return {
        "epsilon-plus": c.EpsilonPlus,
        "epsilon-plus-flat": c.EpsilonPlusFlat,
        "epsilon-alpha2-beta1": c.EpsilonAlpha2Beta1,
        "epsilon-alpha2-beta1-flat": c.EpsilonAlpha2Beta1Flat,
        "epsilon-gamma-box": lambda: c.EpsilonGammaBox(low, high),
        # Excitation backpropagation has no biases (Zhang et al. 2018, equation 5); zennit leaves them in unless told.
        "excitation": lambda: c.ExcitationBackprop(zero_params="bias"),
        "guided-backpropagation": c.GuidedBackprop,
        "deconvolution": c.DeconvNet,
    }[name]()


SHIPPED = (
    "epsilon-plus",
    "epsilon-plus-flat",
    "epsilon-alpha2-beta1",
    "epsilon-alpha2-beta1-flat",
    "epsilon-gamma-box",
    "excitation",
    "guided-backpropagation",
    "deconvolution",
)
# Composites whose pass begins with 1 instead of the score.
FROM_ONE = ("excitation", "guided-backpropagation", "deconvolution")
