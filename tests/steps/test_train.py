"""Training: honest about who was seen, repeatable to the bit, better than chance where there is something to learn."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from biox.core.errors import InputError
from biox.core.study import Study, Training
from biox.core.types import Axis, Cohort, Fit
from biox.models import restore
from biox.steps import descent, optimise
from biox.steps.augment import augment, mixed, smooth_noise, warped
from biox.steps.fitted import input_of
from biox.steps.folds import assign, parts
from biox.steps.inputs import Inputs
from biox.steps.normalise import constants, select
from biox.steps.train import train

SMALL = {"name": "mlp", "hidden": [16]}


def cohort(effect: float = 1.0, seed: int = 0, people: int = 24) -> Cohort:
    """Two classes, three trials a person, two channels of 20 points; class "b" is higher at points 5-9 of channel v."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(people) % 2, 3)
    x = rng.normal(size=(len(y), 2, 20)) + np.repeat(rng.normal(size=(people, 2, 1)), 3, axis=0)
    x[y == 1, 1, 5:10] += effect
    samples = pd.DataFrame(
        {
            "sample": [f"s{k}" for k in range(len(y))],
            "subject": [f"p{k}" for k in np.repeat(np.arange(people), 3)],
            "label": np.array(["a", "b"])[y],
        }
    )
    axes = (Axis("channel", ("h", "v")), Axis("stance", tuple(map(str, range(20))), "%"))
    return Cohort(100 + 5 * x, samples, axes, "body weight", ("a", "b"), "subject")


def study(**change) -> Study:
    base = {"name": "s", "title": "", "question": "", "domain": "gait", "data": {"source": "x"}, "folds": {"count": 4}}
    small = {"model": SMALL, "training": {"epochs": 30, "patience": 10}, "compute": {"device": "cpu"}}
    return Study(**{**base, **small, **change})


def accuracy(fit: Fit, data: Cohort, part: str = "test") -> float:
    return float((fit.logits(part).argmax(1) == data.y[(fit.scores["part"] == part).to_numpy()]).mean())


def equal_weights(one: Fit, two: Fit) -> bool:
    return all(torch.equal(one.weights[key], two.weights[key]) for key in one.weights)


def changed(data: Cohort, rows: np.ndarray) -> Cohort:
    """The same people, but those in ``rows`` have other values and the opposite label."""
    x, samples = np.array(data.x), data.samples.copy()
    x[rows] = 7 - 3 * x[rows]
    samples.loc[rows, "label"] = samples.loc[rows, "label"].map({"a": "b", "b": "a"})
    return Cohort(x, samples, data.axes, data.unit, data.classes, data.label_level)


def test_a_planted_difference_is_learnt_and_a_missing_one_is_not():
    wanted = study(training={"epochs": 60, "learning_rate": 0.01})
    data = [cohort(effect, people=40) for effect in (3, 0)]
    found = [np.mean([accuracy(train(d, wanted, k)["main"], d) for k in range(4)]) for d in data]
    assert found[0] > 0.9
    assert 0.3 < found[1] < 0.7


def test_the_same_seed_gives_the_same_weights_whatever_happened_before():
    wanted = study(model={**SMALL, "dropout": 0.3}, training={"epochs": 5, "noise": 0.1, "mixup": 0.2, "warp": 2.0})
    one = train(cohort(), wanted, 0)["main"]
    torch.rand(11)
    np.random.rand(3)  # noqa: NPY002 - the point is to disturb the global stream
    two = train(cohort(), wanted, 0)["main"]
    assert equal_weights(one, two)
    pd.testing.assert_frame_equal(one.scores, two.scores)
    assert not equal_weights(one, train(cohort(), wanted.model_copy(update={"seed": 1}), 0)["main"])


def test_training_leaves_the_global_random_stream_alone():
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    train(cohort(), study(model={**SMALL, "dropout": 0.3}, training={"epochs": 2}), 0)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("normalise", ["none", "minmax", "zscore"])
@pytest.mark.parametrize("refit", [False, True])
def test_the_test_people_cannot_change_a_weight(normalise, refit):
    data = cohort()
    wanted = study(normalise=normalise, training={"epochs": 4, "refit": refit}, folds={"count": 4, "given": "fold"})
    data.samples["fold"] = np.repeat(np.arange(24) // 6, 3)
    other = changed(data, np.flatnonzero(data.samples["fold"] == 2))
    ours, theirs = train(data, wanted, 2), train(other, wanted, 2)
    for name in ("main", "logistic", "zero-rule"):
        assert equal_weights(ours[name], theirs[name])
        np.testing.assert_array_equal(ours[name].shift, theirs[name].shift)
        np.testing.assert_array_equal(ours[name].low, theirs[name].low)
    assert not equal_weights(ours["main"], train(other, wanted, 1)["main"])


def test_only_the_published_min_max_looks_at_the_test_people():
    data = cohort()
    data.x[0, 0, 0] = 1e4
    fold = int(assign(data.samples, study())[0])
    honest, published = (train(data, study(normalise=n), fold)["main"] for n in ("minmax", "minmax-all"))
    assert honest.scale[0, 0] < 100
    assert published.scale[0, 0] > 5000


def test_the_kept_weights_are_those_of_the_best_epoch():
    data = cohort(0.5)
    fit = train(data, study(training={"epochs": 60, "patience": 60, "learning_rate": 0.01}), 0)["main"]
    best = fit.history.loc[fit.history["best"]].iloc[0]
    assert best["validation_loss"] == fit.history["validation_loss"].min()
    assert best["validation_loss"] < fit.history["validation_loss"].iloc[-1] - 0.05
    rows = (fit.scores["part"] == "validation").to_numpy()
    logits = torch.from_numpy(fit.logits("validation"))
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(data.y[rows]))
    assert float(loss) == pytest.approx(best["validation_loss"], abs=1e-5)


