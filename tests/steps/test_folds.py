"""Folds: nobody in two, classes shared evenly, given folds respected, bad ones refused by name."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biox.core.errors import InputError
from biox.core.study import Study
from biox.steps.folds import assign, parts


def study(**change) -> Study:
    base = {"name": "s", "title": "", "question": "", "domain": "gait", "data": {"source": "x"}}
    return Study(**{**base, **change})


def people(labels: list[str], trials: list[int]) -> pd.DataFrame:
    rows = [(f"p{k}", label) for k, (label, n) in enumerate(zip(labels, trials, strict=True)) for _ in range(n)]
    return pd.DataFrame(rows, columns=["subject", "label"]).assign(sample=range(len(rows)))


@settings(max_examples=40, deadline=None)
@given(
    trials=st.lists(st.integers(1, 9), min_size=12, max_size=40), count=st.integers(3, 6), seed=st.integers(0, 2**31)
)
def test_nobody_is_in_two_folds_and_classes_are_even(trials, count, seed):
    samples = people(["a" if k % 2 else "b" for k in range(len(trials))], trials)
    shuffled = samples.sample(frac=1, random_state=0)
    folds = assign(shuffled, study(folds={"count": count}, seed=seed))
    assert (pd.Series(folds).groupby(shuffled["subject"].to_numpy()).nunique() == 1).all()
    table = shuffled.assign(fold=folds).drop_duplicates("subject")
    heads = pd.crosstab(table["label"], table["fold"])
    assert heads.shape == (2, count)
    assert (heads.max(axis=1) - heads.min(axis=1)).max() <= 1


def test_folds_do_not_depend_on_the_order_of_the_rows():
    samples = people(["a", "b"] * 9, [3] * 18)
    shuffled = samples.sample(frac=1, random_state=1)
    a = samples.assign(fold=assign(samples, study())).set_index("sample")["fold"]
    b = shuffled.assign(fold=assign(shuffled, study())).set_index("sample")["fold"]
    assert a.equals(b.loc[a.index])


def test_another_seed_deals_otherwise():
    samples = people(["a", "b"] * 15, [2] * 30)
    assert (assign(samples, study(seed=0)) == assign(samples, study(seed=0))).all()
    assert (assign(samples, study(seed=0)) != assign(samples, study(seed=1))).any()


def test_people_with_several_conditions_stay_together():
    samples = pd.DataFrame([(f"p{k}", label) for k in range(10) for label in ("slow", "fast")])
    samples.columns = ["subject", "label"]
    folds = assign(samples, study(label_level="trial"))
    assert (folds[::2] == folds[1::2]).all()
    assert np.bincount(folds).tolist() == [4] * 5


def test_too_few_people_of_a_class_is_said():
    with pytest.raises(InputError, match=r"5 folds need at least 5 people of every class; of class 'b' there are 4"):
        assign(people(["a"] * 8 + ["b"] * 4, [3] * 12), study())
    with pytest.raises(InputError, match=r"5 folds need at least 5 people; there are 4"):
        assign(people(["a"] * 4, [3] * 4), study(label_level="trial"))


def test_given_folds_are_taken_as_they_are():
    samples = people(["a", "b"] * 6, [2] * 12).assign(fold=np.repeat([0, 1, 2], 8).astype(str))
    assert assign(samples, study(folds={"count": 3, "given": "fold"})).tolist() == np.repeat([0, 1, 2], 8).tolist()


def test_an_official_split_tests_its_own_people_in_fold_0():
    samples = people(["a", "b"] * 10, [2] * 20).assign(split=["test"] * 8 + ["train"] * 32)
    folds = assign(samples, study(folds={"count": 4, "given": "split"}))
    assert ((folds == 0) == (samples["split"] == "test")).all()
    assert set(folds) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, 2, 4] * 3, r"folds 0 to 3 .* it holds 0, 1, 2, 4"),
        ([0, 1, 2, "x"] * 3, r"it holds 0, 1, 2, 'x'"),
        ([0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3], None),
        (["train"] * 12, r"marks all samples 'train'"),
    ],
)
def test_given_folds_that_make_no_sense_are_refused(values, message):
    samples = people(["a", "b"] * 6, [1] * 12).assign(mine=values)
    wanted = study(folds={"count": 4, "given": "mine"})
    if message is None:
        assert assign(samples, wanted).tolist() == values
        return
    with pytest.raises(InputError, match=message):
        assign(samples, wanted)


def test_a_person_in_two_given_folds_is_named():
    samples = people(["a", "b", "a"], [2, 2, 2]).assign(fold=[0, 0, 1, 2, 2, 2])
    with pytest.raises(InputError, match=r"Subject 'p1' stands in more than one fold"):
        assign(samples, study(folds={"count": 3, "given": "fold"}))


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match=r"folds.given is 'split'.*'subject'"):
        assign(people(["a"], [1]), study(folds={"given": "split"}))


def test_the_next_fold_validates_and_the_last_one_wraps():
    folds = np.array([0, 1, 2, 3])
    assert parts(folds, 1, 4).tolist() == ["train", "test", "validation", "train"]
    assert parts(folds, 3, 4).tolist() == ["validation", "train", "train", "test"]
    with pytest.raises(InputError, match="no fold 4"):
        parts(folds, 4, 4)
