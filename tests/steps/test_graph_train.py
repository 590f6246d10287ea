"""Training of a graph study: the test fold teaches nothing, gaps are no values, and accuracy is what it says."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from biox.core.errors import InputError
from biox.core.graph_types import MaskedFit
from biox.models import restore_masked
from biox.steps.arms import arms, table_of
from biox.steps.checkpoints import Checkpoint
from biox.steps.graph_train import accuracy, levels, predicted_levels, train_graph
from tests.steps.small_proteins import PROTEINS, cohort, study

CPU = torch.device("cpu")


def of_part(fit: MaskedFit, part: str) -> np.ndarray:
    return (fit.parts["part"] == part).to_numpy()


def same(one: MaskedFit, two: MaskedFit) -> bool:
    return all(torch.equal(one.weights[key], two.weights[key]) for key in one.weights) and one.history.equals(
        two.history
    )


@pytest.fixture(scope="module")
def given():
    return cohort(missing=0.1, twice=True)


@pytest.fixture(scope="module")
def fits(given):
    return {fold: train_graph(given, study(), fold)["main"] for fold in range(3)}


def test_every_sample_is_tested_once_and_no_patient_is_in_two_parts(given, fits):
    tested = np.sum([of_part(fit, "test") for fit in fits.values()], axis=0)
    assert (tested == 1).all()
    for fit in fits.values():
        assert set(fit.parts["part"]) == {"train", "validation", "test"}
        assert (fit.parts["part"].groupby(given.samples["subject"]).nunique() == 1).all()
        assert fit.parts["sample"].equals(given.samples["sample"])


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("graph", [{"nulls": 0, "seeds": 1}])
def test_nothing_of_the_test_fold_reaches_constants_or_weights(given, refit, graph):
    one = study(training={"epochs": 4, "refit": refit}, graph=graph)
    before = train_graph(given, one, 0)
    rows = of_part(before["main"], "test")
    spoilt = given.x.copy()
    spoilt[rows] = np.where(np.isnan(spoilt[rows]), 5, spoilt[rows][:, ::-1] * 100)
    after = train_graph(replace(given, x=spoilt), one, 0)
    for name, fit in before.items():
        assert same(fit, after[name])
        np.testing.assert_array_equal(fit.shift, after[name].shift)
        np.testing.assert_array_equal(fit.scale, after[name].scale)
        assert not fit.accuracy.equals(after[name].accuracy)


def test_the_validation_fold_chooses_when_to_stop_and_teaches_only_in_a_refit(given):
    def weights(x, refit):
        training = {"epochs": 1, "refit": refit, "learning_rate": 0.01}
        return train_graph(replace(given, x=x), study(training=training), 0)["main"]

    first = weights(given.x, refit=False)
    spoilt = np.where(of_part(first, "validation")[:, None], given.x + 3, given.x)
    for key, value in first.weights.items():
        assert torch.equal(value, weights(spoilt, refit=False).weights[key])
    assert not same(weights(given.x, refit=True), weights(spoilt, refit=True))


def test_constants_are_of_the_measured_training_values(given, fits):
    for fit in fits.values():
        train = given.x[of_part(fit, "train")].astype(float)
        np.testing.assert_allclose(fit.shift, np.nanmean(train, axis=0), rtol=1e-5)
        np.testing.assert_allclose(fit.scale, np.nanstd(train, axis=0), rtol=1e-5)


def test_equal_cohort_study_and_fold_give_equal_weights_and_all_else_differs(given, fits):
    torch.rand(3)
    assert same(fits[0], train_graph(given, study(), 0)["main"])
    assert not torch.equal(fits[0].weights["layers.0.weight"], fits[1].weights["layers.0.weight"])
    arm = train_graph(given, study(graph={"seeds": 1, "nulls": 1}), 0)
    assert same(fits[0], arm["main"])
    assert len({fit.seed for fit in arm.values()}) == 3
    np.testing.assert_array_equal(arm["seed-1"].shift, fits[0].shift)
    assert not same(study_of(seed=1, given=given), fits[0])


def study_of(seed, given):
    return train_graph(given, study(seed=seed), 0)["main"]


def test_a_variant_learns_from_its_own_samples_alone(given):
    one = study(variants={"alone": {"learn": {"where": {"label": ["lung"]}}}})
    fit = train_graph(given, one, 0)["alone"]
    lung = (given.samples["label"] == "lung").to_numpy()
    assert (fit.parts["part"][~lung] == "").all()
    assert (fit.parts["part"][lung] != "").all()
    spoilt = np.where(lung[:, None], given.x, given.x * -7)
    other = train_graph(replace(given, x=spoilt), one, 0)["alone"]
    assert same(fit, other)
    assert fit.predictions.equals(other.predictions)
    assert len(fit.predictions) == (of_part(fit, "test") & lung).sum()


def test_accuracy_is_the_correlation_of_what_was_measured(given, fits):
    for fit in fits.values():
        rows = of_part(fit, "test")
        z = (given.x[rows] - fit.shift) / fit.scale
        assert fit.predictions["sample"].tolist() == given.samples["sample"][rows].tolist()
        for k, name in enumerate(PROTEINS):
            there = ~np.isnan(z[:, k])
            row = fit.accuracy.set_index("protein").loc[name]
            predicted = fit.predictions[name].to_numpy()[there]
            assert row["r"] == pytest.approx(np.corrcoef(predicted, z[there, k])[0, 1], abs=1e-5)
            assert row["mse"] == pytest.approx(np.mean((predicted - z[there, k]) ** 2), rel=1e-5)
            assert row["n"] == there.sum()


def test_accuracy_is_missing_where_nothing_can_be_correlated():
    z = np.random.default_rng(0).standard_normal((9, 3)).astype(np.float32)
    z[2:, 1] = np.nan
    predicted = np.array([[0.1, 1, 0.3]] * 9, np.float32)
    predicted[:, 2] = z[:, 2] * 2
    table = accuracy(predicted, levels(z, np.zeros(3), np.ones(3), CPU), ("a", "b", "c"))
    assert np.isnan(table["r"][1])
    assert np.isnan(table["r"][0]) or abs(table["r"][0]) < 1e-3
    assert table["r"][2] == pytest.approx(1)
    assert table["n"].tolist() == [9, 2, 9]


def test_a_prediction_never_saw_the_value_that_it_predicts(given, fits):
    model = restore_masked(fits[0])
    seen = levels(given.x, fits[0].shift, fits[0].scale, CPU)
    before = predicted_levels(model, seen, 0)
    for protein in range(6):
        changed = copy.deepcopy(seen)
        changed.values[:, protein] += 5
        after = predicted_levels(model, changed, 0)
        np.testing.assert_array_equal(after[:, protein], before[:, protein])
        assert (after != before).any()


def test_a_protein_that_follows_another_is_predicted_and_noise_is_not():
    given = cohort(240)
    training = {"epochs": 150, "batch": 32, "learning_rate": 0.01, "weight_decay": 0.1}
    one = study(training=training, graph={"nulls": 1, "seeds": 0})
    both = train_graph(given, one, 0)
    r = both["main"].accuracy.set_index("protein")["r"]
    assert (r[["P0", "P1", "P2", "P3"]] > 0.8).all()
    assert (r[["P4", "P5"]].abs() < 0.4).all()
    assert (both["null-0"].accuracy["r"].abs() < 0.45).all()


def test_gaps_are_no_values_and_infinite_differences_do_not_arise():
    z = np.array([[1, np.nan], [np.nan, 3]], np.float32)
    seen = levels(z, np.array([0, 1], np.float32), np.array([1, 2], np.float32), CPU)
    assert seen.values.tolist() == [[1, 0], [0, 1]]
    assert seen.measured.tolist() == [[True, False], [False, True]]


def test_a_protein_without_spread_in_training_is_refused_with_fold_arm_and_name(given):
    flat = given.x.copy()
    flat[:, 3] = np.where(np.arange(len(flat)) == 0, 1.0, 0.1)
    folds = [of_part(train_graph(given, study(), fold)["main"], "test")[0] for fold in range(3)]
    with pytest.raises(InputError, match=rf"Fold {folds.index(True)}, 'main'.*'P3'.*no spread"):
        train_graph(replace(given, x=flat), study(), folds.index(True))


def test_too_few_training_samples_are_refused_with_their_number():
    given = cohort(60)
    one = study(
        folds={"count": 3, "leave_out": "batch"},
        variants={"alone": {"learn": {"where": {"batch": ["b0", "b1"]}}}},
    )
    # In fold 1, b1 is tested and b2 validates, but b2 is left out.
    with pytest.raises(InputError, match=r"Fold 1, 'alone'.* and 0 to validate with"):
        train_graph(given, one, 1)
    # In fold 2, b2 is tested, b0 validates and b1 trains: nobody is tested, which is no fault.
    fit = train_graph(given, one, 2)["alone"]
    assert len(fit.predictions) == 0
    assert fit.accuracy["r"].isna().all()
    # In fold 0, b0 is tested and b1 validates, so nobody is left to train on.
    with pytest.raises(InputError, match=r"Fold 0, 'alone'.* 0 samples to train on"):
        train_graph(given, one, 0)


def test_each_arm_has_its_own_checkpoint_and_goes_on_from_it(given):
    one = study(training={"epochs": 4, "checkpoint": 2, "average": 0.5, "refit": True}, graph={"nulls": 1, "seeds": 1})
    kept: dict[str, list] = {}

    def checkpoint(name):
        states = kept.setdefault(name, [])
        return Checkpoint({}, lambda: states[0] if states else None, lambda s: states.append(copy.deepcopy(s)))

    first = train_graph(given, one, 0, checkpoint)
    assert set(kept) == {"main", "seed-1", "null-0"}
    again = train_graph(given, one, 0, checkpoint)
    assert all(same(first[name], again[name]) for name in first)


def test_the_global_random_numbers_are_left_as_they_were(given):
    torch.manual_seed(11)
    before = torch.get_rng_state()
    train_graph(given, study(model={"name": "masked_mlp", "width": 2, "dropout": 0.2}), 0)
    assert torch.equal(before, torch.get_rng_state())


def test_another_network_than_a_masked_one_is_refused_in_a_sentence(given):
    with pytest.raises(InputError, match="masked_mlp"):
        train_graph(given, study(model={"name": "mlp", "hidden": [4]}), 0)


def test_a_fold_that_is_not_there_is_refused(given):
    with pytest.raises(InputError, match="no fold 3"):
        train_graph(given, study(), 3)


def test_every_arm_sees_its_own_table_in_its_predictions(given):
    one = study(graph={"nulls": 1, "seeds": 0})
    fit = train_graph(given, one, 0)["null-0"]
    x, _ = table_of(given, one, arms(one)[1])
    np.testing.assert_allclose(fit.shift, np.nanmean(x[of_part(fit, "train")].astype(float), axis=0), rtol=1e-5)
