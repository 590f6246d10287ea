import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.core.find import checked
from biox.core.study import Study
from biox.core.types import Axis, Cohort
from biox.steps import ingest as step


def study(**changes):
    given = {"name": "tiny", "title": "t", "question": "q", "domain": "gait", "data": {"source": "simulate"}}
    return checked(Study, {**given, "folds": {"count": 3}, **changes}, "tiny")


def cohort(labels, truth=None):
    count = len(labels)
    samples = pd.DataFrame(
        {
            "sample": [str(i) for i in range(count)],
            "subject": [f"p{i}" for i in range(count)],
            "label": labels,
            "trial": 1,
        }
    )
    classes = tuple(dict.fromkeys(labels))
    return Cohort(np.zeros((count, 1, 4)), samples, (Axis("channel", ("v",)), Axis("stance", tuple("0123"), "%")),
                  "N", classes, "subject", truth)  # fmt: skip


def test_labels_are_merged_into_classes_and_the_others_left_out():
    merged = step.with_classes(cohort(["a", "b", "c", "d"]), study(classes={"one": ["b", "c"], "two": ["a"]}))
    assert merged.samples["label"].tolist() == ["two", "one", "one"]
    assert merged.samples["original_label"].tolist() == ["a", "b", "c"]
    assert merged.classes == ("one", "two")
    assert merged.x.shape[0] == 3


def test_a_merged_class_differs_where_any_of_its_labels_does():
    truth = np.zeros((3, 1, 4), bool)
    truth[1, 0, 1] = truth[2, 0, 2] = True
    merged = step.with_classes(cohort(["a", "b", "c"], truth), study(classes={"well": ["a"], "sick": ["b", "c"]}))
    np.testing.assert_array_equal(merged.truth[:, 0], [[False] * 4, [False, True, True, False]])


def test_a_label_that_the_data_lack_is_refused():
    with pytest.raises(InputError, match=r"'z' is no label of the data; it has 'a', 'b'"):
        step.with_classes(cohort(["a", "b"]), study(classes={"one": ["z"], "two": ["a"]}))


@pytest.mark.parametrize("name", ["all", "a | b", "pre - op", " "])
def test_names_that_the_evidence_uses_itself_are_refused(name):
    with pytest.raises(InputError, match="may not be called"):
        step.refuse_names(cohort([name, "b"]), "tiny")


def test_a_missing_value_is_named_by_sample_channel_and_point():
    bad = cohort(["a", "b"])
    bad.x[1, 0, 2] = np.nan
    with pytest.raises(InputError, match="sample '1' has no finite value at channel v, stance 2"):
        step.refuse_missing(bad, "tiny")


def test_a_trial_that_stands_twice_is_refused():
    bad = cohort(["a", "a"])
    bad.samples["subject"] = "p"
    with pytest.raises(InputError, match="subject p, label a, trial 1"):
        step.refuse_duplicates(bad, "tiny")


def test_a_person_with_two_labels_is_refused_only_where_the_label_belongs_to_the_person():
    bad = cohort(["a", "b"])
    bad.samples["subject"] = "p"
    with pytest.raises(InputError, match="subject 'p' has the labels 'a', 'b'"):
        step.refuse_two_classes(bad, "tiny")
