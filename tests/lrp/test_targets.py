"""What can be explained, and what relevance can be seen and masked inside the model."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from . import networks

EXACT = lrp.composite("epsilon", eps=0, stabiliser=0)


def made(bias: bool = True) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(11)
    return networks.cnn_2d(bias).double().eval(), torch.randn(4, 3, 16, 16, dtype=torch.float64)


@pytest.mark.parametrize("name", ["epsilon", "epsilon-plus-flat", "epsilon-gamma-box", "gamma", "attnlrp-gamma"])
def test_several_targets_at_once_equal_each_alone(name):
    model, x = made()
    targets = [0, torch.tensor([3, 2, 1, 0]), torch.randn(4, 4, dtype=torch.float64), lrp.difference(1, 2)]
    together = lrp.relevance(model, x, targets, name, low=-5.0, high=5.0)
    for found, target in zip(together, targets, strict=True):
        torch.testing.assert_close(found, lrp.relevance(model, x, target, name, low=-5.0, high=5.0), rtol=0, atol=1e-12)


def test_a_difference_of_classes_is_the_difference_of_their_relevances():
    model, x = made()
    found = lrp.attribute(model, x, lrp.difference(1, 2), "epsilon-plus")
    one, two = lrp.relevance(model, x, [1, 2], "epsilon-plus")
    torch.testing.assert_close(found.relevance, one - two, rtol=1e-4, atol=1e-5 * float(one.abs().max()))
    torch.testing.assert_close(found.score, model(x)[:, 1] - model(x)[:, 2])
    assert (found.relevance - one).abs().max() > 0.1 * one.abs().max()


def test_log_odds_of_softmax_is_conserved_without_biases():
    model, x = networks.mlp(bias=False).double(), torch.randn(4, 20, dtype=torch.float64)
    found = lrp.attribute(model, x, lrp.log_odds(2), EXACT)
    p = model(x).softmax(1)[:, 2]
    torch.testing.assert_close(found.score, (p / (1 - p)).log())
    # The soft maximum of the others is not homogeneous: what it hands down is its own value.
    torch.testing.assert_close(found.relevance.sum(1), found.score, rtol=1e-9, atol=1e-12)


def test_log_ratio_of_probabilities_equals_the_difference_of_logits():
    model, x = networks.mlp().double(), torch.randn(4, 20, dtype=torch.float64)
    found = lrp.relevance(lambda x: model(x).log_softmax(1).exp(), x, lrp.log_ratio(0, 1), EXACT)
    torch.testing.assert_close(found, lrp.relevance(model, x, lrp.difference(0, 1), EXACT), rtol=1e-8, atol=1e-10)


def test_a_function_takes_the_score_out_of_any_output():
    model, x = made()
    packed = lrp.relevance(lambda x: {"logits": model(x)}, x, lambda output: output["logits"][:, 1])
    torch.testing.assert_close(packed, lrp.relevance(model, x, 1))
    with pytest.raises(ValueError, match="must give one tensor of scores, got dict"):
        lrp.relevance(lambda x: {"logits": model(x)}, x, 1)
    with pytest.raises(ValueError, match=r"one score a sample, shape \(4,\); it gave \(4, 4\)"):
        lrp.relevance(model, x, lambda output: output)


def test_evidence_for_and_against_add_up():
    model, x = made()
    found = lrp.attribute(model, x, 1)
    assert bool((found.positive >= 0).all())
    assert bool((found.negative <= 0).all())
    assert torch.equal(found.positive + found.negative, found.relevance)


def test_every_layer_of_a_net_without_biases_passes_the_whole_score():
    model, x = networks.Residual().double(), torch.randn(3, 2, 8, 8, dtype=torch.float64)
    found = lrp.attribute(model, x, 1, EXACT, layers=["inlet", "head", "relu*"])
    assert set(found.layers) == {"inlet", "head", "relu", "relu:2", "relu:3"}
    for name in ("inlet", "relu", "head", "relu:3"):
        torch.testing.assert_close(found.layers[name].flatten(1).sum(1), found.score, rtol=1e-10, atol=1e-12)
    assert found.layers["inlet"].shape == (3, 6, 8, 8)
    torch.testing.assert_close(found.relevance, lrp.relevance(model, x, 1, EXACT))


def test_relevance_of_a_layer_is_what_the_rest_of_the_model_gives_it():
    model, x = made()
    found = lrp.attribute(model, x, 2, "epsilon-gamma", layers=["2", "4"])
    with torch.no_grad():
        inside = model[:7](x)
    # "4" is followed by its BatchNorm (5) and ReLU (6); relevance is that of what it hands on.
    torch.testing.assert_close(found.layers["4"], lrp.relevance(model[7:], inside, 2, "epsilon-gamma"))


def test_watching_does_not_change_the_relevance():
    model, x = made()
    plain = lrp.relevance(model, x, 1, "epsilon-plus-flat")
    assert torch.equal(lrp.attribute(model, x, 1, "epsilon-plus-flat", layers=["*"]).relevance, plain)
    assert not any(module._forward_hooks for module in model.modules())


def test_masks_of_all_channels_split_the_relevance():
    """Conditional relevances of a layer's channels add up to the unconditional one, as concepts do."""
    model, x = made()
    whole = lrp.relevance(model, x, 1, "epsilon-plus")
    parts = [lrp.attribute(model, x, 1, "epsilon-plus", masks={"4": channel}).relevance for channel in range(12)]
    torch.testing.assert_close(torch.stack(parts).sum(0), whole, rtol=1e-9, atol=1e-12)
    some = lrp.attribute(model, x, 1, "epsilon-plus", masks={"4": [0, 5, 7]}).relevance
    torch.testing.assert_close(some, parts[0] + parts[5] + parts[7], rtol=1e-9, atol=1e-12)
    nothing = lrp.attribute(model, x, 1, "epsilon-plus", masks={"4": torch.zeros(12, 1, 1)}).relevance
    assert not nothing.any()


