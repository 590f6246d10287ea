import numpy as np
import pandas as pd
import pytest
import torch

from biox.core import joined as joining
from biox.core import provenance, store
from biox.core.errors import InputError
from biox.core.types import Axis, Cohort, Evidence, Fit, Relevance, claims_table

AXES = (Axis("channel", ("a", "b")), Axis("stance", ("0", "50", "100"), "%"))
SAMPLES = pd.DataFrame(
    {"sample": ["1", "2"], "subject": ["p", "q"], "label": ["sick", "well"], "age_years": [40.5, np.nan]}
)


def cohort(**changes):
    x = np.arange(12, dtype=np.float64).reshape(2, 2, 3)
    given = {
        "x": x,
        "samples": SAMPLES,
        "axes": AXES,
        "unit": "N",
        "classes": ("well", "sick"),
        "label_level": "subject",
    }
    return Cohort(**{**given, **changes})


def fit():
    return Fit(
        variant="main", fold=2, seed=7, model="mlp", options={"hidden": [3]}, weights={"w": torch.arange(3.0)},
        classes=("well", "sick"), axes=AXES, unit="N", normalise="none", shift=np.zeros((2, 1)), scale=np.ones((2, 1)),
        low=np.zeros((2, 3)), high=np.ones((2, 3)),
        scores=pd.DataFrame(
            {"sample": ["1", "2"], "part": ["train", "test"], "logit:well": [0.0, 1.0], "logit:sick": [2.0, 3.0]}
        ),
        history=pd.DataFrame({"epoch": [0], "loss": [1.0]}),
    )  # fmt: skip


def test_a_cohort_comes_back_as_it_was_saved(tmp_path):
    given = cohort(truth=np.eye(2, 3, dtype=bool)[None].repeat(2, 0), notes=("swapped",))
    store.save_cohort(given, tmp_path / "cohort")
    loaded = store.load_cohort(tmp_path / "cohort")
    np.testing.assert_array_equal(loaded.x, given.x)
    np.testing.assert_array_equal(loaded.truth, given.truth)
    pd.testing.assert_frame_equal(loaded.samples, given.samples)
    for name in ("axes", "unit", "classes", "label_level", "notes"):
        assert getattr(loaded, name) == getattr(given, name)


def test_class_indices_follow_the_order_of_the_classes_not_of_the_alphabet():
    assert cohort().y.tolist() == [1, 0]


def test_taking_by_mask_and_by_row_is_the_same():
    by_mask, by_row = cohort().take(np.array([False, True])), cohort().take(np.array([1]))
    np.testing.assert_array_equal(by_mask.x, by_row.x)
    assert by_mask.samples["sample"].tolist() == by_row.samples["sample"].tolist() == ["2"]


def test_an_array_that_does_not_match_its_table_is_refused():
    with pytest.raises(InputError, match="shape"):
        cohort(x=np.zeros((3, 2, 3)))


def test_a_label_outside_the_classes_is_refused():
    with pytest.raises(InputError, match="'sick'"):
        cohort(classes=("well",))


def test_a_fit_comes_back_as_it_was_saved(tmp_path):
    given = fit()
    store.save_fit(given, tmp_path / "main")
    loaded = store.load_fits(tmp_path)["main"]
    assert torch.equal(loaded.weights["w"], given.weights["w"])
    pd.testing.assert_frame_equal(loaded.scores, given.scores)
    np.testing.assert_array_equal(loaded.logits("test"), [[1.0, 3.0]])
    for name in ("variant", "fold", "seed", "model", "options", "classes", "axes", "unit", "normalise"):
        assert getattr(loaded, name) == getattr(given, name)


def test_relevance_and_evidence_come_back_as_they_were_saved(tmp_path):
    given = Relevance("main", 0, "lrp", {"composite": "epsilon"}, np.ones((2, 2, 3), np.float32), SAMPLES, AXES)
    store.save_relevance(given, tmp_path / "main")
    loaded = store.load_relevances(tmp_path)["main"]
    np.testing.assert_array_equal(loaded.values, given.values)
    assert (loaded.settings, loaded.axes) == (given.settings, given.axes)

    claims = claims_table([{"claim": "accuracy", "group": "main", "value": 0.5, "n": 10}])
    store.save_evidence(Evidence(claims, {"curves": SAMPLES}), tmp_path / "evidence")
    evidence = store.load_evidence(tmp_path / "evidence")
    pd.testing.assert_frame_equal(evidence.claims, claims)
    assert list(evidence.tables) == ["curves"]


def rows(*numbers, settings=None):
    samples = pd.DataFrame({"sample": [str(n) for n in numbers], "part": "test"})
    values = np.array(numbers, np.float32)[:, None] + np.arange(3, dtype=np.float32)
    return Relevance("main", 0, "lrp", settings or {}, values, samples, AXES[1:])


@pytest.mark.parametrize("in_memory", [0, 10**6])
def test_shards_of_relevance_are_read_as_one_in_memory_and_from_disk(tmp_path, monkeypatch, in_memory):
    monkeypatch.setattr(joining, "IN_MEMORY_BYTES", in_memory)
    given = rows(4, 7, 1, 2, 9, 3)
    for shard, part in enumerate((rows(4, 7, 1), rows(), rows(2, 9, 3))):
        store.save_relevance(part, tmp_path / str(shard) / "main")
    loaded = store.load_relevances(*(tmp_path / str(shard) for shard in range(3)))["main"]
    assert isinstance(loaded.values, np.ndarray) == (in_memory > 0)
    assert loaded.samples["sample"].tolist() == given.samples["sample"].tolist()
    assert loaded.values.shape == (6, 3)
    for wanted in (slice(None), slice(1, 5, 2), np.array([5, 0, 0, 3]), given.values[:, 0] > 2, 4, -1):
        np.testing.assert_array_equal(loaded.values[wanted], given.values[wanted])
    np.testing.assert_array_equal(np.asarray(loaded.values), given.values)
    if not in_memory:
        np.testing.assert_array_equal(loaded.values.subset(np.array([4, 2]))[:], given.values[[4, 2]])


@pytest.mark.parametrize(
    ("second", "words"), [(rows(2, 3), "stands twice"), (rows(5, settings={"eps": 1}), "not made alike")]
)
def test_shards_that_do_not_belong_together_are_refused(tmp_path, second, words):
    for shard, part in enumerate((rows(1, 2), second)):
        store.save_relevance(part, tmp_path / str(shard) / "main")
    with pytest.raises(InputError, match=words):
        store.load_relevances(tmp_path / "0", tmp_path / "1")


def test_equal_runs_have_equal_provenance_and_a_changed_input_shows(tmp_path):
    file = tmp_path / "raw.csv"
    file.write_text("1")
    first = provenance.provenance("ingest", {"a": 1}, 3, [file])
    assert first == provenance.provenance("ingest", {"a": 1}, 3, [file])
    file.write_text("2")
    assert first["inputs"] != provenance.provenance("ingest", {"a": 1}, 3, [file])["inputs"]
    provenance.write(tmp_path, first)
    assert provenance.read(tmp_path) == first


@pytest.mark.parametrize("load", [store.load_cohort, store.load_fits, store.load_relevances, store.load_evidence])
def test_loading_what_was_never_made_says_what_to_do(load, tmp_path):
    with pytest.raises(InputError, match="run"):
        load(tmp_path / "absent")
