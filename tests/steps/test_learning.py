"""What a variant learns from, images that are read when asked for, and trainings that were interrupted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from biox.core import store
from biox.core.errors import InputError
from biox.core.raw_files import learning_files
from biox.core.study import Learn, Study
from biox.core.types import Axis, Cohort
from biox.steps.attribute import attribute
from biox.steps.checkpoints import Checkpoint, loaded, saved
from biox.steps.fitted import input_of
from biox.steps.folds import assign
from biox.steps.ingest import ingest
from biox.steps.learning import labels_of, learnt_from, viewed
from biox.steps.train import train

SIDE = 8


class Tiles:
    """Images that count how many of them were read at once."""

    views = ("dark",)

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels, self.shape, self.dtype, self.ndim = pixels, pixels.shape, pixels.dtype, pixels.ndim
        self.most = 0

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows):
        found = self.pixels[rows]
        self.most = max(self.most, len(found))
        return found

    def view(self, name: str) -> "Tiles":
        return Tiles(self.pixels // 4)


def images(seed: int = 0, people: int = 12, each: int = 6) -> Cohort:
    """Ill tiles have a bright spot at a random place."""
    rng = np.random.default_rng(seed)
    n = people * each
    x = rng.integers(60, 120, (n, 3, SIDE, SIDE)).astype(np.uint8)
    ill = rng.random(n) < 0.5
    for k in np.flatnonzero(ill):
        row, column = rng.integers(0, SIDE - 3, 2)
        x[k, :, row : row + 3, column : column + 3] = 230
    samples = pd.DataFrame(
        {
            "sample": [f"tile {k}" for k in range(n)],
            "subject": np.repeat([f"p{k:02d}" for k in range(people)], each),
            "label": np.where(ill, "ill", "well"),
            "site": np.repeat([f"site {k % 3}" for k in range(people)], each),
            "wrong": rng.permutation(np.where(ill, "ill", "well")),
        }
    )
    places = [Axis(name, tuple(map(str, range(SIDE))), "px") for name in ("y", "x")]
    axes = (Axis("colour", ("red", "green", "blue")), *places)
    return Cohort(Tiles(x), samples, axes, "8-bit intensity", ("well", "ill"), "trial", bounds=(0.0, 255.0))


def study(**changes) -> Study:
    settings = {
        "name": "tiles",
        "title": "t",
        "question": "q",
        "domain": "histology",
        "label_level": "trial",
        "data": {"source": f"{__name__}:images"},
        "folds": {"count": 3},
        "model": {"name": "mlp", "hidden": [16]},
        "training": {"epochs": 4, "turn": True, "stain": 0.01, "shift": 1},
        "methods": {"lrp": {"composite": "epsilon", "target": "ill - well", "samples": "test"}},
    }
    return Study(**{**settings, **changes})


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return images()


def test_images_are_never_read_all_at_once_while_training(cohort, monkeypatch):
    monkeypatch.setattr("biox.steps.inputs.BATCH_ROWS", 5)
    monkeypatch.setattr("biox.steps.normalise.MEASURED_BYTES", 7 * 4 * 3 * SIDE**2)
    cohort.x.most = 0
    train(cohort, study(training={"epochs": 1, "batch": 4}), 0)
    assert 0 < cohort.x.most <= 7


def test_the_box_of_images_is_what_pixels_can_be(cohort):
    fit = train(cohort, study(training={"epochs": 1}), 0)["main"]
    for bound, pixel in ((fit.low, 0), (fit.high, 255)):
        np.testing.assert_allclose(bound * fit.scale + fit.shift, pixel, atol=1e-3)


def test_what_the_model_sees_is_the_standardised_pixel(cohort):
    fit = train(cohort, study(training={"epochs": 1}), 0)["main"]
    expected = (cohort.x.pixels - fit.shift) / fit.scale
    np.testing.assert_allclose(input_of(cohort, fit).numpy(), expected, atol=1e-5)


def test_relevance_of_images_is_added_up_over_colours_for_the_people_left_out(cohort):
    made = study()
    fits = train(cohort, made, 0)
    found = attribute(cohort, fits, "lrp", made)["main"]
    tested = assign(cohort.samples, made) == 0
    assert found.values.shape == (tested.sum(), SIDE, SIDE)
    assert list(found.samples["sample"]) == list(cohort.samples["sample"][tested])
    logits = fits["main"].logits("test")
    np.testing.assert_allclose(found.samples["logit"], logits[:, 1] - logits[:, 0], atol=1e-4)


def test_a_model_that_learns_a_shuffled_label_does_not_know_the_true_one(cohort):
    settings = {"epochs": 30, "patience": 30}
    variants = {"wrong": {"learn": {"label": "wrong"}}}
    fits = train(cohort, study(variants=variants, training=settings), 0)
    accuracy = {
        k: (fits[k].logits("train").argmax(1) == cohort.y[fits[k].scores["part"] == "train"]).mean() for k in fits
    }
    assert accuracy["main"] > 0.9 > 0.8 > accuracy["wrong"]


def test_samples_left_out_of_learning_change_nothing(cohort):
    """Whatever the left-out samples look like, the weights are the same."""
    changed = cohort.x.pixels.copy()
    left_out = (cohort.samples["site"] == "site 1").to_numpy()
    changed[left_out] = 255 - changed[left_out]
    made = study(learn={"where": {"site": ["site 0", "site 2"]}})
    one, other = (train(replace(cohort, x=Tiles(x)), made, 0)["main"] for x in (cohort.x.pixels, changed))
    assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)
    assert not one.scores.equals(other.scores)


def test_another_view_is_learnt_from_and_the_given_one_is_scored(cohort):
    made = study(learn={"view": "dark"}, normalise="none")
    fit = train(cohort, made, 0)["main"]
    same = train(replace(cohort, x=cohort.x.view("dark")), study(normalise="none"), 0)["main"]
    assert all(torch.equal(fit.weights[name], same.weights[name]) for name in fit.weights)
    assert not fit.scores.equals(same.scores)


@pytest.mark.parametrize(
    ("learn", "word"),
    [
        ({"label": "colour"}, "colour"),
        ({"where": {"age": [1]}}, "age"),
        ({"view": "clean"}, "dark"),
        ({"label": "site"}, "site 0"),
    ],
)
def test_what_these_samples_do_not_have_is_refused_before_training(learn, word):
    with pytest.raises(InputError, match=word):
        ingest(study(learn=learn, data={"source": "tests.steps.test_learning:images"}))


def test_a_label_that_is_missing_is_not_learnt(cohort):
    samples = cohort.samples.assign(part_label=cohort.samples["label"].where(cohort.samples["site"] == "site 0"))
    some = replace(cohort, samples=samples)
    known = learnt_from(samples, Learn(label="part_label"))
    assert known.sum() == (samples["site"] == "site 0").sum()
    assert (labels_of(some, Learn(label="part_label"))[~known] == -1).all()


def test_each_site_is_left_out_once(cohort):
    folds = assign(cohort.samples, study(folds={"count": 3, "leave_out": "site"}))
    assert (pd.Series(folds).groupby(cohort.samples["site"]).nunique() == 1).all()
    assert set(folds) == {0, 1, 2}
    with pytest.raises(InputError, match=r"set folds\.count to 3"):
        assign(cohort.samples, study(folds={"count": 4, "leave_out": "site"}))


@pytest.mark.parametrize("target", ["lable", "ill - wel", "ill - well - ill"])
def test_a_target_that_is_no_class_is_refused(target):
    with pytest.raises(InputError, match="well"):
        ingest(study(methods={"lrp": {"target": target}}, data={"source": "tests.steps.test_learning:images"}))


def test_an_interrupted_training_ends_with_the_same_weights(cohort, tmp_path):
    settings = {"epochs": 6, "checkpoint": 1, "average": 0.9, "turn": True, "mixup": 0.2}
    made = study(training=settings, model={"name": "mlp", "hidden": [16], "dropout": 0.3})
    whole = train(cohort, made, 0)["main"]
    file = tmp_path / "main.safetensors"
    taken = []

    def stop_after_three(state) -> None:
        saved(state, file)
        taken.append(state)
        if len(taken) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(cohort, made, 0, lambda name: Checkpoint({"a": 1}, lambda: None, stop_after_three))
    epochs = []
    resumed = train(cohort, made, 0, lambda name: Checkpoint({"a": 1}, lambda: loaded(file), epochs.append))["main"]
    assert len(epochs) == 3
    assert all(torch.equal(whole.weights[name], resumed.weights[name]) for name in whole.weights)
    pd.testing.assert_frame_equal(whole.history, resumed.history)


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_not_taken_up(cohort, tmp_path):
    file = tmp_path / "main.safetensors"
    saved({"identity": {"a": 2}, "run": {"never": "used"}}, file)
    assert Checkpoint({"a": 1}, lambda: loaded(file), lambda state: None).found() is None
    file.write_bytes(b"not a checkpoint")
    assert Checkpoint({"a": 2}, lambda: loaded(file), lambda state: None).found() is None


def test_large_images_come_back_from_disk_row_by_row(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr("biox.core.arrays.IN_MEMORY_BYTES", 100)
    monkeypatch.setattr("biox.core.store.IMAGE_CHUNK_BYTES", 5 * 3 * SIDE**2)
    store.save_cohort(replace(cohort, x=cohort.x.pixels), tmp_path / "cohort")
    found = store.load_cohort(tmp_path / "cohort")
    assert not isinstance(found.x, np.ndarray)
    assert found.bounds == (0.0, 255.0)
    rows = np.array([40, 3, 3, 71])
    np.testing.assert_array_equal(found.x[rows], cohort.x.pixels[rows])
    np.testing.assert_array_equal(found.take(rows).x[np.array([1, 3])], cohort.x.pixels[[3, 71]])
    np.testing.assert_array_equal(found.x[5:9], cohort.x.pixels[5:9])
    one, other = (train(c, study(), 0)["main"] for c in (cohort, found))
    assert one.scores.equals(other.scores)


def test_a_view_that_is_there_is_given(cohort):
    np.testing.assert_array_equal(viewed(cohort, Learn(view="dark")).pixels, cohort.x.pixels // 4)


def test_a_validation_fold_that_may_not_be_learnt_from_is_refused(cohort):
    made = study(folds={"count": 3, "leave_out": "site"}, learn={"where": {"site": ["site 2"]}})
    with pytest.raises(InputError, match="when to stop"):
        train(cohort, made, 0)


def test_large_relevance_lies_in_a_file_and_is_the_same(cohort, monkeypatch):
    made = study(training={"epochs": 1})
    fits = train(cohort, made, 0)
    one = attribute(cohort, fits, "lrp", made)["main"]
    monkeypatch.setattr("biox.core.arrays.IN_MEMORY_BYTES", 100)
    other = attribute(cohort, fits, "lrp", made)["main"]
    assert isinstance(other.values, np.memmap)
    np.testing.assert_array_equal(one.values, other.values)


def test_rows_of_rows_of_a_stored_array_stay_unread(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr("biox.core.arrays.IN_MEMORY_BYTES", 100)
    store.save_cohort(replace(cohort, x=cohort.x.pixels), tmp_path / "cohort")
    found = store.load_cohort(tmp_path / "cohort").take(np.array([9, 4, 7, 2])).take(np.array([2, 0]))
    assert not isinstance(found.x, np.ndarray)
    np.testing.assert_array_equal(found.x[:], cohort.x.pixels[[7, 9]])


def test_weights_that_a_model_asks_for_are_inputs_of_training(tmp_path):
    file = tmp_path / "weights.safetensors"
    made = study(model={"name": "resnet18", "weights": str(file)})
    with pytest.raises(InputError, match=r"weights\.safetensors"):
        learning_files(made)
    file.write_bytes(b"weights")
    assert learning_files(made) == [file]
