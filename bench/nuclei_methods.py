"""Where did the model look? LRP beside the other explanations of bench/nuclei_where.py, by captum where it has them.

Each method is a family of settings; which setting, and how its three colours become one map, is chosen for every method
in the same way, on images that train and test nothing (bench/nuclei_where.py).
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from captum.attr import (
    InputXGradient,
    IntegratedGradients,
    LayerAttribution,
    LayerGradCam,
    NoiseTunnel,
    Occlusion,
    Saliency,
)
from torch import Tensor, nn

from biox import lrp
from biox.core.types import Fit
from biox.models import restore

CONTROLS = ("epsilon-plus", "epsilon-gamma-box", "epsilon")
COMPOSITES = ("epsilon-plus", "epsilon-plus-flat", "epsilon-gamma-box", "epsilon-alpha2-beta1", "epsilon")
WINDOW, STRIDE = 8, 4  # pixels
STEPS, DRAWS = 20, 16  # of integrated gradients; of SmoothGrad
WHY = lrp.difference(1, 0)  # nucleus, and not none
SEED = 0

Explain = Callable[[Tensor], Tensor]  # tiles as the model sees them -> (tile, 1 or 3, height, width)

POOLED: Mapping[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda r: r.sum(1).abs(),
    "rise": lambda r: r.sum(1).clamp(min=0),
    "length": lambda r: r.norm(dim=1),
}


@dataclass(frozen=True)
class Asked:
    """A trained model, and the smallest and largest value that it may see, each of shape (3, 1, 1)."""

    model: nn.Module
    low: Tensor
    high: Tensor


class Margin(nn.Module):
    """The explained score of a model of two classes, shape (tile,): the logit of the second minus that of the first."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """The score of each tile."""
        return WHY(self.model(x))


def asked(fit: Fit) -> Asked:
    """The model of a fit, ready to be explained."""
    low, high = (torch.as_tensor(bound, dtype=torch.float32).reshape(3, 1, 1) for bound in (fit.low, fit.high))
    return Asked(restore(fit).to(memory_format=torch.channels_last), low, high)


def families(of: Asked) -> dict[str, dict[str, Explain]]:
    """By method and setting: the relevance of tiles for "nucleus, not none", before colours are put together."""
    margin, fresh = Margin(of.model), _untrained(of)
    spread = (of.high - of.low).mean().item()
    integrated = partial(IntegratedGradients(margin).attribute, n_steps=STEPS)
    return {
        "LRP": {name: partial(_lrp, of, name) for name in COMPOSITES},
        "gradient": {"": partial(Saliency(margin).attribute, abs=False)},
        "gradient x input": {"": InputXGradient(margin).attribute},
        "integrated gradients": {
            "from the mean colour": partial(integrated, baselines=0.0),
            "from white": partial(integrated, baselines=of.high[None]),
        },
        "SmoothGrad": {f"noise {share:.0%}": partial(_smooth, margin, share * spread) for share in (0.05, 0.15)},
        "Grad-CAM": {"": partial(_grad_cam, margin)},
        "occlusion": {"": partial(_occluded, margin)},
        "darkness (no model)": {"": lambda x: of.high - x},
        "LRP, untrained model": {name: partial(_lrp, fresh, name) for name in CONTROLS},
    }


def _lrp(of: Asked, composite: str, x: Tensor) -> Tensor:
    return lrp.relevance(of.model, x, WHY, composite, low=of.low, high=of.high)


def _smooth(margin: nn.Module, sd: float, x: Tensor) -> Tensor:
    noisy = NoiseTunnel(Saliency(margin))
    with torch.random.fork_rng():
        torch.manual_seed(SEED)  # captum draws its noise from torch's global stream
        return noisy.attribute(x, nt_type="smoothgrad", nt_samples=DRAWS, nt_samples_batch_size=4, stdevs=sd, abs=False)


def _grad_cam(margin: nn.Module, x: Tensor) -> Tensor:
    """Of the last convolution after its ReLU, 8 x 8 places, enlarged smoothly."""
    parts = [module for module in margin.modules() if isinstance(module, nn.Conv2d | nn.ReLU)]
    last = max(k for k, module in enumerate(parts) if isinstance(module, nn.Conv2d))
    found = LayerGradCam(margin, parts[last + 1]).attribute(x, relu_attributions=True)
    return LayerAttribution.interpolate(found, tuple(x.shape[2:]), interpolate_mode="bilinear")


def _occluded(margin: nn.Module, x: Tensor) -> Tensor:
    return Occlusion(margin).attribute(x, (x.shape[1], WINDOW, WINDOW), strides=(x.shape[1], STRIDE, STRIDE))


def _untrained(of: Asked) -> Asked:
    """The same network before it learnt anything: what remains of localisation is the rules', not the model's."""
    fresh = copy.deepcopy(of.model)
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        for module in fresh.modules():
            if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                module.reset_parameters()
    return Asked(fresh, of.low, of.high)
