"""Networks from elsewhere: their last layer found and replaced, local weights checked, frozen where asked."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from biox import lrp
from biox.core.errors import InputError
from biox.core.store import load_fit, save_fit
from biox.core.types import Axis, Fit
from biox.models import build, complete, restore

SHAPE = (3, 16, 16)
SMALL = {"widths": [[4], [8]], "hidden": [6], "dropout": 0.0}


class Feature(nn.Module):
    """Somebody's network: it gives features, from a layer that is not the last one registered."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(5, 9)
        self.first = nn.Conv2d(3, 5, 3)
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)).mean((2, 3)))


def somebody() -> nn.Module:
    return Feature()


def normed() -> nn.Module:
    return nn.Sequential(Feature(), nn.LayerNorm(9))


def pictures() -> nn.Module:
    return nn.Conv2d(3, 5, 3)


def number() -> int:
    return 3


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """This file under a name that a study file could give."""
    monkeypatch.setitem(sys.modules, "somebodys_models", sys.modules[__name__])


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A saved vgg of five classes."""
    model = build("vgg", SHAPE, 5, SMALL, seed=7)
    file = tmp_path_factory.mktemp("weights") / "vgg.safetensors"
    save_file(model.state_dict(), file)
    return file, model.eval()


def test_local_weights_are_loaded_and_the_head_has_the_classes_at_hand(weights):
    file, theirs = weights
    model = build("pretrained", SHAPE, 2, {"make": "vgg", "arguments": SMALL, "weights": str(file)}, seed=0).eval()
    x = torch.randn(4, *SHAPE)
    torch.testing.assert_close(model.encoder(x), theirs[:-1](x))
    assert model(x).shape == (4, 2)


def test_two_seeds_differ_in_the_head_alone(weights):
    options = {"make": "vgg", "arguments": SMALL, "weights": weights[0]}
    one, two = (build("pretrained", SHAPE, 2, options, seed=s).state_dict() for s in (0, 1))
    assert {key for key in one if not torch.equal(one[key], two[key])} == {"head.weight", "head.bias"}


def test_the_head_is_the_layer_that_makes_the_output_wherever_it_stands():
    model = build("pretrained", SHAPE, 2, {"make": "somebodys_models:somebody"}, seed=0)
    assert isinstance(model.encoder.network.last, nn.Identity)
    assert model.head.in_features == 5


def test_a_network_without_a_head_gets_one_on_top():
    model = build("pretrained", SHAPE, 2, {"make": "somebodys_models:normed"}, seed=0)
    assert model.head.in_features == 9
    kept = build("pretrained", SHAPE, 2, {"make": "somebodys_models:somebody", "head": "append"}, seed=0)
    assert kept.head.in_features == 9
    named = build("pretrained", SHAPE, 2, {"make": "vgg", "arguments": SMALL, "head": "head"}, seed=0)
    assert named.head.in_features == 6


def _trained_a_step(model: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    model(x).square().sum().backward()
    optimiser.step()
    after = model.eval().state_dict()
    return {key: after[key] for key in before if not torch.equal(before[key], after[key])}


def test_frozen_only_the_head_learns_and_batchnorm_keeps_its_means(weights):
    options = {"make": "vgg", "arguments": SMALL, "weights": weights[0]}
    x = torch.randn(8, *SHAPE) + 3
    frozen = _trained_a_step(build("pretrained", SHAPE, 2, {**options, "frozen": True}, seed=0), x)
    free = _trained_a_step(build("pretrained", SHAPE, 2, options, seed=0), x)
    assert set(frozen) == {"head.weight", "head.bias"}
    assert {"encoder.network.block1.0.weight", "encoder.network.block1.1.running_mean"} <= set(free)


@pytest.mark.parametrize("composite", ["epsilon-plus", "epsilon-gamma-box", "epsilon-alpha2-beta1-flat"])
@pytest.mark.parametrize("frozen", [True, False])
def test_it_is_explained_down_to_the_pixels(weights, composite, frozen):
    options = {"make": "vgg", "arguments": SMALL, "weights": weights[0], "frozen": frozen}
    model = build("pretrained", SHAPE, 2, options, seed=0).eval()
    found = lrp.check(model, 2 * torch.rand(2, *SHAPE) - 1, composite=composite, low=-1.0, high=1.0)
    assert not found.refused
    assert not found.idle
    assert found.finite


@pytest.mark.parametrize(
    ("make", "options", "features"),
    [
        ("timm:create_model", {"model_name": "resnet18"}, 512),
        ("timm:create_model", {"model_name": "vit_tiny_patch16_224", "img_size": 32, "num_classes": 0}, 192),
        ("torchvision.models:mobilenet_v3_small", {}, 1024),
        ("torchvision.models:densenet121", {}, 1024),
    ],
)
@pytest.mark.slow
def test_networks_of_timm_and_torchvision_work_and_are_explained(torchvision_declared, make, options, features):
    pytest.importorskip(make.partition(":")[0])
    model = build("pretrained", (3, 32, 32), 2, {"make": make, "arguments": options}, seed=0).eval()
    assert model.head.in_features == features
    found = lrp.check(model, torch.randn(2, 3, 32, 32), composite="epsilon-plus")
    assert not found.refused
    assert found.finite


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"make": "vgg", "arguments": {"width": 3}}, r"encoder 'vgg': unknown key 'width'.*'widths'"),
        ({"make": "somebodys_models:somebody", "arguments": {"size": 3}}, r"could not be called.*size.*unexpected"),
        (
            {"make": "somebodys_models:somebody", "arguments": {"pretrained": True}},
            r"'pretrained'.*would fetch weights",
        ),
        ({"make": "somebodys_models:number"}, r"gave a int, wanted a torch.nn.Module"),
        ({"make": "somebodys_models:pictures"}, r"one row of values a sample.*it gave shape \(1, 5, 14, 14\)"),
        ({"make": "somebodys_models:somebody", "head": "fc"}, r"no linear layer 'fc'; its last ones are \['last'"),
        ({"make": "vgg", "arguments": SMALL, "head": "dense.1"}, r"without its layer 'dense.1', .*mat1 and mat2"),
        ({"make": "nowhere_at_all:net"}, r"There is no 'nowhere_at_all:net'"),
        ({"make": "vgg", "weights": "absent.safetensors"}, r"There is no file of weights absent.safetensors"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(options, message):
    with pytest.raises(InputError, match=message):
        build("pretrained", SHAPE, 2, options, seed=0)


def test_a_shape_that_the_network_cannot_take_is_refused():
    with pytest.raises(InputError, match=r"somebody cannot take samples of shape \(2, 16, 16\).*channels"):
        build("pretrained", (2, 16, 16), 2, {"make": "somebodys_models:somebody"}, seed=0)


def test_missing_unknown_and_misshapen_weights_are_named(weights, tmp_path):
    state = dict(weights[1].state_dict())
    del state["block1.0.weight"], state["block2.1.num_batches_tracked"]
    state |= {"classifier.weight": torch.zeros(2), "dense.1.weight": torch.zeros(6, 3)}
    save_file(state, tmp_path / "wrong.safetensors")
    message = (
        r"not those of vgg: 1 missing \(block1.0.weight\); 1 unknown \(classifier.weight\); "
        r"1 of another shape \(dense.1.weight \(6, 3\) instead of \(6, 128\)\)"
    )
    with pytest.raises(InputError, match=message):
        build("pretrained", SHAPE, 2, {**_vgg(), "weights": tmp_path / "wrong.safetensors"}, seed=0)


def test_a_file_of_another_kind_is_refused_with_the_way_out(tmp_path):
    torch.save({"a": torch.zeros(2)}, tmp_path / "weights.pth")
    with pytest.raises(InputError, match=r"is no safetensors file.*Convert weights of torch once"):
        build("pretrained", SHAPE, 2, {**_vgg(), "weights": tmp_path / "weights.pth"}, seed=0)


def _vgg() -> dict[str, object]:
    return {"make": "vgg", "arguments": SMALL}


def test_a_saved_fit_needs_the_file_of_weights_no_more(weights, tmp_path):
    copy = tmp_path / "weights.safetensors"
    copy.write_bytes(weights[0].read_bytes())
    options = complete("pretrained", {**_vgg(), "weights": copy, "frozen": True})
    model = build("pretrained", SHAPE, 2, options, seed=0).eval()
    axes = (Axis("colour", ("r", "g", "b")), *(Axis(n, tuple(map(str, range(16))), "px") for n in "yx"))
    one = np.ones((3, 1, 1))
    state = {key: value.clone() for key, value in model.state_dict().items()}
    fit = Fit("main", 0, 0, "pretrained", options, state, ("a", "b"), axes, "8 bit", "none", one, one, one, one,
              pd.DataFrame({"sample": ["x"]}))  # fmt: skip
    save_fit(fit, tmp_path / "fit")
    copy.unlink()
    x = torch.randn(2, *SHAPE)
    again = restore(load_fit(tmp_path / "fit"))
    torch.testing.assert_close(again(x), model(x))


@pytest.mark.parametrize("classes", [2, 3])
def test_a_linear_head_is_logistic_regression_on_the_features(weights, classes):
    rng = np.random.default_rng(0)
    y = np.arange(90) % classes
    x = torch.from_numpy((rng.normal(size=(90, *SHAPE)) + y[:, None, None, None]).astype(np.float32))
    model = build("linear_head", SHAPE, classes, {**_vgg(), "weights": weights[0], "penalty": 0.5}, seed=0)
    model.solve(torch.cat([model.summary(batch) for batch in x.split(32)]), torch.from_numpy(y), 0)
    model.eval()
    features = weights[1][:-1](x).detach().double().numpy()
    twin = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000)).fit(features, y)
    np.testing.assert_allclose(model(x).softmax(1).detach().numpy(), twin.predict_proba(features), atol=1e-3)
    assert not any(p.requires_grad for p in model.view.parameters())
    found = lrp.check(model, x[:2], composite="epsilon-plus")
    assert found.finite
    assert not found.refused
