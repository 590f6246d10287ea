"""Relevance for many targets at once is that of the engine, target by target, whatever the network and the mask."""

import pytest
import torch

from biox import lrp
from biox.explain.all_targets import changed, relevance_of_targets
from biox.models.masked_mlp import doubled
from tests.explain.random_networks import Fixed, Rows, network, rows


def by_engine(model, given: Rows, gamma: float) -> torch.Tensor:
    """Relevance (row, target, source), one call of the engine for every target."""
    x = doubled(given.values, given.mask())
    composite = lrp.composite("gamma", gamma=gamma, eps=1e-6)
    proteins = given.values.shape[1]
    found = torch.empty((*given.targets.shape, given.shown.shape[1]), dtype=x.dtype)
    for place in range(given.targets.shape[1]):
        whole = lrp.relevance(Fixed(model), x, given.targets[:, place], composite)
        both = 0.5 * (whole[:, :proteins] + whole[:, proteins:])
        found[:, place] = both.gather(1, given.shown)
    return found


def at_once(model, given: Rows, gamma: float) -> tuple[torch.Tensor, torch.Tensor]:
    return relevance_of_targets(changed(model, gamma), given.values, given.shown, given.seen, given.targets)


@pytest.mark.parametrize("gamma", [0.0, 0.01, 0.25, 3.0])
@pytest.mark.parametrize(("proteins", "layers"), [(8, 3), (7, 1), (9, 2), (5, 4)])
def test_relevance_is_that_of_the_engine_for_every_target(gamma, proteins, layers):
    for seed in range(4):
        model, given = network(proteins, layers=layers, seed=seed), rows(proteins, seed=seed)
        found, predicted = at_once(model, given, gamma)
        assert (predicted < 0).any()
        assert (predicted > 0).any()
        torch.testing.assert_close(found, by_engine(model, given, gamma), rtol=1e-8, atol=1e-9)


def test_predictions_are_those_of_the_network():
    model, given = network(9), rows(9)
    expected = model(given.values, given.mask()).gather(1, given.targets)
    torch.testing.assert_close(at_once(model, given, 0.25)[1], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rubbish", [float("nan"), float("inf"), 1e9])
def test_values_that_are_hidden_or_not_measured_change_nothing(rubbish):
    model, given = network(8), rows(8)
    spoilt = torch.where(given.mask(), given.values, rubbish)
    other = Rows(spoilt, given.shown, given.seen, given.targets)
    for one, two in zip(at_once(model, given, 0.25), at_once(model, other, 0.25), strict=True):
        assert torch.equal(one, two)


def test_what_was_not_measured_gets_no_relevance():
    given = rows(8)
    found, _ = at_once(network(8), given, 0.25)
    assert (found.transpose(1, 2)[~given.seen] == 0).all()
    assert (found.transpose(1, 2)[given.seen] != 0).any()


def test_a_row_that_sees_nothing_explains_by_its_biases_alone():
    given = rows(6, missing=1.1)
    found, predicted = at_once(network(6), given, 0.01)
    assert (found == 0).all()
    assert predicted.isfinite().all()


def test_one_layer_of_its_own_shares_a_prediction_as_the_textbook_says():
    """Without biases and with gamma 0, half of each output is divided: the mean of x and 1 - x shares."""
    model, given = network(6, layers=2), rows(6, missing=0)
    for layer in model.layers:
        torch.nn.init.zeros_(layer.bias)
    found, predicted = at_once(model, given, 0.0)
    torch.testing.assert_close(2 * found.sum(2), predicted, rtol=1e-3, atol=1e-4)


def test_dead_units_and_outputs_of_zero_give_no_relevance_and_no_nan():
    model, given = network(6), rows(6)
    torch.nn.init.zeros_(model.layers[-1].weight)
    torch.nn.init.zeros_(model.layers[-1].bias)
    assert (at_once(model, given, 0.25)[0] == 0).all()
    model = network(6)
    torch.nn.init.constant_(model.layers[-2].bias, -1e6)
    found, predicted = at_once(model, given, 0.25)
    assert (found == 0).all()
    assert torch.equal(predicted, model.layers[-1].bias[given.targets])


def test_the_network_and_its_values_are_left_as_they_were():
    model, given = network(7), rows(7)
    before = [value.clone() for value in (*model.state_dict().values(), given.values, given.shown, given.seen)]
    ready = changed(model, 0.25)
    one = relevance_of_targets(ready, given.values, given.shown, given.seen, given.targets)[0]
    two = relevance_of_targets(ready, given.values, given.shown, given.seen, given.targets)[0]
    assert torch.equal(one, two)
    after = (*model.state_dict().values(), given.values, given.shown, given.seen)
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_rows_and_targets_do_not_influence_each_other():
    model, given = network(9), rows(9)
    found, _ = at_once(model, given, 0.25)
    some = Rows(given.values[2:3], given.shown[2:3], given.seen[2:3], given.targets[2:3, [3, 0]])
    torch.testing.assert_close(at_once(model, some, 0.25)[0], found[2:3, [3, 0]], rtol=1e-12, atol=1e-12)


def test_single_precision_agrees_with_double_precision():
    model, given = network(12), rows(12)
    exact, _ = at_once(model, given, 0.01)
    rough, _ = at_once(model.float(), Rows(given.values.float(), given.shown, given.seen, given.targets), 0.01)
    assert (rough.double() - exact).norm() < 1e-3 * exact.norm()


def test_products_in_bfloat16_change_relevance_by_about_a_hundredth_and_no_prediction():
    model, given = network(40, layers=3).float(), rows(40, count=20)
    values = given.values.float()
    exact, one = relevance_of_targets(changed(model, 0.01), values, given.shown, given.seen, given.targets)
    ready = changed(model, 0.01, torch.bfloat16)
    rough, two = relevance_of_targets(ready, values, given.shown, given.seen, given.targets)
    assert rough.dtype == torch.float32
    assert torch.equal(one, two)
    assert 0 < (rough - exact).norm() < 0.015 * exact.norm()