def test_training_stops_when_patience_is_over():
    fit = train(cohort(0), study(training={"epochs": 200, "patience": 3, "learning_rate": 0.01}), 0)["main"]
    best = int(fit.history.loc[fit.history["best"], "epoch"].iloc[0])
    assert len(fit.history) == best + 3


def test_a_restored_fit_gives_its_saved_logits():
    data = cohort()
    for fit in train(data, study(), 1).values():
        with torch.inference_mode():
            logits = restore(fit)(input_of(data, fit))
        np.testing.assert_allclose(logits.double().numpy(), fit.logits(), atol=1e-6)


def test_scores_cover_everybody_with_the_part_they_played():
    data = cohort()
    fit = train(data, study(), 3)["main"]
    assert fit.scores["sample"].tolist() == data.samples["sample"].tolist()
    assert fit.scores["part"].tolist() == parts(assign(data.samples, study()), 3, 4).tolist()


def test_variants_change_what_they_say_and_nothing_else():
    wanted = study(
        variants={"vertical": {"channels": ["v"]}, "raw": {"normalise": "none"}, "svm": {"model": "linear_svm"}}
    )
    fits = train(cohort(), wanted, 0)
    assert set(fits) == {"main", "vertical", "raw", "svm", "zero-rule", "logistic"}
    assert fits["vertical"].axes[0].labels == ("v",)
    assert fits["vertical"].low.shape == (1, 20)
    assert (fits["raw"].scale == 1).all()
    assert fits["raw"].low.min() > 50
    assert fits["svm"].history.empty
    assert fits["svm"].options == {"penalty": 0.1}


def test_the_box_holds_every_training_value_and_touches_it():
    data = cohort()
    fit = train(data, study(normalise="minmax"), 0)["main"]
    seen = input_of(data, fit).numpy()[(fit.scores["part"] == "train").to_numpy()]
    np.testing.assert_array_equal(fit.low, seen.min(0))
    np.testing.assert_array_equal(fit.high, seen.max(0))
    assert seen.min() == pytest.approx(0, abs=1e-6)
    assert seen.max() == pytest.approx(1, abs=1e-6)


def test_unknown_channels_and_reserved_names_are_refused():
    with pytest.raises(InputError, match=r"no 'w'; the data have 'h', 'v'"):
        train(cohort(), study(channels=["v", "w"]), 0)
    with pytest.raises(InputError, match=r"may not be called 'logistic'"):
        train(cohort(), study(variants={"logistic": {"normalise": "none"}}), 0)


def test_a_class_without_training_samples_is_named():
    data = cohort()
    data.samples["fold"] = np.where(data.samples["label"] == "b", 0, np.repeat(np.arange(24) % 3, 3))
    with pytest.raises(InputError, match=r"no training sample of class 'b'"):
        train(data, study(folds={"count": 3, "given": "fold"}), 0)


def test_members_of_an_average_learn_as_if_alone():
    data = cohort()
    wanted = study(model={"name": "average", "members": [SMALL, {"name": "logistic"}, SMALL]}, training={"epochs": 3})
    both = train(data, wanted, 0)["main"]
    alone = train(data, study(training={"epochs": 3}), 0)["main"]
    # The first member starts from the same seed and sees the same batches, and all three epochs are improvements.
    for key, value in alone.weights.items():
        torch.testing.assert_close(both.weights[f"members.0.{key}"], value)
    assert not torch.equal(both.weights["members.0.1.weight"], both.weights["members.2.1.weight"])
    logistic = train(data, wanted, 0)["logistic"]
    assert torch.equal(both.weights["members.1.linear.weight"], logistic.weights["linear.weight"])


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_each_optimiser_learns_to_the_same_solution_of_a_convex_problem(optimiser):
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32))
    y = (x @ torch.tensor([1.0, -2.0, 0.5]) + torch.from_numpy(np.random.default_rng(1).logistic(size=200)) > 0).long()
    model = torch.nn.Linear(3, 2)
    settings = Training(epochs=300, batch=200, learning_rate=0.1, weight_decay=0.0, optimiser=optimiser)
    seen = Inputs(x, np.arange(len(x)), None, torch.device("cpu"))
    optimise.descend(model, optimise.Examples(seen, y, torch.ones(2)), 300, settings, 0)
    twin = LogisticRegression(C=np.inf, max_iter=1000).fit(x.numpy(), y.numpy())
    np.testing.assert_allclose((model.weight[1] - model.weight[0]).detach().numpy(), twin.coef_[0], atol=0.01)


