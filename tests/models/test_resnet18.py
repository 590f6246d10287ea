"""ResNet18: the twin of torchvision's, weight by weight and value by value."""

import pytest
import torch
from safetensors.torch import save_file

from biox.core.errors import InputError
from biox.models import build


@pytest.fixture(scope="module")
def theirs(torchvision_declared):
    """Torchvision's resnet18, with running means and variances as after training."""
    models = pytest.importorskip("torchvision.models")
    torch.manual_seed(0)
    model = models.resnet18(num_classes=7)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return model.eval()


def test_it_computes_what_torchvisions_computes(theirs):
    ours = build("resnet18", (3, 64, 64), 7, {}, seed=0)
    assert set(ours.state_dict()) == set(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(ours.eval()(x), theirs(x), atol=1e-5, rtol=1e-5)


def test_weights_of_another_number_of_classes_load_and_only_the_last_layer_is_new(theirs, tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file(theirs.state_dict(), file)
    ours = build("resnet18", (3, 64, 64), 3, {"weights": str(file)}, seed=0)
    own = ours.state_dict()
    body = [key for key in own if not key.startswith("fc.")]
    assert len(body) == 120
    assert all(torch.equal(own[key], theirs.state_dict()[key]) for key in body)
    assert own["fc.weight"].shape == (3, 512)


def test_weights_of_another_stem_are_refused_by_name(theirs, tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file(theirs.state_dict(), file)
    with pytest.raises(
        InputError, match=r"1 of another shape \(conv1.weight \(64, 3, 7, 7\) instead of \(64, 3, 3, 3\)"
    ):
        build("resnet18", (3, 64, 64), 3, {"weights": file, "stem": "small"}, seed=0)


def test_a_small_stem_keeps_four_times_the_resolution():
    x, places = torch.randn(1, 3, 32, 32), {}
    for stem in ("large", "small"):
        model = build("resnet18", (3, 32, 32), 2, {"stem": stem, "widths": [8, 8, 8, 8]}, seed=0).eval()
        model.layer4.register_forward_hook(lambda _m, _i, out, stem=stem: places.update({stem: tuple(out.shape[2:])}))
        assert model(x).shape == (1, 2)
    assert places == {"large": (1, 1), "small": (4, 4)}


def test_what_is_no_picture_is_refused():
    with pytest.raises(InputError, match=r"resnet18 wants samples of shape \(colour, height, width\)"):
        build("resnet18", (2, 30), 2, {}, seed=0)
