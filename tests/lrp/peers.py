"""zennit as a peer: its import needs two operators of torchvision, which are declared when their library is absent."""

import pytest
import torch
from torch import Tensor, nn


def zennit():
    """The package, or a skip with the reason."""
    try:
        torch.ops.torchvision.nms  # noqa: B018 - asks whether it exists
    except (AttributeError, RuntimeError):
        torch.library.define("torchvision::nms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torch.library.define("torchvision::qnms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    try:
        import zennit
        import zennit.canonizers
        import zennit.composites
        import zennit.rules
        import zennit.types
    except Exception as reason:
        pytest.skip(f"zennit cannot be imported: {reason}")
    return zennit


def merged(model: nn.Module) -> nn.Module:
    """A copy of the model, to be merged by zennit's canoniser with ``bn.eps`` 0 afterwards, which it forgets to set."""
    import copy

    model = copy.deepcopy(model)
    for canoniser in zennit().canonizers.SequentialMergeBatchNorm().apply(model):
        canoniser.batch_norm.eps = 0.0
    return model


def relevance(model: nn.Module, x: Tensor, target: int, composite) -> Tensor:
    """Relevance by zennit of the target's score."""
    x = x.detach().clone().requires_grad_()
    with composite.context(merged(model)) as changed:
        output = changed(x)
        start = torch.zeros_like(output)
        start[:, target] = output.detach()[:, target]
        (found,) = torch.autograd.grad(output, x, start)
    return found.detach()


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
    layers = [
        *z.composites.layer_map_base(),
        (z.types.Convolution, conv),
        (nn.Linear, dense),
    ]
    if not first:
        return z.composites.LayerMapComposite(layers)
    return z.composites.SpecialFirstLayerMapComposite(layers, [(z.types.Linear, special[first])])
