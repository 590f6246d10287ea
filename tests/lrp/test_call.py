"""The public call: targets, names, options, bounds, and what it says when they do not fit."""

import pytest
import torch
from torch import nn

from biox import lrp
from biox.lrp import Composite, Entry, rules

from . import networks


def made():
    torch.manual_seed(4)
    return networks.mlp().double(), torch.randn(6, 20, dtype=torch.float64)


def test_one_class_a_sample_explains_each_sample_by_itself():
    model, x = made()
    target = torch.tensor([0, 1, 2, 2, 1, 0])
    together = lrp.relevance(model, x, target)
    for row, one in enumerate(target.tolist()):
        torch.testing.assert_close(together[row : row + 1], lrp.relevance(model, x[row : row + 1], one))


def test_output_weights_explain_a_weighted_sum_of_scores():
    model, x = made()
    weights = torch.tensor([[1.0, -2.0, 0.0]]).expand(6, 3)
    expected = lrp.relevance(model, x, 0) - 2 * lrp.relevance(model, x, 1)
    torch.testing.assert_close(lrp.relevance(model, x, weights), expected)
    scores = model(x)
    torch.testing.assert_close(lrp.score(model, x, weights), scores[:, 0] - 2 * scores[:, 1])


def test_a_model_with_a_single_score_a_sample_has_class_zero():
    weight, x = torch.ones(20, 1, dtype=torch.float64), made()[1]
    found = lrp.relevance(lambda x: (x @ weight).squeeze(1), x, 0, lrp.composite("epsilon", eps=0))
    torch.testing.assert_close(found, x)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (3, "classes 0 to 2"),
        (-1, "classes 0 to 2"),
        (torch.tensor([0, 1]), "a tensor of 6 integers"),
        (torch.ones(6, 2), r"shape \(6, 2\)"),
        (1.5, "must be a class"),
        (torch.tensor([True] * 6), "must be a class"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(target, said):
    model, x = made()
    with pytest.raises(ValueError, match=said):
        lrp.relevance(model, x, target)


def test_unknown_composites_and_options_list_the_known_ones():
    with pytest.raises(ValueError, match=r"no composite 'epsilon-squre'; known are 'epsilon', 'epsilon-plus'"):
        lrp.composite("epsilon-squre")
    with pytest.raises(ValueError, match=r"no option 'epsilon'; it has 'eps', 'stabiliser'"):
        lrp.composite("epsilon", epsilon=1e-5)
    with pytest.raises(ValueError, match="must be a number, got 'small'"):
        lrp.composite("epsilon", eps="small")
    with pytest.raises(ValueError, match="Unknown kind of layer 'dense'"):
        Entry(rules.epsilon(), kind="dense")


@pytest.mark.parametrize("first", ["", "-flat", "-box"])
@pytest.mark.parametrize("base", ["epsilon", "epsilon-plus", "epsilon-gamma", "epsilon-alpha2-beta1"])
def test_the_promised_names_exist(base, first):
    assert base + first in lrp.NAMES
    assert lrp.composite(base + first).needs_bounds == (first == "-box")


def test_options_reach_the_rules():
    model, x = made()
    default, stronger = (
        lrp.relevance(model, x, 1, "epsilon"),
        lrp.relevance(model, x, 1, lrp.composite("epsilon", eps=0.5)),
    )
    by_hand = lrp.relevance(model, x, 1, Composite((Entry(rules.epsilon(0.5)),)))
    assert torch.equal(stronger, by_hand)
    assert (default - stronger).abs().max() > 1e-3
    assert torch.equal(default, lrp.relevance(model, x, 1, lrp.composite("epsilon", eps=1e-6)))


def test_the_first_entry_that_matches_counts_by_name_kind_and_first():
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Conv1d(2, 2, 3), nn.Flatten(), nn.Linear(12, 2))
    model = model.double()
    x = torch.randn(3, 1, 10, dtype=torch.float64)
    composite = Composite(
        (
            Entry(rules.flat(), first=True),
            Entry(rules.gamma(0.5), name="2*"),
            Entry(rules.zplus(), kind="conv"),
            Entry(rules.epsilon()),
        )
    )
    met = [
        composite.rule_for(lrp.Place(*layer)).name
        for layer in (("conv", "0", True), ("conv", "2", False), ("linear", "4", False))
    ]
    assert met == ["flat", "gamma", "epsilon"]
    names = Composite(
        (Entry(rules.flat(), name="0"), Entry(rules.gamma(0.5), name="2"), Entry(rules.epsilon(), name="4"))
    )
    torch.testing.assert_close(lrp.relevance(model, x, 1, composite), lrp.relevance(model, x, 1, names))


