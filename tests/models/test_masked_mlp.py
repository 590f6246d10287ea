"""The masked network: what it is not shown has no influence, and its sizes are those that were asked for."""

import pytest
import torch

from biox.core.errors import InputError
from biox.models import build, complete
from biox.models.masked_mlp import doubled, masked_mlp


def net(**options):
    torch.manual_seed(0)
    return masked_mlp((6,), 6, **options).eval()


def shown(seed: int = 0) -> torch.Tensor:
    return torch.rand((4, 6), generator=torch.Generator().manual_seed(seed)) < 0.5


@pytest.mark.parametrize("rubbish", [float("nan"), float("inf"), 1e9, -3.0])
def test_what_is_not_shown_changes_no_prediction_and_no_gradient(rubbish):
    model, mask = net(), shown()
    values = torch.randn((4, 6), generator=torch.Generator().manual_seed(1))
    spoilt = torch.where(mask, values, rubbish)
    assert torch.equal(model(values, mask), model(spoilt, mask))
    gradients = []
    for one in (values, spoilt):
        model.zero_grad()
        model(one, mask).sum().backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_a_hidden_protein_differs_from_one_that_is_shown_as_average():
    """At 0, the mean of a standardised protein, x itself says nothing, but 1 - x says that it was measured."""
    x, mask = torch.zeros((1, 3)), torch.tensor([[True, False, True]])
    assert doubled(x, mask).tolist() == [[0, 0, 0, 1, 0, 1]]


def test_what_is_shown_changes_the_predictions_of_all_proteins():
    model, mask = net(), torch.tensor([[True, False, False, False, False, False]])
    low, high = (model(torch.tensor([[value, 0, 0, 0, 0, 0]]), mask) for value in (-2.0, 2.0))
    assert (low != high).all()


def test_widths_follow_the_proteins_up_to_the_cap():
    def sizes(**options):
        return [tuple(weight.shape) for weight, _ in net(**options).weights()]

    assert sizes() == [(60, 12), (60, 60), (60, 60), (6, 60)]
    assert sizes(width=0.5, layers=1) == [(3, 12), (6, 3)]
    assert sizes(most=7, layers=2) == [(7, 12), (7, 7), (6, 7)]
    assert sizes(width=0.01, layers=1) == [(1, 12), (6, 1)]


@pytest.mark.parametrize("wrong", [{"width": 0}, {"layers": 0}, {"most": 0}, {"dropout": 1.0}, {"dropout": -0.1}])
def test_impossible_options_are_refused_with_what_was_found(wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))} {next(iter(wrong.values()))}"):
        net(**wrong)


def test_another_number_of_outputs_than_inputs_is_refused():
    with pytest.raises(InputError, match="6 inputs and 5 outputs"):
        masked_mlp((6,), 5)


def test_dropout_is_for_training_alone():
    model, mask = net(dropout=0.5), shown()
    x = torch.ones((4, 6))
    assert torch.equal(model(x, mask), model(x, mask))
    model.train()
    assert not torch.equal(model(x, mask), model(x, mask))


def test_the_initial_weights_belong_to_the_seed_alone():
    one, torch_state = build("masked_mlp", (6,), 6, {"width": 2}, 5), torch.get_rng_state()
    torch.rand(3)
    two, other = build("masked_mlp", (6,), 6, {"width": 2}, 5), build("masked_mlp", (6,), 6, {"width": 2}, 6)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(one.layers[0].weight, other.layers[0].weight)
    torch.set_rng_state(torch_state)


def test_a_misspelt_option_is_refused_and_defaults_are_written_down():
    with pytest.raises(InputError, match="widths"):
        build("masked_mlp", (6,), 6, {"widths": 2}, 0)
    assert complete("masked_mlp", {"width": 2}) == {"width": 2, "layers": 3, "most": 2000, "dropout": 0.0}


def test_weights_are_those_of_the_layers_in_order():
    model = net(layers=2)
    for (weight, bias), layer in zip(model.weights(), model.layers, strict=True):
        assert torch.equal(weight, layer.weight)
        assert torch.equal(bias, layer.bias)
        assert not weight.requires_grad
