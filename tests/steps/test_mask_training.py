"""Training on masks: the best weights are kept, interruptions leave no trace, and what is missing is never seen."""

import copy
import math

import numpy as np
import pytest
import torch

from biox.core.errors import InputError
from biox.core.training import Training
from biox.models import build
from biox.steps import mask_training
from biox.steps.checkpoints import Checkpoint
from biox.steps.mask_training import Levels, descend_masked, hidden_loss, optimise_masked


def made(samples=40, proteins=6, seed=0, missing=0.0) -> Levels:
    """Proteins that come in pairs which hold the same level but for noise."""
    random = torch.Generator().manual_seed(seed)
    half = torch.randn((samples, proteins // 2), generator=random)
    x = torch.cat([half, half], dim=1) + 0.1 * torch.randn((samples, proteins), generator=random)
    measured = torch.rand((samples, proteins), generator=random) >= missing
    return Levels(torch.where(measured, x, 0), measured)


def net(dropout=0.0):
    return build("masked_mlp", (6,), 6, {"width": 4, "layers": 2, "dropout": dropout}, 3)


def settings(**change) -> Training:
    usual = {"epochs": 30, "batch": 16, "learning_rate": 0.01, "weight_decay": 0.0, "patience": 30}
    return Training(**{**usual, **change})


def same(one, two) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_kept_weights_have_the_lowest_loss_of_the_history(average):
    # So many epochs on so few samples that the last ones are not the best.
    model, validation = net(), made(12, seed=1)
    training = settings(epochs=150, patience=150, learning_rate=0.1, average=average, schedule="constant")
    history = optimise_masked(model, made(14), validation, training, 0)
    best = history["validation_loss"].min()
    assert history.loc[history["best"], "validation_loss"].tolist() == [best]
    assert history["validation_loss"].iloc[-1] > best
    assert mask_training._Judge(validation, training, 0).loss(model) == best


def test_training_stops_when_the_loss_has_not_fallen_for_patience_epochs():
    training = settings(epochs=500, patience=7, learning_rate=0.03, schedule="constant")
    history = optimise_masked(net(), made(14), made(12, seed=1), training, 0)
    assert len(history) < 500
    assert len(history) - history.loc[history["best"], "epoch"].iloc[0] == 7


def test_the_network_learns_which_proteins_go_together():
    model, test = net(), made(200, seed=2)
    history = optimise_masked(model, made(200), made(60, seed=1), settings(epochs=120, patience=120), 0)
    assert history["validation_loss"].min() < 0.75 * history["validation_loss"].iloc[0]
    shown = torch.ones_like(test.measured)
    shown[:, 0] = False
    with torch.no_grad():
        r = np.corrcoef(model(test.values, shown)[:, 0], test.values[:, 0])[0, 1]
    assert r > 0.9


def test_equal_seeds_give_equal_weights_and_others_do_not():
    def trained(seed):
        model = net()
        optimise_masked(model, made(), made(12, seed=1), settings(epochs=4), seed)
        return model

    one = trained(0)
    torch.rand(5)
    assert same(one, trained(0))
    assert not same(one, trained(1))


@pytest.mark.parametrize(("average", "dropout"), [(0.0, 0.0), (0.9, 0.3)])
@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(average, dropout, optimiser):
    training = settings(epochs=12, checkpoint=5, average=average, optimiser=optimiser)
    kept = []

    def saved(state):
        kept.append(copy.deepcopy(state))
        if len(kept) == 1:
            raise InterruptedError

    def run(checkpoint):
        model = net(dropout)
        torch.manual_seed(4)
        return model, optimise_masked(model, made(), made(12, seed=1), training, 0, checkpoint)

    with pytest.raises(InterruptedError):
        run(Checkpoint({"of": 1}, lambda: None, saved))
    resumed, history = run(Checkpoint({"of": 1}, lambda: kept[0], saved))
    whole, expected = run(None)
    assert same(resumed, whole)
    assert history.equals(expected)


def test_a_checkpoint_of_another_training_is_not_taken_up():
    kept = []
    training = settings(epochs=6, checkpoint=3)
    optimise_masked(net(), made(), made(12, seed=1), training, 0, Checkpoint({"of": 1}, lambda: None, kept.append))
    model, fresh = net(), net()
    optimise_masked(
        model, made(), made(12, seed=1), training, 0, Checkpoint({"of": 2}, lambda: kept[0], lambda _: None)
    )
    optimise_masked(fresh, made(), made(12, seed=1), training, 0)
    assert same(model, fresh)


@pytest.mark.parametrize("rubbish", [7.0, -1e6])
def test_what_was_not_measured_changes_neither_weights_nor_losses(rubbish):
    def trained(fill):
        parts = [made(40, missing=0.3), made(12, seed=1, missing=0.3)]
        spoilt = [Levels(torch.where(one.measured, one.values, fill), one.measured) for one in parts]
        model = net()
        return model, optimise_masked(model, *spoilt, settings(epochs=5), 0)

    (one, history), (two, other) = trained(0.0), trained(rubbish)
    assert same(one, two)
    assert history.equals(other)


def test_the_loss_judges_what_was_measured_and_hidden_alone():
    values = torch.tensor([[1.0, 2.0, 3.0]])
    measured, shown = torch.tensor([[True, True, False]]), torch.tensor([[True, False, False]])
    predicted = torch.tensor([[50.0, 5.0, 70.0]])
    assert hidden_loss(predicted, Levels(values, measured), shown) == 9
    assert hidden_loss(predicted, Levels(values, measured), measured) == 0


def test_no_mask_shows_what_is_judged_or_was_not_measured(monkeypatch):
    """Masks show between nothing and everything; what is hidden among the measured is what the loss is made of."""
    seen = []
    true = hidden_loss

    def watched(predicted, levels, shown):
        assert not (shown & ~levels.measured).any()
        seen.append((shown.float().sum() / levels.measured.sum()).item())
        return true(predicted, levels, shown)

    monkeypatch.setattr(mask_training, "hidden_loss", watched)
    optimise_masked(net(), made(64, missing=0.2), made(12, seed=1), settings(epochs=20, batch=2), 0)
    assert min(seen) < 0.2
    assert max(seen) > 0.8
    assert np.mean(seen) == pytest.approx(0.5, abs=0.05)


def test_validation_masks_stay_the_same_and_show_a_quarter_and_three_quarters():
    judge, again = (mask_training._Judge(made(4000, seed=1), settings(), 5) for _ in range(2))
    assert torch.equal(judge.shown, again.shown)
    shares = judge.shown.float().mean(1).unflatten(0, (4000, 2)).mean(0)
    torch.testing.assert_close(shares, torch.tensor([0.255, 0.745]), atol=0.01, rtol=0)


def test_averaged_weights_are_the_ones_that_are_judged_and_kept():
    rough, smooth = (net() for _ in range(2))
    one = optimise_masked(rough, made(), made(12, seed=1), settings(epochs=8), 0)
    two = optimise_masked(smooth, made(), made(12, seed=1), settings(epochs=8, average=0.95), 0)
    assert one["train_loss"].equals(two["train_loss"])
    assert not one["validation_loss"].equals(two["validation_loss"])


def test_a_training_that_diverges_is_refused_with_the_setting_to_change():
    training = settings(learning_rate=1e30, optimiser="sgd", schedule="constant")
    with pytest.raises(InputError, match=r"diverged in epoch \d+.*learning_rate"):
        optimise_masked(net(), made(), made(12, seed=1), training, 0)


def test_descending_for_the_best_number_of_epochs_gives_the_kept_weights():
    """The schedule is that of all epochs, so on the same samples nothing differs up to the best one."""
    model, other = net(), net()
    training = settings(epochs=80, patience=80, average=0.5, learning_rate=0.1)
    history = optimise_masked(other, made(14), made(12, seed=1), training, 0)
    best = int(history.loc[history["best"], "epoch"].iloc[0])
    assert 1 < best < 80
    descend_masked(model, made(14), best, training, 0)
    assert same(model, other)
    assert math.isclose(history["learning_rate"].iloc[-1], 0, abs_tol=1e-9)
