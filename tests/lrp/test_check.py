"""``check`` says what happens to a model's relevance, and says so rightly."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from . import networks


def test_every_layer_with_its_rule_and_what_it_kept():
    torch.manual_seed(1)
    model, x = networks.cnn_2d().double().eval(), torch.randn(3, 3, 16, 16, dtype=torch.float64)
    found = lrp.check(model, x, 2, "epsilon-gamma")
    layers = {step.layer: step for step in found.steps if step.layer}
    assert {name: step.rule for name, step in layers.items()} == {
        "0": "gamma",
        "4": "gamma",
        "8": "gamma",
        "12": "epsilon",
    }
    assert layers["0"].operation == "conv2d + batch_norm + relu"
    plain = lrp.attribute(model, x, 2, "epsilon-gamma", layers=["4"])
    assert found.score == pytest.approx(float(plain.score.sum()))
    assert found.relevance == pytest.approx(float(plain.relevance.sum()))
    assert layers["4"].arrived == pytest.approx(float(plain.layers["4"].sum()))
    # What the steps kept is exactly what is missing in the end.
    assert sum(step.kept for step in found.steps) == pytest.approx(found.score - found.relevance, abs=1e-12)
    assert found.errors == pytest.approx(lrp.conservation_error(plain.score, plain.relevance).tolist())
    assert found.difference == 0
    assert found.finite
    assert not found.refused


def test_nothing_is_kept_without_biases():
    model, x = networks.Residual().double(), torch.randn(3, 2, 8, 8, dtype=torch.float64)
    found = lrp.check(model, x, composite=lrp.composite("epsilon", eps=0, stabiliser=0))
    assert max(abs(step.kept) for step in found.steps) < 1e-12 * max(1.0, abs(found.score))
    assert found.errors == pytest.approx([0] * 3, abs=1e-10)


def test_gates_are_listed_as_idle():
    torch.manual_seed(2)
    signal, gate, head = nn.Linear(6, 5), nn.Linear(6, 5), nn.Linear(5, 2)
    found = lrp.check(lambda x: head(signal(x) * gate(x).sigmoid()), torch.randn(4, 6))
    assert {step.operation for step in found.idle} == {"linear", "sigmoid"}
    assert "Got no relevance: linear, sigmoid." in str(found)


def test_what_cannot_pass_is_listed_and_does_not_stop_the_check():
    head = nn.Linear(5, 2)
    found = lrp.check(lambda x: head(torch.cumprod(x, 1)), torch.randn(4, 5))
    assert len(found.refused) == 1
    assert "cumprod" in found.refused[0]
    assert "NOT EXPLAINED" in str(found)
    assert "REFUSED" in str(found)


def test_steps_of_a_recurrent_layer_are_one_row():
    torch.manual_seed(3)
    lstm, head = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 2)
    found = lrp.check(lambda x: head(lstm(x)[0][:, -1]), torch.randn(2, 9, 3))
    assert sum(step.operation == "tanh" for step in found.steps) == 1
    assert found.difference < 1e-6


def test_the_table_names_place_and_verdict():
    found = lrp.check(networks.mlp(), torch.randn(2, 20))
    text = str(found)
    assert "linear + relu" in text
    assert "torch" not in text.splitlines()[2]
    assert "Watching changes the model's output not at all. All relevance is finite." in text
    assert "was absorbed by biases, constants and stabilisers." in text


def test_losses_of_opposite_sign_do_not_cancel():
    torch.manual_seed(4)
    layer, x = nn.Linear(6, 2), torch.randn(4, 6)
    nn.init.constant_(layer.bias, 0.01)
    found = lrp.check(layer, torch.cat([x, -x]), 1, "epsilon")
    assert found.score == pytest.approx(8 * 0.01, abs=1e-5)
    assert found.errors is not None
    middle = sorted(map(abs, found.errors))[4]
    assert middle < 0.1  # although the sums over the batch are far apart
    assert abs(found.score - found.relevance) > 0.9 * found.score
    assert f"{middle:.2%} (in the middle)" in str(found)
    assert f"{max(map(abs, found.errors)):.2%} (at most)" in str(found)


def test_a_composite_that_does_not_divide_the_score_says_so():
    text = str(lrp.check(networks.mlp(), torch.rand(2, 20), 1, "excitation"))
    assert "This composite does not divide the score" in text
    assert "absorbed" not in text


def test_small_inputs_get_a_hint():
    model = networks.mlp()
    assert "Bring the input to a scale near 1" in str(lrp.check(model, torch.rand(2, 20) * 1e-5, 1))
    assert "Bring the input" not in str(lrp.check(model, torch.rand(2, 20), 1))


def test_a_model_without_one_tensor_of_scores_needs_a_target():
    net = networks.mlp()
    with pytest.raises(ValueError, match="say with target="):
        lrp.check(lambda x: (net(x), x), torch.randn(2, 20))
    found = lrp.check(lambda x: (net(x), functional.relu(x)), torch.randn(2, 20), lambda output: output[0][:, 1])
    assert found.difference == 0
