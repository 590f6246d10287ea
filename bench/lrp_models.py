"""The models of the LRP benchmark: architectures as users have them, with random weights.

Those of torchvision, and three small ones for signals. Speed does not depend on what a network has learnt, but zeros
would: statistics of BatchNorm, and weights that the libraries start at zero, are drawn at random.
"""

import copy
import importlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from lrp_calls import declare_operators, tests_module
from torch import Tensor, nn

CONVOLUTIONAL = ("epsilon", "epsilon-plus-flat", "epsilon-gamma-box", "epsilon-alpha2-beta1")
TRANSFORMER = ("attnlrp", "attnlrp-gamma", "cp-lrp")
AS_LXT = ("attnlrp", "attnlrp-gamma-mlp", "cp-lrp")
"""What lxt has; its gamma leaves the projections of attention out."""

LOW, HIGH = 0.0, 1.0
"""All inputs are drawn from this interval, which the box rule is told."""


@dataclass(frozen=True)
class Case:
    """A model with its input and the composites that make sense for it.

    title: how tables call it. shape: of the input, samples first. compiled: whether to time ``compile=True`` as well.
    any_size: it takes smaller images too, which are enough to compare relevances.
    """

    title: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    composites: tuple[str, ...] = CONVOLUTIONAL
    compiled: bool = False
    any_size: bool = True


class Lstm(nn.Module):
    """One LSTM over the points of a step; the last state is classified."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(6, 64, batch_first=True)
        self.head = nn.Linear(64, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Scores, shape (sample, class), of curves, shape (sample, point, channel)."""
        return self.head(self.lstm(x)[0][:, -1])


def vision(name: str) -> Callable[[], nn.Module]:
    """A model of torchvision, with random weights."""

    def make() -> nn.Module:
        declare_operators()
        return getattr(importlib.import_module("torchvision.models"), name)(weights=None)

    return make


def mlp() -> nn.Module:
    """Two hidden layers of 768 on six curves of 101 points, as in the gait study."""
    return nn.Sequential(nn.Linear(606, 768), nn.ReLU(), nn.Linear(768, 768), nn.ReLU(), nn.Linear(768, 2))


def gait_cnn() -> nn.Module:
    """The 1D network of the gait study."""
    return tests_module("networks").gait_cnn()


IMAGE = (3, 224, 224)
CASES = {
    "vgg16": Case("VGG16 b4", vision("vgg16"), (4, *IMAGE)),
    "resnet18": Case("ResNet18 b8", vision("resnet18"), (8, *IMAGE)),
    "resnet50": Case("ResNet50 b8", vision("resnet50"), (8, *IMAGE)),
    "densenet121": Case("DenseNet121 b4", vision("densenet121"), (4, *IMAGE)),
    "efficientnet_b0": Case("EfficientNet-B0 b4", vision("efficientnet_b0"), (4, *IMAGE)),
    "convnext_tiny": Case("ConvNeXt-T b2", vision("convnext_tiny"), (2, *IMAGE), (*CONVOLUTIONAL, "attnlrp")),
    "vit_b_16": Case(
        "ViT-B/16 b2", vision("vit_b_16"), (2, *IMAGE), (*TRANSFORMER, "attnlrp-gamma-mlp"), any_size=False
    ),
    "swin_t": Case("Swin-T b2", vision("swin_t"), (2, *IMAGE), TRANSFORMER),
    "gait_cnn": Case("gait CNN b512", gait_cnn, (512, 6, 101), compiled=True),
    "mlp": Case("MLP-768 b4096", mlp, (4096, 606), compiled=True),
    "lstm": Case("LSTM b64", Lstm, (64, 101, 6), ("epsilon",)),
}


def built(case: Case) -> tuple[nn.Module, Tensor]:
    """The model in evaluation mode, and its input; the same at every call."""
    torch.manual_seed(0)
    model = case.make().eval()
    for name, parameter in model.named_parameters():
        if name.endswith("layer_scale"):  # starts at 1e-6, so that a block would have no part in the score
            nn.init.uniform_(parameter, 0.1, 0.5)
        elif name.endswith("weight") and bool((parameter == 0).all()):  # the head of a vision transformer
            nn.init.normal_(parameter, std=0.02)
    x = torch.rand(case.shape) * (HIGH - LOW) + LOW
    settle(model, x[:2])
    return model, x


def settle(model: nn.Module, x: Tensor) -> None:
    """Give every BatchNorm statistics about those of its input, so that signals neither die out nor explode."""
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.1)
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        model(x)
    for norm in norms:
        norm.eval()
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean += 0.1 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean)
        norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.5, 1.5)


def without_biases(model: nn.Module) -> nn.Module:
    """A copy in float64 in which nothing but the input adds to a score, so that all of it must arrive there."""
    bare = copy.deepcopy(model).double()
    for name, values in (*bare.named_parameters(), *bare.named_buffers()):
        if name.endswith(("bias", "running_mean", "pos_embedding", "class_token")) or ".bias_" in name:
            nn.init.zeros_(values)
    return bare