def test_a_layer_without_an_entry_is_named():
    model, x = made()
    with pytest.raises(ValueError, match="No entry of the composite is for the layer '5' of kind 'linear'"):
        lrp.relevance(model, x, 1, Composite((Entry(rules.epsilon(), kind="conv"),)))


def test_the_box_rule_asks_for_its_bounds():
    model, x = made()
    with pytest.raises(ValueError, match="needs low and high"):
        lrp.relevance(model, x, 1, "epsilon-box", low=0.0)
    with pytest.raises(ValueError, match=r"high has shape \(7,\), which does not broadcast"):
        lrp.relevance(model, x, 1, "epsilon-box", low=0.0, high=torch.ones(7))
    with pytest.raises(ValueError, match="low is above high"):
        lrp.relevance(model, x, 1, "epsilon-box", low=1.0, high=0.0)
    with pytest.raises(ValueError, match=r"layer '5'.*does not"):
        lrp.relevance(model, x, 1, Composite((Entry(rules.box()),)), low=-5.0, high=5.0)


def test_bounds_follow_the_input_through_its_rearrangement():
    """Bounds are given as a sample looks, and used as the first layer sees it."""
    torch.manual_seed(9)
    layer = nn.Linear(12, 2).double()
    x = torch.randn(5, 3, 4, dtype=torch.float64)
    low, high = x.amin(0) - torch.rand(3, 4), x.amax(0) + torch.rand(3, 4)
    arranged = lrp.relevance(lambda x: layer(x.transpose(1, 2).reshape(len(x), 12)), x, 1, "epsilon-box", low, high)
    plain = lrp.relevance(layer, x.transpose(1, 2).flatten(1), 1, "epsilon-box", low.t().flatten(), high.t().flatten())
    torch.testing.assert_close(arranged, plain.reshape(5, 4, 3).transpose(1, 2))


def test_conservation_error_is_the_missing_share_of_the_score():
    error = lrp.conservation_error(torch.tensor([2.0, -4.0]), torch.tensor([[1.0, 0.5], [-4.0, 0.0]]))
    assert error.tolist() == [0.25, 0.0]


def test_a_plain_linear_layer_is_named_by_its_weight():
    layer, x = nn.Linear(4, 2), torch.randn(3, 4)
    named = Composite((Entry(rules.epsilon(), name="weight"),))
    assert torch.equal(lrp.relevance(layer, x, 1, named), lrp.relevance(layer, x, 1, "epsilon"))


def test_changed_weights_change_the_explanation_at_once():
    """Writing through .data raises no version counter; nothing computed from weights may outlive a call."""
    layer, x = nn.Linear(4, 2).double(), torch.rand(3, 4, dtype=torch.float64)
    for change in (
        lambda: nn.init.normal_(layer.weight),
        lambda: layer.weight.data.mul_(-1.5),
        lambda: layer.weight.data[1].zero_(),
        lambda: setattr(layer.weight, "data", torch.randn(2, 4, dtype=torch.float64)),
        lambda: layer.load_state_dict({"weight": torch.ones(2, 4), "bias": torch.ones(2)}),
    ):
        before = lrp.relevance(layer, x, 1, "zplus")
        change()
        fresh = nn.Linear(4, 2).double()
        fresh.load_state_dict(layer.state_dict())
        after = lrp.relevance(layer, x, 1, "zplus")
        assert torch.equal(after, lrp.relevance(fresh, x, 1, "zplus"))
        assert not torch.equal(after, before)


def test_an_array_that_is_no_tensor_is_refused_by_its_type():
    with pytest.raises(ValueError, match="got ndarray"):
        lrp.relevance(nn.Linear(2, 2), torch.zeros(1, 2).numpy(), 0)
