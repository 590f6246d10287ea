"""Explaining the people of a study, and applying its models to new ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from biox import lrp
from biox.core import store
from biox.core.errors import InputError
from biox.core.find import checked
from biox.core.study import Compute, Study
from biox.core.types import Axis
from biox.explain import Background, explain
from biox.models import restore
from biox.steps import attribute as attributing
from biox.steps import predict as step
from biox.steps.attribute import attribute
from biox.steps.fitted import input_of
from biox.steps.ingest import ingest
from biox.steps.train import train


@pytest.fixture(scope="module")
def study():
    given = {
        "name": "tiny", "title": "t", "question": "q", "domain": "gait", "folds": {"count": 3},
        "data": {"source": "simulate", "labels": ["healthy", "knee"], "subjects": 8, "trials": 2, "effect": 2.0},
        "training": {"epochs": 5}, "model": {"name": "mlp", "hidden": [8]},
        "variants": {"vertical": {"channels": ["unaffected V", "affected V"]}},
        "methods": {
            "true": {"composite": "epsilon"}, "named": {"composite": "epsilon-box", "target": "dominant"},
            "paths": {"method": {"name": "integrated_gradients", "baseline": "healthy", "tolerance": 0.05}},
        },
    }  # fmt: skip
    return checked(Study, given, "tiny")


@pytest.fixture(scope="module")
def cohort(study):
    return ingest(study)


@pytest.fixture(scope="module")
def fits(cohort, study):
    return {fold: train(cohort, study, fold) for fold in range(3)}


def test_every_sample_is_explained_for_its_own_label(cohort, fits, study):
    found = attribute(cohort, fits[0], "true", study)["main"]
    assert found.values.shape == cohort.x.shape
    assert found.samples["target"].tolist() == cohort.samples["label"].tolist()
    assert found.samples["part"].value_counts()["test"] == (fits[0]["main"].scores["part"] == "test").sum()


def test_relevance_is_that_of_the_engine_on_normalised_input(cohort, fits, study):
    fit = fits[1]["main"]
    x = input_of(cohort, fit)
    expected = lrp.relevance(restore(fit), x, torch.as_tensor(cohort.y), "epsilon")
    np.testing.assert_allclose(
        attribute(cohort, fits[1], "true", study)["main"].values, expected.numpy(), rtol=1e-4, atol=1e-6
    )


def test_the_dominant_class_is_the_one_with_the_highest_score(cohort, fits, study):
    found = attribute(cohort, fits[0], "named", study)["main"]
    logits = fits[0]["main"].logits()
    assert found.samples["target"].tolist() == [cohort.classes[i] for i in logits.argmax(axis=1)]
    np.testing.assert_allclose(found.samples["logit"], logits.max(axis=1), rtol=1e-4)


def test_conservation_error_is_what_the_relevance_leaves_of_the_score(cohort, fits, study):
    found = attribute(cohort, fits[0], "true", study)["main"]
    logit, total = found.samples["logit"], found.values.reshape(len(cohort.x), -1).sum(axis=1)
    np.testing.assert_allclose(found.samples["conservation"], (logit - total) / logit, rtol=1e-3, atol=1e-4)


def test_any_method_explains_the_study_with_the_settings_it_was_given(cohort, fits, study):
    found = attribute(cohort, fits[0], "paths", study)["main"]
    fit = fits[0]["main"]
    x, model = input_of(cohort, fit), restore(fit)
    learnt = (fit.scores["part"] == "train").to_numpy() & (cohort.y == 0)
    healthy = Background(healthy=x[torch.from_numpy(learnt)])
    settings = {"baseline": "healthy", "tolerance": 0.05}
    y = torch.as_tensor(cohort.y)
    expected = explain(model, x, y, method="integrated_gradients", settings=settings, background=healthy)
    np.testing.assert_allclose(found.values, expected.numpy(), atol=1e-5)
    with torch.no_grad():
        np.testing.assert_allclose(found.samples["logit"], model(x)[range(len(x)), cohort.y], rtol=1e-4)
    assert found.settings["method"]["name"] == "integrated_gradients"


def test_a_variant_with_other_channels_is_explained_on_those_channels(cohort, fits, study):
    found = attribute(cohort, fits[0], "true", study)["vertical"]
    assert found.axes[0].labels == ("unaffected V", "affected V")
    assert found.values.shape[1] == 2


def test_the_baselines_are_not_explained(cohort, fits, study):
    assert set(attribute(cohort, fits[0], "true", study)) == {"main", "vertical"}


def main_fits(fits):
    return {fold: variants["main"] for fold, variants in fits.items()}


def test_scores_of_new_people_are_the_mean_over_the_folds(cohort, fits, study):
    people = cohort.take(np.arange(4))
    found = step.predict(study, cohort, main_fits(fits), "true", people)
    expected = np.mean([fit.logits()[:4] for fit in main_fits(fits).values()], axis=0)
    np.testing.assert_allclose(found.samples[["logit:healthy", "logit:knee"]], expected, rtol=1e-4, atol=1e-5)


def test_relevance_of_new_people_is_the_mean_over_the_folds(cohort, fits, study):
    people = cohort.take(np.arange(4))
    found = step.predict(study, cohort, main_fits(fits), "true", people)
    target = torch.as_tensor([cohort.classes.index(name) for name in found.samples["predicted"]])
    each = [lrp.relevance(restore(f), input_of(people, f), target, "epsilon") for f in main_fits(fits).values()]
    np.testing.assert_allclose(found.relevance, torch.stack(each).mean(0).numpy(), rtol=1e-4, atol=1e-6)


def test_people_of_the_cohort_lie_inside_its_range_and_shifted_ones_are_named(cohort, fits, study):
    people = cohort.take(np.arange(3))
    assert step.predict(study, cohort, main_fits(fits), "true", people).outside.empty
    x = people.x.copy()
    x[1, 2, 40] = 9.0
    row = step.predict(study, cohort, main_fits(fits), "true", replace(people, x=x)).outside.iloc[0]
    assert (row["sample"], row["channel"], row["at"]) == (people.samples["sample"].iloc[1], "affected V", "40")
    assert row["value"] == 9.0 > row["high"]


def test_places_lie_between_0_and_1_and_follow_the_score(cohort, fits, study):
    found = step.predict(study, cohort, main_fits(fits), "true", cohort).places
    assert found["place"].between(0, 1).all()
    for _, one in found.groupby("class"):
        standings, place = one.filter(like="standing:").to_numpy(), one["place"].to_numpy()
        higher = (standings[:, None] > standings[None]).all(axis=2)
        assert higher.sum() > 20
        assert (place[:, None] >= place[None])[higher].all()


@pytest.mark.parametrize("names", [("sample", "label"), ("subject", "class"), ("index", "margin"), ("fold", "part")])
def test_classes_may_be_called_like_columns(cohort, fits, study, names):
    rename = dict(zip(cohort.classes, names, strict=True))
    samples = cohort.samples.assign(label=cohort.samples["label"].map(rename))
    renamed = replace(cohort, samples=samples, classes=names)
    columns = {f"logit:{old}": f"logit:{new}" for old, new in rename.items()}
    others = {k: replace(f, classes=names, scores=f.scores.rename(columns=columns)) for k, f in main_fits(fits).items()}
    found = step.predict(study, renamed, others, "true", renamed.take(np.arange(4))).places
    plain = step.predict(study, cohort, main_fits(fits), "true", cohort.take(np.arange(4))).places
    assert found["class"].tolist() == [rename[name] for name in plain["class"]]
    assert found["place"].tolist() == plain["place"].tolist()


def test_curves_that_lie_mostly_outside_the_cohort_are_refused(cohort, fits, study):
    people = cohort.take(np.arange(2))
    low, high = people.x.min(axis=2, keepdims=True), people.x.max(axis=2, keepdims=True)
    scaled = replace(people, x=(people.x - low) / (high - low))
    with pytest.raises(InputError, match=r"'affected ML' \(\d+ %\).* normalis"):
        step.predict(study, cohort, main_fits(fits), "true", scaled)
    with pytest.raises(InputError, match="outside"):
        step.predict(study, cohort, main_fits(fits), "true", replace(people, x=700 * people.x))


def test_a_third_of_the_values_outside_is_a_warning_only(cohort, fits, study):
    people = cohort.take(np.arange(2))
    x = people.x.copy()
    x[:, 4:] += 5.0
    found = step.predict(study, cohort, main_fits(fits), "true", replace(people, x=x)).outside
    assert sorted(found["channel"].unique()) == sorted(cohort.axes[0].labels[4:])


def test_members_of_the_cohort_are_recognised_by_name_and_curves(cohort, fits, study):
    people = cohort.take(np.arange(6))
    x, samples = people.x.copy(), people.samples.copy()
    x[2:4] *= 0.99
    samples.loc[4:5, "subject"] = "somebody else"
    found = step.predict(study, cohort, main_fits(fits), "true", replace(people, x=x, samples=samples)).samples
    assert found["member"].tolist() == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "newton"}, "'newton', but the model learnt from 'body weight'"),
        (
            {"axes": (Axis("channel", tuple("abcdef")), Axis("stance", tuple(map(str, range(101))), "%"))},
            "'affected ML'",
        ),
    ],
)
def test_people_measured_otherwise_are_refused(cohort, fits, study, change, message):
    with pytest.raises(InputError, match=message):
        step.predict(study, cohort, main_fits(fits), "true", replace(cohort, **change))


def test_channels_in_another_order_give_the_same_scores(cohort, fits, study):
    turned = replace(
        cohort, x=cohort.x[:, ::-1], axes=(replace(cohort.axes[0], labels=cohort.axes[0].labels[::-1]), cohort.axes[1])
    )
    one, other = (step.predict(study, cohort, main_fits(fits), "true", people).samples for people in (cohort, turned))
    np.testing.assert_allclose(one["logit:knee"], other["logit:knee"], rtol=1e-5)


def test_a_case_that_the_study_lacks_is_refused(study):
    with pytest.raises(InputError, match="no case 'someone'"):
        step.new_people(study, "someone", None)


def test_no_method_but_lrp_is_said_to_add_up_to_the_score(cohort, fits, study):
    found = attribute(cohort, fits[0], "paths", study)["main"]
    assert found.samples["conservation"].isna().all()
    people = cohort.take(np.arange(len(cohort.samples)) < 2)
    mains = main_fits(fits)
    assert np.isnan(step.predict(study, cohort, mains, "paths", people).conservation).all()
    assert np.isfinite(step.predict(study, cohort, mains, "true", people).conservation).all()


@pytest.mark.parametrize("shards", [2, 3, 7])
@pytest.mark.parametrize("method", ["true", "paths"])
def test_shards_together_are_to_the_last_bit_what_a_study_without_shards_gets(
    cohort, fits, study, tmp_path, monkeypatch, method, shards
):
    monkeypatch.setattr(attributing, "BATCH_ROWS", 4)
    cut = study.model_copy(update={"compute": Compute(shards=shards)})
    for shard in range(shards):  # of seven shards three have no samples: there are four batches
        for name, found in attribute(cohort, fits[0], method, cut, shard).items():
            store.save_relevance(found, tmp_path / str(shard) / name)
    loaded = store.load_relevances(*(tmp_path / str(shard) for shard in range(shards)))
    for name, whole in attribute(cohort, fits[0], method, study).items():
        assert np.asarray(loaded[name].values).tobytes() == whole.values.tobytes()
        assert loaded[name].values.shape == whole.values.shape
        pd.testing.assert_frame_equal(loaded[name].samples, whole.samples, check_exact=True)


def test_a_shard_that_the_study_has_not_is_refused(cohort, fits, study):
    with pytest.raises(InputError, match="no shard 1"):
        attribute(cohort, fits[0], "true", study, 1)
