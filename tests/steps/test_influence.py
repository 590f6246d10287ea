"""Influences of a study: every patient by the network that never saw them, alike however the work is cut."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.explain import influence as explaining
from biox.steps.graph_train import train_graph
from biox.steps.influence import influences
from tests.steps.small_proteins import cohort, study

METHODS = {"lrp": {"composite": {"name": "gamma", "gamma": 0.01}}, "gradients": {"method": "expected_gradients"}}
VARIANTS = {"alone": {"learn": {"where": {"label": ["lung"]}}}, "centred": {"prepare": {"name": "centred"}}}


def asked(shards=1, **graph):
    settings = {"nulls": 1, "seeds": 1, "masks": 32, "error": 0.4, "shards": shards, **graph}
    return study(graph=settings, methods=METHODS, variants=VARIANTS)


def collected(given, one, fits, name="lrp", shard=0):
    """By arm the values and their rows of the table, as they would be written."""
    found = {}
    for job in influences(given, one, fits, name, shard):
        pieces = list(job.pieces)
        size = (0, 6, 6)
        values = np.concatenate([piece.values for piece in pieces]) if pieces else np.empty(size, np.float32)
        table = pd.concat([piece.samples for piece in pieces]) if pieces else pd.DataFrame({"sample": []})
        assert len(table) == len(values) == job.samples
        found[job.variant] = values, table.reset_index(drop=True)
    return found


@pytest.fixture(scope="module")
def given():
    return cohort(missing=0.1, twice=True)


@pytest.fixture(scope="module")
def fits(given):
    return {fold: train_graph(given, asked(), fold) for fold in range(3)}


@pytest.fixture(scope="module")
def found(given, fits):
    return {fold: collected(given, asked(), fits[fold]) for fold in range(3)}


def test_every_sample_of_an_arm_is_explained_once_by_a_network_that_never_saw_its_patient(given, fits, found):
    lung = given.samples["sample"][given.samples["label"] == "lung"]
    for arm in ("main", "alone", "centred", "seed-1", "null-0"):
        explained = pd.concat([found[fold][arm][1] for fold in range(3)])["sample"]
        expected = lung if arm == "alone" else given.samples["sample"]
        assert sorted(explained) == sorted(expected)
        for fold in range(3):
            parts = fits[fold][arm].parts.set_index("sample")["part"]
            subjects = given.samples.set_index("sample")["subject"]
            seen = set(subjects[parts.index[parts.isin(["train", "validation"])]])
            assert not seen & set(subjects[found[fold][arm][1]["sample"]])


def test_values_are_missing_exactly_where_nothing_was_measured_and_nothing_influences_itself(given, found):
    rows = given.samples.set_index("sample").index
    for arm, (values, table) in found[0].items():
        measured = ~np.isnan(given.x[rows.get_indexer(table["sample"])])
        np.testing.assert_array_equal(np.isnan(values), ~(measured[:, :, None] & measured[:, None, :]), arm)
        assert (np.einsum("sii->si", values)[measured] == 0).all()
        assert values.dtype == np.float32


def test_masks_and_error_tell_when_the_bound_was_reached(found):
    for _, table in found[0].values():
        assert table["masks"].between(8, 32).all()
        assert (table["masks"] % 2 == 0).all()
        assert ((table["error"] <= 0.4) | (table["masks"] == 32)).all()


@pytest.mark.parametrize("shards", [2, 3])
@pytest.mark.parametrize("method", METHODS)
def test_shards_change_no_bit_of_any_influence(given, fits, monkeypatch, method, shards):
    monkeypatch.setattr(explaining, "BATCH_BYTES", 4 * 3 * 12 * 4)  # four patients together
    whole = collected(given, asked(), fits[0], method)
    parts = [collected(given, asked(shards), fits[0], method, shard=k) for k in range(shards)]
    assert all(len(part["main"][0]) for part in parts)
    for arm, (values, table) in whole.items():
        together = pd.concat([part[arm][1] for part in parts if len(part[arm][1])], ignore_index=True)
        pd.testing.assert_frame_equal(together, table, check_exact=True)
        assert np.concatenate([part[arm][0] for part in parts]).tobytes() == values.tobytes()


def test_more_shards_than_patients_are_empty_and_a_shard_beyond_is_refused(given, fits):
    one = asked(50)
    assert len(collected(given, one, fits[0], shard=49)["main"][0]) == 0
    with pytest.raises(InputError, match="no shard 50"):
        next(influences(given, one, fits[0], "lrp", 50))


def test_methods_after_the_first_explain_main_alone(given, fits, found):
    other = collected(given, asked(), fits[0], "gradients")
    assert list(other) == ["main"]
    assert set(found[0]) == {"main", "alone", "centred", "seed-1", "null-0"}
    assert other["main"][1]["sample"].tolist() == found[0]["main"][1]["sample"].tolist()
    assert not np.allclose(other["main"][0], found[0]["main"][0], equal_nan=True)


def test_equal_fits_give_equal_influences_and_other_patients_play_no_part(given, fits, found):
    rows = np.flatnonzero((fits[0]["main"].parts["part"] == "test").to_numpy())
    spoilt = given.x.copy()
    spoilt[rows[1:]] *= 3
    again = collected(replace(given, x=spoilt), asked(), fits[0])["main"]
    np.testing.assert_allclose(again[0][0], found[0]["main"][0][0], rtol=1e-4, atol=1e-6)
    assert not np.allclose(again[0][1:], found[0]["main"][0][1:], equal_nan=True)


@pytest.fixture(scope="module")
def learnt():
    """Influences of networks that had enough to learn from."""
    given = cohort(300)
    training = {"epochs": 150, "batch": 32, "learning_rate": 0.01, "weight_decay": 0.1}
    one = study(training=training, graph={"nulls": 1, "seeds": 0, "masks": 40}, methods=METHODS)
    fits = train_graph(given, one, 0)
    return {name: collected(given, one, fits, name) for name in METHODS}


@pytest.mark.parametrize("method", METHODS)
def test_proteins_that_follow_each_other_have_more_influence_than_noise(learnt, method):
    median = np.median(np.abs(learnt[method]["main"][0]), axis=0)
    planted = [(0, 1), (1, 0), (2, 3), (3, 2)]
    others = [(a, b) for a in range(6) for b in range(6) if a != b and (a, b) not in planted]
    assert min(median[pair] for pair in planted) > 2 * max(median[pair] for pair in others)


def test_the_sign_of_gradients_says_whether_a_high_source_raises_or_lowers(learnt):
    """P1 rises with P0, P3 falls with P2: of the samples high in the source, the influence has that sign."""
    values, table = learnt["gradients"]["main"]
    x = cohort(300).x[[int(name[1:]) for name in table["sample"]]]
    for source, target, sign in ((0, 1, 1), (2, 3, -1)):
        z = x[:, source] - x[:, source].mean()
        assert np.corrcoef(z, values[:, source, target])[0, 1] * sign > 0.6


def test_a_network_that_had_nothing_to_learn_relies_on_its_sources_less(learnt):
    main, null = (np.median(np.abs(learnt["lrp"][arm][0]), axis=0) for arm in ("main", "null-0"))
    assert main[0, 1] > 3 * null[0, 1]