def test_units_of_a_layer_are_explained_as_scores():
    model, x = made()
    found = lrp.attribute(model, x, lrp.Units("4", [1, 3]), "epsilon-plus")
    with torch.no_grad():
        inside = model[:7](x)
    torch.testing.assert_close(found.score, inside[:, [1, 3]].flatten(1).sum(1))
    weights = torch.zeros_like(inside)
    weights[:, [1, 3]] = 1
    expected = lrp.relevance(model[:7], x, weights, "epsilon-plus")
    torch.testing.assert_close(found.relevance, expected)


def test_names_that_no_layer_has_are_refused_with_those_it_has():
    model, x = made()
    with pytest.raises(ValueError, match=r"No layer 'conv\*' ran; the model has: 0, 1, 2"):
        lrp.attribute(model, x, 1, layers=["conv*"])
    with pytest.raises(ValueError, match="No layer '99' ran"):
        lrp.attribute(model, x, lrp.Units("99"))
    with pytest.raises(ValueError, match="'4' has the channels 0 to 11, but its mask keeps 12"):
        lrp.attribute(model, x, 1, masks={"4": 12})


def test_a_layer_used_twice_is_seen_twice():
    torch.manual_seed(2)
    layer, head = nn.Linear(5, 5, bias=False).double(), nn.Linear(5, 2, bias=False).double()

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.head = layer, head

        def forward(self, x):
            return self.head(functional.relu(self.layer(functional.relu(self.layer(x)))))

    x = torch.randn(3, 5, dtype=torch.float64)
    found = lrp.attribute(Twice(), x, 0, EXACT, layers=["layer*"])
    assert list(found.layers) == ["layer", "layer:2"]
    for seen in found.layers.values():
        torch.testing.assert_close(seen.sum(1), found.score, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["epsilon", "epsilon-plus", "epsilon-gamma", "gamma"])
def test_the_score_is_accounted_for_by_inputs_and_biases(name):
    torch.manual_seed(6)
    for model, x in (made(), (networks.mlp().double(), torch.randn(4, 20, dtype=torch.float64))):
        exact = {"eps": 0.0, "stabiliser": 0.0}
        found = lrp.attribute(model, x, 2, lrp.composite(name, **exact), biases=True)
        kept = sum(bias.flatten(1).sum(1) for bias in found.biases.values())
        torch.testing.assert_close(found.relevance.flatten(1).sum(1) + kept, found.score, rtol=1e-9, atol=1e-12)
        assert kept.abs().max() > 1e-3


def test_the_bias_of_one_layer_by_hand():
    torch.manual_seed(7)
    layer = nn.Linear(5, 3).double()
    x = torch.randn(4, 5, dtype=torch.float64)
    found = lrp.attribute(layer, x, 1, lrp.composite("epsilon", eps=0), biases=True)
    (kept,) = found.biases.values()
    expected = torch.zeros(4, 3, dtype=torch.float64)
    expected[:, 1] = layer.bias[1].detach()
    torch.testing.assert_close(kept, expected)


