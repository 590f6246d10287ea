"""Without biases and stabilisers no relevance is lost: its sum is the explained score."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from . import networks

CONSERVING = ("epsilon", "epsilon-gamma", "epsilon-plus", "gamma", "zplus")
# z+ hands nothing on from a unit that nothing raises; such units carry relevance only where no ReLU silences them.
CONSERVING_BELOW_ZERO = ("epsilon", "epsilon-gamma", "gamma")


def exact(name: str) -> lrp.Composite:
    options = {"stabiliser": 0.0} if name == "zplus" else {"stabiliser": 0.0, "eps": 0.0}
    return lrp.composite(name, **options)


def lost(model, x, composite) -> float:
    found = lrp.relevance(model, x, 1, composite)
    return float(lrp.conservation_error(lrp.score(model, x, 1), found).abs().max())


def random(*shape: int) -> torch.Tensor:
    torch.manual_seed(11)
    return torch.randn(5, *shape, dtype=torch.float64)


def with_residual_sum() -> nn.Module:
    return networks.Residual().double()


@pytest.mark.parametrize("name", CONSERVING)
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: networks.mlp(bias=False), (20,)),
        (lambda: networks.gait_cnn(bias=False, points=120), (120,)),
        (networks.Residual, (2, 8, 8)),
    ],
    ids=["mlp", "gait-cnn", "residual-reused-in-place"],
)
def test_relevance_adds_up_to_the_score(make, shape, name):
    x = random(*shape)
    assert lost(make().double(), x, exact(name)) < 1e-10


def test_a_network_written_as_a_function_conserves():
    x = random(2, 10)
    weights = [torch.randn(*shape, dtype=torch.float64) for shape in ((4, 2, 3), (40, 6), (3, 6))]
    for name in CONSERVING:
        assert lost(networks.as_function(weights), x, exact(name)) < 1e-10


@pytest.mark.parametrize("name", CONSERVING_BELOW_ZERO)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (nn.LSTM, {}),
        (nn.LSTM, {"num_layers": 2, "bidirectional": True}),
        (nn.LSTM, {"proj_size": 3}),
        (nn.GRU, {}),
        (nn.GRU, {"num_layers": 2, "bidirectional": True}),
        (nn.RNN, {}),
    ],
)
def test_recurrent_networks_conserve_since_gates_get_nothing(kind, options, name):
    x = random(6, 4)
    model = networks.Recurrent(kind, **options).double()
    model(x)  # sets the size of the head
    assert lost(model, x, exact(name)) < 1e-10


@pytest.mark.parametrize("name", CONSERVING_BELOW_ZERO)
def test_a_densely_connected_network_conserves(name):
    x = random(2, 8, 8)
    assert lost(networks.DenselyConnected().double().eval(), x, exact(name)) < 1e-10


def test_weights_of_attention_stay_constant_when_heads_are_mixed():
    """CP-LRP takes the softmax as a constant, and so a linear layer over it (talking heads)."""
    weights = nn.Linear(6, 12, bias=False).double()
    mix, head = nn.Linear(2, 2, bias=False).double(), nn.Linear(6, 3, bias=False).double()

    def model(x):
        looked = weights(x).unflatten(-1, (2, 6)).transpose(1, 2).softmax(-1)  # sample, head, to, from
        mixed = mix(looked.movedim(1, -1)).sum(-1)
        return head((mixed @ x).mean(1))

    assert lost(model, random(6, 6), lrp.composite("cp-lrp", eps=0, stabiliser=0)) < 1e-10


def test_a_residual_sum_counts_relevance_once():
    """Hooks on modules give twice the score here, because the sum is no module."""
    block, head = nn.Linear(6, 6, bias=False).double(), nn.Linear(6, 3, bias=False).double()

    def model(x):
        h = functional.relu(x)
        h = h + block(h)
        return head(h)

    assert lost(model, random(6), exact("epsilon")) < 1e-10


@pytest.mark.parametrize(
    "pool",
    [
        lambda h: functional.avg_pool1d(h, 2),
        lambda h: functional.adaptive_avg_pool1d(h, 3),
        lambda h: functional.max_pool1d(h, 3, stride=2),
        lambda h: functional.adaptive_max_pool1d(h, 2),
        lambda h: h.mean(-1, keepdim=True),
        lambda h: h.sum(-1, keepdim=True),
        lambda h: h.amax(-1, keepdim=True),
        lambda h: h.max(-1, keepdim=True).values,
        lambda h: h * 3 - h / 2,
        lambda h: -(h.flip(-1)),
        lambda h: torch.cat([h[:, :2], h[:, 2:] + h[:, 2:]], dim=1),
        lambda h: torch.stack(h.unbind(1)).transpose(0, 1),
        lambda h: h.permute(0, 2, 1).contiguous().view(h.size(0), -1).unsqueeze(1).squeeze(1),
        lambda h: sum([h, h.roll(1, -1)]),
        lambda h: h.__add__(h).__radd__(h).__sub__(h).__mul__(2).__rmul__(3).__truediv__(4),
        lambda h: (-h).__rsub__(h).__iadd__(h),
        lambda h: 2 * h.clamp(min=0),
        lambda h: functional.pad(h, (1, 2)),
        lambda h: torch.where(h > 0, h, torch.zeros_like(h)),
    ],
)
def test_pooling_sums_and_rearrangements_conserve(pool):
    x = random(4, 7)
    conv = nn.Conv1d(4, 4, 3, padding=1, bias=False).double()
    h = torch.relu(conv(x))
    head = torch.randn(pool(h).flatten(1).shape[1], 3, dtype=torch.float64)

    def model(x):
        return pool(torch.relu(conv(x))).flatten(1) @ head

    assert lost(model, x, exact("epsilon")) < 1e-10


def test_a_constant_takes_its_share_as_a_bias_does():
    weight, offset = torch.ones(2, 1, dtype=torch.float64), torch.tensor([[3.0]], dtype=torch.float64)
    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64)

    def model(x):
        return functional.linear(x, weight.t()).relu() + offset

    found = lrp.relevance(model, x, 0, exact("epsilon"))
    torch.testing.assert_close(found, x)  # the score is 6, and 3 of it are the constant's
    error = lrp.conservation_error(lrp.score(model, x, 0), found)
    assert float(error) == pytest.approx(0.5)


def test_a_normalisation_of_the_input_inside_the_model_only_changes_its_unit():
    torch.manual_seed(0)
    conv = nn.Conv1d(1, 3, 3, bias=False).double()

    def outside(x):
        return conv(x).flatten(1)

    x = random(1, 6)
    for name in ("epsilon", "zplus-box", "zplus-flat"):
        bare = lrp.relevance(outside, (x - 5.0) / 2.0, 1, name, low=-4.5, high=0.5)
        inside = lrp.relevance(lambda x: outside((x - 5.0) / 2.0), x, 1, name, low=-4.0, high=6.0)
        torch.testing.assert_close(inside, bare)
        turned = lrp.relevance(lambda x: outside((5.0 - x) / -2.0), x, 1, name, low=-4.0, high=6.0)
        torch.testing.assert_close(turned, bare)
        negated = lrp.relevance(lambda x: outside((5.0 - x) / 2.0), -x + 10.0, 1, name, low=4.0, high=14.0)
        torch.testing.assert_close(negated, bare)
