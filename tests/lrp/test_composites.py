"""Which layer gets which rule."""

import pytest
import torch
from torch import nn

from biox import lrp
from biox.lrp import Composite, Entry, rules

from . import networks, textbook


def cnn() -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(12)
    return networks.cnn_2d().double().eval(), torch.randn(3, 3, 16, 16, dtype=torch.float64)


def rules_of(model: nn.Module, x: torch.Tensor, composite: Composite) -> dict[str, str]:
    found = lrp.check(model, x, 1, composite, low=-5.0, high=5.0)
    return {step.layer: step.rule for step in found.steps if step.layer}


def test_first_match_wins_by_kind_name_first_and_last():
    model, x = cnn()
    composite = Composite(
        (
            Entry(rules.flat(), first=True),
            Entry(rules.gamma(), name="4"),
            Entry(rules.wsquare(), last=True),
            Entry(rules.zplus(), kind="conv"),
            Entry(rules.epsilon()),
        )
    )
    assert rules_of(model, x, composite) == {"0": "flat", "4": "gamma", "8": "alpha-beta", "12": "wsquare"}
    others = Composite((Entry(rules.zplus(), last=False), Entry(rules.epsilon())))
    assert rules_of(model, x, others) == {"0": "alpha-beta", "4": "alpha-beta", "8": "alpha-beta", "12": "epsilon"}


def test_the_last_layer_is_the_one_that_runs_last_in_a_plain_function():
    torch.manual_seed(1)
    one, two = nn.Linear(6, 5).double(), nn.Linear(5, 3).double()
    x = torch.randn(4, 6, dtype=torch.float64)
    composite = Composite((Entry(rules.gamma(0.5, 1e-6), last=True), Entry(rules.epsilon(1e-6))))
    found = lrp.relevance(lambda x: two(torch.relu(one(x))), x, 1, composite)
    hidden = torch.relu(one(x)).detach()
    start = torch.zeros(4, 3, dtype=torch.float64)
    start[:, 1] = two(hidden)[:, 1].detach()
    inside = textbook.explained(two, hidden, textbook.gamma(0.5, 1e-6), start)
    torch.testing.assert_close(found, textbook.explained(one, x, textbook.epsilon(1e-6), inside), rtol=1e-9, atol=1e-12)


def test_without_folding_a_batch_norm_is_a_layer_by_itself():
    model, x = cnn()
    folded = lrp.relevance(model, x, 1, "epsilon-plus")
    composite = lrp.composite("epsilon-plus", fold_batchnorm=False)
    apart = lrp.relevance(model, x, 1, composite)
    assert (folded - apart).abs().max() > 0.01 * folded.abs().max()
    assert rules_of(model, x, composite) == {
        "0": "alpha-beta",
        "1": "epsilon",
        "4": "alpha-beta",
        "5": "epsilon",
        "8": "alpha-beta",
        "12": "epsilon",
    }


def test_folding_changes_nothing_where_a_batch_norm_does_nothing():
    model, x = cnn()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
            module.eps = 0.0
    exact = {"eps": 0.0, "stabiliser": 0.0}
    for name in ("epsilon", "epsilon-plus", "epsilon-gamma", "epsilon-alpha2-beta1"):
        apart = lrp.relevance(model, x, 1, lrp.composite(name, fold_batchnorm=False, **exact))
        torch.testing.assert_close(
            lrp.relevance(model, x, 1, lrp.composite(name, **exact)), apart, rtol=1e-8, atol=1e-12
        )


def test_a_blocked_layer_gets_nothing_and_hands_nothing_down():
    torch.manual_seed(3)
    left, right, head = nn.Linear(4, 5).double(), nn.Linear(4, 5).double(), nn.Linear(5, 2).double()

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right, self.head = left, right, head

        def forward(self, x):
            return self.head(self.left(x) + self.right(x))

    x = torch.randn(3, 4, dtype=torch.float64)
    both, only = (
        Composite((*entries, Entry(rules.epsilon()))) for entries in ((), (Entry(rules.blocking(), name="left"),))
    )
    blocked = lrp.relevance(Two(), x, 1, only)
    assert not torch.allclose(blocked, lrp.relevance(Two(), x, 1, both))
    alone = lrp.relevance(lambda x: head(left(x).detach() + right(x)), x, 1, "epsilon")
    torch.testing.assert_close(blocked, alone)


def test_deep_taylor_is_zplus_with_its_first_rule():
    model, x = cnn()
    same = {"deep-taylor": "zplus-wsquare", "deep-taylor-box": "zplus-box", "attnlrp": "epsilon"}
    for name, other in same.items():
        one, two = (lrp.relevance(model, x, 1, given, low=-5.0, high=5.0) for given in (name, other))
        assert torch.equal(one, two)


def test_options_that_a_composite_does_not_have_are_refused():
    with pytest.raises(ValueError, match="has no option 'gamma'; it has 'eps', 'stabiliser', 'fold_batchnorm'"):
        lrp.composite("epsilon", gamma=1.0)
    with pytest.raises(ValueError, match="'fold_batchnorm' must be true or false, got 1"):
        lrp.composite("epsilon", fold_batchnorm=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="There is no composite 'guided'"):
        lrp.composite("guided")


def test_a_composite_that_is_written_wrongly_is_refused():
    entry = Entry(rules.epsilon())
    with pytest.raises(ValueError, match="flow must be one of 'relevance', 'guided', 'deconvolution', got 'grad'"):
        Composite((entry,), flow="grad")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="start must be 'score' or 'one'"):
        Composite((entry,), start="scor")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs a tuple of entries"):
        Composite(entry)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="An entry needs a rule"):
        Entry(rules.epsilon)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"must be a name \(lrp.NAMES\) or a Composite"):
        lrp.relevance(nn.Linear(2, 2), torch.rand(1, 2), 0, rules.epsilon())  # type: ignore[arg-type]


def test_an_operation_is_the_same_as_a_function_and_as_a_method():
    from biox.lrp.handlers.activations import passed

    torch.manual_seed(4)
    one, two = nn.Linear(4, 5), nn.Linear(5, 2)
    x = torch.rand(3, 4)
    for operation in (torch.sin, torch.Tensor.sin):
        composite = lrp.with_operation("epsilon", operation, passed)
        function = lrp.relevance(lambda x: two(torch.sin(one(x))), x, 1, composite)
        assert torch.equal(function, lrp.relevance(lambda x: two(one(x).sin()), x, 1, composite))
    with pytest.raises(ValueError, match="An operation and its handler are functions"):
        lrp.with_operation("epsilon", "torch.sin", passed)  # type: ignore[arg-type]