def test_guided_backpropagation_by_hand():
    torch.manual_seed(4)
    first, second = nn.Linear(6, 8).double(), nn.Linear(8, 2).double()
    x = torch.randn(3, 6, dtype=torch.float64)
    h = first(x)
    down = second.weight[1].expand(3, 8).clamp(min=0)
    guided = (down * (h > 0)) @ first.weight
    model = nn.Sequential(first, nn.ReLU(), second)
    torch.testing.assert_close(lrp.relevance(model, x, 1, "guided-backpropagation"), guided)
    torch.testing.assert_close(lrp.relevance(model, x, 1, "deconvolution"), down @ first.weight)


def test_excitation_is_a_probability():
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2)).double()
    x = torch.rand(5, 6, dtype=torch.float64)
    found = lrp.relevance(model, x, 1, lrp.composite("excitation", stabiliser=0))
    assert bool((found >= 0).all())
    torch.testing.assert_close(found.sum(1), torch.ones(5, dtype=torch.float64))


def test_numbers_and_arrays_of_numpy_are_targets():
    model, x = made()
    plain = lrp.relevance(model, x, 1)
    assert torch.equal(lrp.relevance(model, x, np.int64(1)), plain)
    assert torch.equal(lrp.relevance(model, x, np.ones(4, int)), plain)
    assert torch.equal(lrp.relevance(model, x, range(2))[1], plain)


def test_scores_and_errors_of_several_targets():
    model, x = networks.mlp(bias=False).double(), torch.randn(2, 20, dtype=torch.float64)
    found = lrp.attribute(model, x, [0, 1], "epsilon")  # as many targets as samples
    torch.testing.assert_close(lrp.score(model, x, [0, 1]), found.score)
    errors = lrp.conservation_error(found.score, found.relevance)
    assert errors.shape == (2, 2)
    assert errors.abs().max() < 1e-4


def test_the_conservation_error_is_the_share_that_is_missing():
    score = torch.tensor([2.0, -2.0])
    torch.testing.assert_close(lrp.conservation_error(score, score[:, None] / 2), torch.tensor([0.5, 0.5]))


@pytest.mark.parametrize("target", [lrp.difference(0, 9), lrp.log_odds(9), lrp.log_ratio(-1, 0)])
def test_classes_that_the_model_does_not_have_are_refused(target):
    model, x = made()
    with pytest.raises(ValueError, match=r"names the class -?\d, but the model's scores have shape \(4, 4\)"):
        lrp.relevance(model, x, target)


def test_a_recurrent_layer_is_seen_by_the_name_of_its_module():
    torch.manual_seed(8)

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.head = nn.GRU(3, 5, batch_first=True, bias=False), nn.Linear(5, 2, bias=False)

        def forward(self, x):
            return self.head(self.rnn(x)[0][:, -1])

    model, x = Reader().double(), torch.randn(3, 6, 3, dtype=torch.float64)
    found = lrp.attribute(model, x, 1, EXACT, layers=["rnn"])
    assert found.layers["rnn"].shape == (3, 6, 5)
    torch.testing.assert_close(found.layers["rnn"].flatten(1).sum(1), found.score)
    torch.testing.assert_close(found.relevance, lrp.relevance(model, x, 1, EXACT))


def test_a_mask_with_one_value_a_channel_is_for_channels():
    torch.manual_seed(9)
    model = nn.Sequential(nn.Conv1d(6, 16, 1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 2)).double()
    x = torch.randn(2, 6, 16, dtype=torch.float64)  # as many channels as points
    kept = lrp.attribute(model, x, 1, masks={"0": torch.arange(16) < 3}).relevance
    torch.testing.assert_close(kept, lrp.attribute(model, x, 1, masks={"0": [0, 1, 2]}).relevance)
    assert not lrp.attribute(model, x, 1, masks={"0": []}).relevance.any()


def test_an_empty_list_of_targets_is_refused():
    model, x = made()
    with pytest.raises(ValueError, match="list of targets is empty"):
        lrp.relevance(model, x, [])


def test_a_list_of_truths_is_a_mask():
    model, x = made()
    plain = lrp.attribute(model, x, 1, masks={"4": [0]}).relevance
    for mask in ([True] + [False] * 11, np.arange(12) < 1):
        assert torch.equal(lrp.attribute(model, x, 1, masks={"4": mask}).relevance, plain)


def test_biases_of_targets_that_pass_different_layers():
    model, x = made()
    found = lrp.attribute(model, x, [lrp.Units("4", 1), 0], "epsilon", biases=True)
    alone = lrp.attribute(model, x, 0, "epsilon", biases=True)
    torch.testing.assert_close(found.biases["12"][1], alone.biases["12"])
    assert not found.biases["12"][0].any()
