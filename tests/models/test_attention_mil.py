"""Bags of tiles: attention as written by Ilse et al., and relevance that finds the tile that made the answer."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from biox import lrp
from biox.core.errors import InputError
from biox.models import build

SHAPE = (3, 5, 16, 16)
ENCODER = {"widths": [[8], [16]], "hidden": [], "dropout": 0.0, "batchnorm": False}
OPTIONS = {"encoder": "vgg", "arguments": ENCODER, "hidden": 8}
COMPOSITES = ["epsilon-plus", "epsilon-gamma-box", "epsilon-alpha2-beta1-flat"]


def bags(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    """Noise; in every other bag one tile holds a bright square, which makes the bag's label. Also which tile."""
    rng = np.random.default_rng(seed)
    x, y, planted = rng.normal(size=(count, *SHAPE)), np.arange(count) % 2, rng.integers(SHAPE[1], size=count)
    for k in np.flatnonzero(y):
        row, column = rng.integers(0, 11, size=2)
        x[k, :, planted[k], row : row + 5, column : column + 5] += 2.5
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y), planted


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    x, y, _ = bags(200, 0)
    model = build("attention_mil", SHAPE, 2, OPTIONS, seed=0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(12):
        for rows in torch.arange(200).split(20):
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model.eval()


def test_it_is_the_published_gated_attention_written_by_hand():
    model, (x, _, _) = build("attention_mil", SHAPE, 3, OPTIONS, seed=0).eval(), bags(4, 1)
    tiles = torch.stack([model.encoder(x[:, :, k]) for k in range(SHAPE[1])], dim=1)
    gate, attend = model.attend, torch.zeros(4, SHAPE[1])
    for bag in range(4):
        for k in range(SHAPE[1]):
            h = tiles[bag, k]
            attend[bag, k] = gate.score(torch.tanh(gate.signal(h)) * torch.sigmoid(gate.gate(h)))
    weight = attend.exp() / attend.exp().sum(1, keepdim=True)
    torch.testing.assert_close(model.attention(x), weight, atol=1e-6, rtol=1e-5)
    z = sum(weight[:, k, None] * tiles[:, k] for k in range(SHAPE[1]))
    torch.testing.assert_close(model(x), model.head(z), atol=1e-5, rtol=1e-4)


def test_the_order_of_the_tiles_does_not_matter(trained):
    x, _, _ = bags(4, 2)
    torch.testing.assert_close(trained(x.flip(2)), trained(x), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(trained.attention(x.flip(2)), trained.attention(x).flip(1), atol=1e-5, rtol=1e-4)


def test_the_gradient_reaches_the_attention():
    model, (x, y, _) = build("attention_mil", SHAPE, 2, OPTIONS, seed=0), bags(4, 3)
    nn.functional.cross_entropy(model(x), y).backward()
    assert all(
        p.grad is not None and p.grad.abs().max() > 0 for p in (model.attend.score.weight, model.attend.gate.weight)
    )


@pytest.mark.parametrize("composite", COMPOSITES)
def test_relevance_and_attention_find_the_planted_tile(trained, composite):
    x, y, planted = bags(200, 4)
    assert (trained(x).argmax(1) == y).double().mean() > 0.9
    rows = (y == 1).nonzero().flatten()
    found = lrp.relevance(trained, x[rows], lrp.difference(1, 0), composite, low=x.min(), high=x.max())
    tile = found.sum((1, 3, 4)).argmax(1).numpy()
    assert (tile == planted[rows]).mean() > 0.9
    looked = trained.attention(x[rows]).argmax(1).numpy()
    assert (looked == planted[rows]).mean() > 0.8


def test_a_tiles_relevance_is_its_attention_times_what_it_says(trained):
    # The encoder has no biases but those set to 0 here, so nothing is lost below the features.
    model, (x, _, _) = build("attention_mil", SHAPE, 2, OPTIONS, seed=0).eval().double(), bags(6, 5)
    model.load_state_dict(trained.state_dict())
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("bias") and "attend" not in key:
                parameter.zero_()
        x = x.double()
        said = (model.features(x) * model.head.weight[1]).sum(2) * model.attention(x)
        score = model(x)[:, 1]
    composite = lrp.composite("epsilon", eps=1e-12, stabiliser=1e-12)
    found = lrp.relevance(model, x, 1, composite).sum((1, 3, 4))
    torch.testing.assert_close(found, said, atol=1e-8, rtol=1e-6)
    torch.testing.assert_close(found.sum(1), score, atol=1e-8, rtol=1e-6)


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("frozen", [True, False])
def test_only_the_attention_branch_gets_no_relevance(composite, frozen):
    model, (x, _, _) = build("attention_mil", SHAPE, 2, {**OPTIONS, "frozen": frozen}, seed=0).eval(), bags(2, 6)
    low = torch.full((3, 1, 1, 1), float(x.min()))
    found = lrp.check(model, x, composite=composite, low=low, high=-low)
    assert not found.refused
    assert found.finite
    assert found.difference < 1e-5
    assert all(step.layer.startswith("attend") or not step.layer for step in found.idle)


def test_a_frozen_encoder_from_a_file_stays_as_it_is_and_the_rest_learns(tmp_path):
    encoder = build("vgg", (3, 16, 16), 4, ENCODER, seed=9)
    save_file(encoder.state_dict(), tmp_path / "vgg.safetensors")
    options = {**OPTIONS, "weights": tmp_path / "vgg.safetensors", "frozen": True}
    model, (x, _, _) = build("attention_mil", SHAPE, 2, options, seed=0).train(), bags(8, 7)
    assert not model.encoder.training
    assert model.attend.training
    learning = {key for key, p in model.named_parameters() if p.requires_grad}
    assert learning == {key for key in model.state_dict() if not key.startswith("encoder.")}
    torch.testing.assert_close(model.encoder(x[:, :, 0]), encoder.eval()[:-1](x[:, :, 0]))


def test_what_is_no_bag_is_refused():
    with pytest.raises(InputError, match=r"attention_mil wants bags of shape \(colour, tile, height, width\)"):
        build("attention_mil", (3, 16, 16), 2, {}, seed=0)