def test_balanced_loss_finds_more_of_the_rare_class():
    data = cohort(0.8, people=60)
    rare = np.flatnonzero((data.y == 0) | (np.arange(len(data.y)) % 12 < 6))
    data = data.take(rare)
    plain, balanced = (
        train(data, study(training={"epochs": 15, "balanced": b}), 0)["main"].logits().argmax(1).mean()
        for b in (False, True)
    )
    assert balanced > plain


def test_refit_learns_from_the_validation_people_too():
    data = cohort()
    once = train(data, study(training={"epochs": 10}), 0)["main"]
    again = train(data, study(training={"epochs": 10, "refit": True}), 0)["main"]
    pd.testing.assert_frame_equal(once.history, again.history)
    assert not equal_weights(once, again)


def test_averaged_weights_lag_behind_and_settle():
    model, smooth = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(1.0)
        smooth.weight.fill_(0.0)
    descent.follow(smooth, model, 0.9, 1)
    assert smooth.weight.item() == pytest.approx(0.9)
    for _ in range(3):
        descent.follow(smooth, model, 0.9, 1000)
    assert smooth.weight.item() == pytest.approx(1 - 0.1 * 0.9**3)


@pytest.mark.parametrize("how", ["minmax", "zscore"])
def test_a_flat_channel_keeps_scale_one(how):
    x = np.random.default_rng(0).normal(size=(10, 2, 5))
    x[:, 1] = 4.0
    shift, scale = constants(x, np.ones(10, bool), how)
    assert scale[1, 0] == 1
    assert np.isfinite((x - shift) / scale).all()


def test_zscore_is_the_textbook_one_over_training_rows():
    x = np.random.default_rng(0).normal(3, 2, size=(50, 2, 5))
    rows = np.arange(50) < 30
    shift, scale = constants(x, rows, "zscore")
    z = ((x - shift) / scale)[rows]
    np.testing.assert_allclose(z.mean((0, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(z.std((0, 2)), 1, atol=1e-12)


def test_select_keeps_the_order_asked_for():
    rows, axes = select(cohort().axes, ("v", "h"))
    assert rows.tolist() == [1, 0]
    assert axes[0].labels == ("v", "h")


def test_augmentation_is_off_by_default():
    x = torch.randn(4, 2, 20)
    assert augment(x, Training(), np.random.default_rng(0)) is x


def test_smooth_noise_is_smoother_than_white_noise_and_warping_moves_by_at_most_its_limit():
    rng = np.random.default_rng(0)
    noise = smooth_noise((500, 2, 101), rng)
    assert noise.diff(dim=-1).std() < 0.3 * noise.std()
    ramp = torch.arange(101.0).expand(200, 2, 101)
    moved = warped(ramp, 3.0, rng)
    assert 1.5 < (moved - ramp).abs().max() <= 3.0 + 1e-4
    assert torch.equal(moved[:, 0], moved[:, 1])


def test_mixup_keeps_the_label_shares_whole_and_blends_x_alike():
    x = torch.arange(8.0)[:, None].repeat(1, 3)
    labels = torch.eye(8)
    blended, shares = mixed(x, labels, 0.5, np.random.default_rng(0))
    torch.testing.assert_close(shares.sum(1), torch.ones(8))
    torch.testing.assert_close(shares @ torch.arange(8.0), blended[:, 0])
    assert (shares.max(1).values < 1).any()


def test_svm_reaches_the_published_folds(shared_data):
    file = shared_data / "gait-acm2021" / "grf_194subjects.npz"
    with np.load(file) as data:
        x, fold, subject = data["X"], data["fold"], data["subject"]
        label = np.where(data["class_index"] == 0, "healthy", "disorder")
    samples = pd.DataFrame({"sample": np.arange(970).astype(str), "subject": subject.astype(str), "label": label})
    axes = (Axis("channel", tuple("abcdef")), Axis("stance", tuple(map(str, range(101))), "%"))
    data = Cohort(x, samples.assign(fold=fold), axes, "body weight", ("healthy", "disorder"), "subject")
    wanted = study(model="linear_svm", normalise="minmax-all", folds={"count": 10, "given": "fold"})
    found = [round(accuracy(train(data, wanted, k)["main"], data), 4) for k in range(10)]
    assert found == [0.8857, 0.8952, 0.8947, 0.9579, 0.8737, 0.9368, 0.8842, 0.8947, 0.8211, 0.7684]
    assert np.mean(found) == pytest.approx(0.8813, abs=1e-4)


def test_training_that_diverges_is_refused_with_fold_and_variant():
    wild = {"epochs": 5, "optimiser": "sgd", "learning_rate": 1e9}
    with pytest.raises(InputError, match=r"Fold 0, variant 'main': training diverged in epoch \d"):
        train(cohort(), study(training=wild), 0)
