"""Names of people do not come back out of a report."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biox.core.pseudonyms import AS_GIVEN, key_table, pseudonyms

PEOPLE = pd.DataFrame(
    {
        "sample": ["anna-1", "anna-2", "bert-1", "cleo"],
        "subject": ["anna", "anna", "bert", "cleo"],
        "slide": ["anna A", "anna B", "bert A", "cleo A"],
        "age_years": [30, 30, 41, 52],
    }
)


def test_every_name_gets_another_of_its_own():
    shown = pseudonyms(PEOPLE).table(PEOPLE)
    for column in ("sample", "subject", "slide"):
        assert not set(shown[column]) & set(PEOPLE[column])
        assert shown[column].nunique() == PEOPLE[column].nunique()
    assert list(shown["age_years"]) == list(PEOPLE["age_years"])


def test_samples_and_slides_are_called_after_their_person():
    shown = pseudonyms(PEOPLE).table(PEOPLE)
    assert all(sample.startswith(person) for sample, person in zip(shown["sample"], shown["subject"], strict=True))
    assert all(slide.startswith(person) for slide, person in zip(shown["slide"], shown["subject"], strict=True))


def test_the_order_of_the_names_does_not_show_in_the_numbers():
    many = pd.DataFrame({"subject": [f"p{k:03}" for k in range(200)], "label": ["a"] * 200})
    many.insert(0, "sample", many["subject"])
    numbers = pseudonyms(many).table(many)["subject"].str[3:].astype(int)
    assert abs(numbers.corr(pd.Series(range(200)), method="spearman")) < 0.2


def test_one_changed_value_of_the_table_shuffles_all_numbers():
    """So that nobody who only guesses the names finds out who is who."""
    many = pd.DataFrame({"sample": [f"p{k}" for k in range(100)], "subject": [f"p{k}" for k in range(100)], "age": 1})
    other = many.assign(age=[2, *[1] * 99])
    same = pseudonyms(many).table(many)["subject"] == pseudonyms(other).table(other)["subject"]
    assert same.mean() < 0.1


def test_equal_cohorts_have_equal_pseudonyms():
    assert pseudonyms(PEOPLE).names == pseudonyms(PEOPLE.copy()).names


def test_names_that_look_like_pseudonyms_are_not_mistaken_for_them():
    table = pd.DataFrame({"sample": ["ID-002", "ID-001"], "subject": ["ID-002", "ID-001"]})
    shown = set(pseudonyms(table).table(table)["subject"])
    assert not shown & {"ID-001", "ID-002"}


def test_a_name_the_cohort_does_not_know_is_replaced_as_well():
    known = pseudonyms(PEOPLE)
    shown = known.table(pd.DataFrame({"subject": ["dora", "anna", ""]}))["subject"].tolist()
    assert "dora" not in shown[0]
    assert shown[1] == known.names["subject"]["anna"]
    assert shown[2] == ""


def test_names_that_are_numbers_are_replaced_too_and_other_numbers_are_not():
    table = pd.DataFrame({"sample": [101, 102], "subject": [7001, 7002], "slide": ["a", "b"]})
    known = pseudonyms(table)
    assert set(known.table(table)["subject"]) == set(known.names["subject"].values())
    assert set(known.table(table)["sample"]) == set(known.names["sample"].values())
    assert known.table(pd.DataFrame({"slide": [0, 1]}))["slide"].tolist() == [0, 1]


def test_lists_of_samples_are_replaced_one_by_one():
    known = pseudonyms(PEOPLE)
    shown = known.table(pd.DataFrame({"exemplars": ["anna-1;cleo"]}))["exemplars"][0]
    assert shown == f"{known.names['sample']['anna-1']};{known.names['sample']['cleo']}"


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("dropped trial 3 of anna", "dropped trial 3 of "),
        ("raw/bert-1_left.csv", "raw/"),
        ("hannah and annabert", "hannah and annabert"),
    ],
)
def test_names_in_sentences_and_paths_are_replaced_where_they_are_whole_words(words, left):
    shown = pseudonyms(PEOPLE).text(words)
    assert shown.startswith(left)
    assert not any(name in shown.replace("hannah and annabert", "") for name in ("anna", "bert"))


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=20, unique=True))
def test_whatever_people_are_called_the_key_leads_back(names):
    table = pd.DataFrame({"sample": names, "subject": names})
    known = pseudonyms(table)
    key = key_table(known)
    back = {row.pseudonym: row.name for row in key[key["kind"] == "subject"].itertuples(index=False)}
    assert [back[shown] for shown in known.table(table)["subject"]] == names


def test_names_as_given_stay():
    assert AS_GIVEN.table(PEOPLE).equals(PEOPLE)
    assert AS_GIVEN.text("anna") == "anna"
