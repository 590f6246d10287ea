"""Ties between explanations and covariates: patients are shuffled, so alike tiles of one patient prove nothing."""

import numpy as np
import pytest

from biox.domains.histology.heat_features import apart, centred, heat_features
from biox.domains.histology.patient_rows import patients
from biox.domains.histology.ties import flipped, predictable, tie

PATIENTS, EACH = 20, 10


def tiles(rng: np.random.Generator, alike: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Features of tiles that resemble each other within a patient."""
    patient = np.repeat(np.arange(PATIENTS), EACH)
    own = alike * rng.normal(size=(PATIENTS, 5))
    return own[patient] + rng.normal(size=(len(patient), 5)), patient


def people(features, patient, stratum=None, block=None):
    alike = np.zeros(len(patient))
    return patients(features, patient, alike if stratum is None else stratum, alike if block is None else block)


def test_no_tie_is_claimed_where_tiles_of_a_patient_are_merely_alike():
    rng = np.random.default_rng(0)
    p = []
    for k in range(200):
        features, patient = tiles(rng, alike=3)
        site = rng.permutation(np.repeat(["a", "b"], PATIENTS // 2))[patient]
        flag = np.where(rng.uniform(size=len(patient)) < 0.4, "True", "False")
        given = people(features, patient)
        of_site, of_flag = (tie(features, given, one, draws=99, seed=k).p for one in (site, flag))
        p.append([of_site, of_flag, predictable(given, site, draws=99, seed=k).p])
    assert (np.mean(np.array(p) <= 0.05, axis=0) <= 0.09).all()  # 5 % of 200, and 2.6 standard errors


@pytest.mark.parametrize("ask", ["tie", "predictable"])
def test_a_site_that_changes_the_heatmaps_is_found(ask):
    features, patient = tiles(np.random.default_rng(1))
    site = np.where(patient % 2, "a", "b")
    features[:, :3] += 3.0 * (site == "a")[:, None]
    given = people(features, patient)
    found = (
        tie(features, given, site, draws=999, seed=0) if ask == "tie" else predictable(given, site, draws=999, seed=0)
    )
    assert found.p < 0.02
    assert found.value > found.chance
    assert found.n == PATIENTS


def test_prediction_is_near_perfect_for_a_clear_site_and_useless_for_none():
    rng = np.random.default_rng(2)
    features, patient = tiles(rng, alike=0.1)
    site = np.where(patient % 2, "a", "b")
    useless = predictable(people(features, patient), site, draws=99, seed=0).value
    clear = predictable(people(features + 5.0 * (site == "a")[:, None], patient), site, draws=99, seed=0).value
    assert clear > 0.7
    assert useless < 0.3


def test_a_shortcut_with_opposite_signs_in_the_classes_is_found_when_they_are_kept_apart():
    rng = np.random.default_rng(3)
    features, patient = tiles(rng, alike=0.2)
    y, site = rng.integers(0, 2, len(patient)), np.where(patient % 2, "a", "b")
    features += ((site == "a") * np.where(y, 1.5, -1.5))[:, None]
    features = centred(features, y)
    mixed = tie(features, people(features, patient), site, draws=999, seed=0)
    split = apart(features, y)
    kept = tie(split, people(split, patient), site, draws=999, seed=0)
    assert kept.p <= 0.01
    assert kept.p < mixed.p


def test_a_flag_that_changes_within_patients_is_asked_by_their_own_differences():
    rng = np.random.default_rng(4)
    features, patient = tiles(rng, alike=5)
    flag = rng.uniform(size=len(patient)) < 0.4
    given, words = people(features, patient), np.where(flag, "True", "False")
    before = tie(features, given, words, draws=999, seed=0)
    features[flag] += 1.5
    found = tie(features, people(features, patient), words, draws=999, seed=0)
    assert found.p < 0.01
    assert found.value > 2 * before.value
    assert "difference" in found.unit


def test_covariates_change_places_within_strata_only():
    rng = np.random.default_rng(5)
    features, patient = tiles(rng, alike=0.1)
    label = np.where(patient < 10, "ill", "well")
    site = np.where((patient < 10) ^ (patient % 10 < 2), "a", "b")
    features += 4.0 * (label == "ill")[:, None]
    free = tie(features, people(features, patient), site, draws=999, seed=0)
    held = tie(features, people(features, patient, label), site, draws=999, seed=0)
    assert free.p < 0.05
    assert held.p > 0.05


@pytest.mark.parametrize("sizes", [(4, 1, 1), (1, 4, 4)])
def test_folds_whose_models_differ_in_scale_feign_no_tie(sizes):
    rng = np.random.default_rng(11)
    p = []
    for k in range(150):
        features, patient = tiles(rng, alike=1)
        fold = patient // 7
        features *= np.array(sizes)[fold][:, None]
        site = np.where((fold == 1) | ((fold != 1) & (rng.permutation(PATIENTS)[patient] % 2 == 0)), "a", "b")
        given = people(centred(features, fold), patient, block=fold)
        p.append([tie(features, given, site, draws=99, seed=k).p, predictable(given, site, draws=99, seed=k).p])
    assert (np.nanmean(np.array(p) <= 0.05, axis=0) <= 0.1).all()  # 5 % of 150, and 2.8 standard errors


def test_the_smallest_p_that_patients_can_reach_is_known():
    features, patient = tiles(np.random.default_rng(12), alike=0.0)
    few = patient < 6
    site = np.where(patient % 2, "a", "b")
    strong = features + 100.0 * (site == "a")[:, None]
    found = predictable(people(strong[few], patient[few]), site[few], draws=1999, seed=0)
    assert found.p == pytest.approx(2 / 20)  # 20 deals of three and three, and the two sites can be swapped
    assert found.least == pytest.approx(found.p)


def test_folds_in_which_one_site_prevails_neither_hide_a_tie_nor_feign_one():
    rng = np.random.default_rng(10)
    features, patient = tiles(rng, alike=0.5)
    fold = patient // 7
    site = np.where((fold == 0) | ((fold == 1) & (patient % 2 == 0)) | ((fold == 2) & (patient % 3 == 0)), "a", "b")
    features += 5.0 * rng.normal(size=(3, 5))[fold]  # each fold has its own model
    given = people(centred(features, fold), patient, block=fold)
    assert predictable(given, site, draws=999, seed=0).p > 0.05
    there = features + 2.0 * (site == "a")[:, None]
    given = people(centred(there, fold), patient, block=fold)
    assert predictable(given, site, draws=999, seed=0).p < 0.01
    assert tie(there, given, site, draws=999, seed=0).p < 0.01
    bound = np.array([f"site {k}" for k in fold])
    assert "each fold tests one value" in predictable(given, bound, draws=99, seed=0).reason


@pytest.mark.parametrize(
    ("site", "reason"),
    [("same", "the same for all patients"), ("unique", "no two values with two patients each")],
)
def test_what_cannot_be_said_has_its_reason(site, reason):
    features, patient = tiles(np.random.default_rng(6))
    values = np.full(len(patient), "a") if site == "same" else np.array([f"s{k}" for k in patient])
    given = people(features, patient)
    for found in (tie(features, given, values, draws=99, seed=0), predictable(given, values, draws=99, seed=0)):
        assert np.isnan(found.p)
        assert found.reason == reason


def test_flipped_signs_are_one_sided_where_asked():
    less = -np.abs(np.random.default_rng(7).normal(size=(10, 1))) - 0.5
    assert flipped(less, draws=999, seed=0, upper=True).p > 0.9
    assert flipped(-less, draws=999, seed=0, upper=True).p < 0.01
    assert flipped(less, draws=999, seed=0).p < 0.01


def test_heat_features_tell_coarse_from_fine_and_raising_from_lowering():
    rng = np.random.default_rng(8)
    fine = rng.normal(size=(5, 32, 32))
    coarse = np.repeat(np.repeat(rng.normal(size=(5, 4, 4)), 8, axis=1), 8, axis=2)
    a, b = heat_features(fine), heat_features(coarse)
    assert np.isfinite(np.concatenate([a, b])).all()
    changes = slice(2 + 7, 2 + 7 + 2)  # after total, positive share and quantiles: lags of 1 and 2 pixels
    assert (a[:, changes] > 2 * b[:, changes]).all()
    np.testing.assert_allclose(heat_features(np.abs(fine))[:, 1], 1)
    np.testing.assert_allclose(heat_features(-np.abs(fine))[:, 1], 0)


def test_centred_features_have_no_mean_in_any_group():
    rng = np.random.default_rng(9)
    features, a, b = rng.normal(size=(60, 3)), rng.integers(0, 2, 60), rng.integers(0, 3, 60)
    found = centred(features, a, b)
    for i in range(2):
        for j in range(3):
            np.testing.assert_allclose(found[(a == i) & (b == j)].mean(0), 0, atol=1e-12)
