"""The small VGG: its shapes, its refusals, that it learns where something lies, and its relevance."""

import pytest
import torch
from torch import nn

from biox import lrp
from biox.core.errors import InputError
from biox.models import build, complete

COMPOSITES = ["epsilon-plus", "epsilon-gamma-box", "epsilon-alpha2-beta1-flat"]


def test_filters_and_sizes_are_those_of_the_options():
    model = build("vgg", (3, 33, 40), 4, {"widths": [[8], [8, 16]], "hidden": [5]}, seed=0).eval()
    sizes = [tuple(p.shape) for p in model.parameters() if p.ndim > 1]
    assert sizes == [(8, 3, 3, 3), (8, 8, 3, 3), (16, 8, 3, 3), (5, 16 * 8 * 10), (4, 5)]
    assert model(torch.randn(2, 3, 33, 40)).shape == (2, 4)


def test_without_batchnorm_there_is_none_and_convolutions_have_biases():
    plain, normed = (build("vgg", (3, 32, 32), 2, {"batchnorm": b}, seed=0) for b in (False, True))
    counts = [sum(isinstance(m, nn.BatchNorm2d) for m in model.modules()) for model in (plain, normed)]
    assert counts == [0, 5]
    assert all((m.bias is None) is False for m in plain.modules() if isinstance(m, nn.Conv2d))
    assert all(m.bias is None for m in normed.modules() if isinstance(m, nn.Conv2d))


def test_it_knows_the_place_of_what_it_sees():
    model = build("vgg", (3, 32, 32), 2, {"dropout": 0.0}, seed=0).eval()
    x = torch.zeros(2, 3, 32, 32)
    x[0, :, 2:6, 2:6], x[1, :, 26:30, 26:30] = 1.0, 1.0
    assert (model(x)[0] - model(x)[1]).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("shape", "options"),
    [((3, 15, 64), {}), ((2, 30), {}), ((3, 64, 64), {"widths": [[8], []]}), ((3, 64, 64), {"dropout": 1.0})],
)
def test_what_is_no_picture_or_too_small_is_refused(shape, options):
    with pytest.raises(InputError, match=r"vgg wants samples of shape \(colour, height, width\)"):
        build("vgg", shape, 2, options, seed=0)


def test_its_options_survive_a_saved_fit():
    options = complete("vgg", {"widths": [[8], [8]]})
    assert options == {"widths": ((8,), (8,)), "hidden": (64,), "dropout": 0.5, "batchnorm": True}
    build("vgg", (3, 16, 16), 2, {**options, "widths": [list(w) for w in options["widths"]]}, seed=0)


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("name", ["vgg", "resnet18"])
def test_relevance_passes_every_layer_and_changes_nothing(name, composite):
    options = {"resnet18": {"stem": "small", "widths": [8, 8, 16, 16]}}.get(name, {})
    model, x = build(name, (3, 32, 32), 3, options, seed=0).eval(), 2 * torch.rand(2, 3, 32, 32) - 1
    found = lrp.check(model, x, composite=composite, low=-1.0, high=1.0)
    assert not found.refused
    assert not found.idle
    assert found.finite
    assert found.difference < 1e-5


@pytest.mark.parametrize(("name", "share"), [("vgg", 1e-3), ("resnet18", 1e-3)])
def test_without_biases_the_whole_score_reaches_the_pixels(name, share):
    options = {"vgg": {"batchnorm": False}, "resnet18": {"stem": "small", "widths": [8, 8, 16, 16]}}[name]
    model = build(name, (3, 32, 32), 3, options, seed=0).eval().double()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("bias"):
                parameter.zero_()
    x = torch.rand(4, 3, 32, 32, dtype=torch.float64)
    target = model(x).abs().argmax(1)
    composite = lrp.composite("epsilon", eps=1e-12, stabiliser=1e-12)
    found = lrp.attribute(model, x, target, composite)
    assert lrp.conservation_error(found.score, found.relevance).abs().max() < share
