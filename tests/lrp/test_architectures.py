"""Architectures of timm, explained as they are: same output, finite relevance, and conservation.

Weights are random, and everything that starts at 0 or 1 (heads, layer scales, last BatchNorms) is drawn anew, so that
no branch of a network is silent. ``record_property`` leaves the sums of relevance beside the scores in the results.
"""

import pytest
import torch
from torch import Tensor, nn

from biox import lrp

from . import networks, peers

pytestmark = pytest.mark.slow

# Each with the size of image that keeps it quick.
ARCHITECTURES = {
    "vgg11": 64,
    "resnet18": 64,
    "resnext50_32x4d": 64,
    "resnetv2_50": 64,
    "regnety_002": 64,
    "densenet121": 64,
    "efficientnet_b0": 64,
    "mobilenetv3_small_100": 64,
    "ghostnet_100": 64,
    "hrnet_w18_small": 64,
    "convnext_atto": 64,
    "poolformer_s12": 64,
    "pvt_v2_b0": 64,
    "mobilevit_xxs": 64,
    "vit_tiny_patch16_224": 224,
    "eva02_tiny_patch14_224": 224,
    "cait_xxs24_224": 224,
    "shvit_s1": 224,
    "swin_tiny_patch4_window7_224": 224,
    "coatnet_nano_rw_224": 224,
    "maxvit_tiny_tf_224": 224,
    "mixer_s32_224": 224,
}
ROUNDING = 1e-5  # of the largest score, in single precision


def made(name: str) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(7)
    model = peers.module("timm").create_model(name, num_classes=10)
    for path, parameter in model.named_parameters():
        if parameter.ndim == 1 and path.endswith("bias"):
            nn.init.normal_(parameter, std=0.1)
        elif parameter.ndim == 1:
            nn.init.uniform_(parameter, 0.5, 1.5)
        elif not parameter.any():
            nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    size = ARCHITECTURES[name]
    return networks.with_mild_statistics(model).eval(), torch.randn(2, 3, size, size)


def without_constants(model: nn.Module) -> nn.Module:
    """Nothing is added to a signal any more: no biases, no means of BatchNorm, no position embeddings or tokens."""
    for path, parameter in (*model.named_parameters(), *model.named_buffers()):
        constants = any(part.startswith(("cls_token", "pos_embed")) for part in path.split("."))
        if constants or path.endswith(("bias", "running_mean")):
            nn.init.zeros_(parameter)
    return model


def explained(model: nn.Module, x: Tensor, composite: lrp.Composite | str) -> tuple[Tensor, Tensor]:
    """Relevance of class 1, and the model's output while it was watched."""
    seen = []

    def watched(given: Tensor) -> Tensor:
        seen.append(model(given))
        return seen[-1]

    found = lrp.relevance(watched, x, 1, composite)
    return found, seen[0].detach()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_is_explained_without_any_change(name, record_property):
    model, x = made(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with torch.no_grad():
        expected = model(x.contiguous(memory_format=torch.channels_last))  # as the engine runs convolutions
    found, output = explained(model, x, "attnlrp")
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert float((output - expected).abs().max()) <= ROUNDING * float(expected.abs().max())
    assert found.shape == x.shape
    assert bool(found.isfinite().all())
    assert float(found.abs().sum()) > 0
    for sample, (one, score) in enumerate(zip(found, expected[:, 1], strict=True)):
        record_property(f"sample {sample}: score, sum of relevance", (float(score), float(one.sum())))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_all_relevance_arrives_where_no_constant_takes_a_share(name):
    """Attention weights count as constants here, since the Taylor rule of softmax does not conserve."""
    model, x = made(name)
    model, x = without_constants(model).double(), x.double()
    found, output = explained(model, x, lrp.composite("cp-lrp", eps=0, stabiliser=0))
    score = output[:, 1]
    missing = score - found.flatten(1).sum(1)
    assert float(found.abs().sum()) > 0
    assert float((missing / score).abs().max()) <= 1e-10


@pytest.mark.parametrize("name", ["vgg11", "efficientnet_b0", "convnext_atto", "swin_tiny_patch4_window7_224"])
def test_what_is_missing_was_lost_at_operations_that_say_so(name):
    """With biases and stabilisers, the losses that ``check`` lists add up to the score without its relevance."""
    model, x = made(name)
    found = lrp.check(model.double(), x.double(), 1, lrp.composite("attnlrp"))
    assert found.refused == ()
    assert found.difference <= 1e-12
    lost = [step.kept for step in found.steps]
    assert sum(lost) == pytest.approx(found.score - found.relevance, abs=1e-9 * sum(map(abs, lost)))


@pytest.mark.parametrize("name", ["vgg11", "resnet18", "densenet121", "regnety_002", "efficientnet_b0"])
def test_inputs_and_biases_account_for_the_score(name):
    model, x = made(name)
    exact = lrp.composite("epsilon", eps=0, stabiliser=0)
    found = lrp.attribute(model.double(), x.double(), 1, exact, biases=True)
    kept = torch.stack([bias.flatten(1).sum(1) for bias in found.biases.values()]).sum(0)
    accounted = found.relevance.flatten(1).sum(1) + kept
    assert float(kept.abs().max()) > 1e-3 * float(found.score.abs().max())
    assert float(((accounted - found.score) / found.score).abs().max()) <= 1e-10
