"""The bias scan raises an alarm for what is planted, names it, and is silent about cohorts without a bias."""

import numpy as np
import pandas as pd
import pytest

from biox.core.types import Axis, Cohort
from biox.domains.histology.fixed_place import shares
from biox.domains.histology.out_of_fold import Heatmaps, evenly
from biox.domains.histology.scan import Plan, Scanned, covariates_of, scan
from biox.domains.histology.strategies import strategies

SIDE, PATIENTS, EACH = 24, 12, 20
CLASSES = ("normal", "tumour")


def cohort(rng: np.random.Generator) -> Cohort:
    """Grey tiles of twelve patients at two sites, half of each patient's of either class."""
    count = PATIENTS * EACH
    patient = np.repeat(np.arange(PATIENTS), EACH)
    site = np.where(np.arange(PATIENTS) // 3 % 2, "north", "south")  # in each of the three folds as many of either
    samples = pd.DataFrame({
        "sample": [f"t{k}" for k in range(count)],
        "subject": [f"p{k:02d}" for k in patient],
        "label": np.array(CLASSES)[np.arange(count) % 2],
        "site": site[patient],
        "scanner": np.where(site[patient] == "north", "A", "B"),
        "flag_pen": rng.uniform(size=count) < 0.2,
    })  # fmt: skip
    places = tuple(map(str, range(SIDE)))
    axes = (Axis("colour", ("red", "green", "blue")), Axis("y", places, "px"), Axis("x", places, "px"))
    x = np.full((count, 3, SIDE, SIDE), 180, np.uint8)
    return Cohort(x, samples, axes, "8-bit intensity", CLASSES, "trial", bounds=(0.0, 255.0))


def heat(rng: np.random.Generator, given: Cohort) -> np.ndarray:
    """Relevance without any place, alike within a patient."""
    patient = pd.factorize(given.samples["subject"])[0]
    power = rng.uniform(1, 3, PATIENTS)[patient][:, None, None]
    return rng.normal(size=(len(patient), SIDE, SIDE)) * rng.gamma(power, size=(len(patient), SIDE, SIDE))


def scanned(given: Cohort, values: np.ndarray, fold: np.ndarray | None = None, seed: int = 0):
    patient = pd.factorize(given.samples["subject"])[0]
    fold = patient % 3 if fold is None else fold
    maps = Heatmaps("lrp", "main", np.arange(len(values)), values.astype(np.float32), given.samples["label"], fold, {})
    found, refused = strategies(maps.values, given.y, CLASSES, 6, seed=0)
    all_of_it = Scanned(maps, shares(values, 8), found, given.samples, given.y, CLASSES, refused)
    return scan(given, all_of_it, Plan(0.05, 499, covariates_of(given.samples, None), seed))[0]


def row(table: pd.DataFrame, test: str, covariate: str) -> pd.Series:
    return table[(table["test"] == test) & (table["covariate"] == covariate)].iloc[0]


def test_a_cohort_without_a_bias_raises_hardly_any_alarm():
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        given = cohort(rng)
        fold = rng.permutation(PATIENTS)[pd.factorize(given.samples["subject"])[0]] % 3
        values = heat(rng, given) * (1 + 3 * fold)[:, None, None]  # folds of unlike models, in which sites are unequal
        alarms += scanned(given, values, fold, seed)["alarm"].any()
    assert alarms <= 3  # one expected; four or more have a probability below 2 %


def test_a_corner_of_one_class_is_named_with_its_place():
    rng = np.random.default_rng(0)
    given = cohort(rng)
    values = heat(rng, given)
    values[given.y == 1, -3:, :3] += 20
    found = row(scanned(given, values), "place", "")
    assert found["alarm"]
    assert "tumour tiles lies at one place (row 8, column 1 of a grid of 8)" in found["words"]


def test_a_site_and_its_only_scanner_are_one_question():
    rng = np.random.default_rng(1)
    given = cohort(rng)
    values = heat(rng, given)
    values[(given.samples["site"] == "north").to_numpy()] += 3
    table = scanned(given, values)
    assert set(table["covariate"]) == {"site, scanner", "flag_pen", "ink", ""}
    found = row(table, "predict", "site, scanner")
    assert found["alarm"]
    assert found["n"] == PATIENTS


def test_a_tie_is_called_a_shortcut_only_if_the_labels_go_with_it():
    rng = np.random.default_rng(2)
    given = cohort(rng)
    values = heat(rng, given)
    flagged = given.samples["flag_pen"].to_numpy()
    values[flagged] += 3
    free = row(scanned(given, values), "predict", "flag_pen")
    assert free["alarm"]
    assert "labels hardly do" in free["words"]
    tied = flagged & (given.y == 1)
    given.samples["flag_pen"] = tied
    values = heat(rng, given)
    values[tied] += 3
    bound = row(scanned(given, values), "predict", "flag_pen")
    assert bound["alarm"]
    assert "shortcut" in bound["words"]


def test_ink_is_found_by_its_colour():
    rng = np.random.default_rng(3)
    given = cohort(rng)
    values = heat(rng, given)
    given.x[::4, :, 8:14] = np.array([20, 120, 60], np.uint8)[:, None, None]
    silent = row(scanned(given, values), "ink", "ink")
    values[::4, 8:14] *= 5
    found = row(scanned(given, values), "ink", "ink")
    assert found["alarm"]
    assert not silent["alarm"]
    assert not row(scanned(cohort(rng), values), "ink", "ink")["p"] < 1  # without ink there is nothing to test


def test_a_site_that_is_a_fold_cannot_be_told_from_its_model():
    rng = np.random.default_rng(4)
    given = cohort(rng)
    found = row(
        scanned(given, heat(rng, given), fold=pd.factorize(given.samples["site"])[0]), "cluster", "site, scanner"
    )
    assert np.isnan(found["p"])
    assert found["words"].startswith("Not tested: each fold tests one value only")


def test_a_site_left_out_with_its_two_patients_is_not_tested():
    rng = np.random.default_rng(7)
    given = cohort(rng)
    pair = pd.factorize(given.samples["subject"])[0] // 2
    given.samples["site"] = given.samples["scanner"] = [f"site {k}" for k in pair]
    table = scanned(given, heat(rng, given) * (1 + pair)[:, None, None], fold=pair)
    assert "each fold tests one value only" in row(table, "predict", "site, scanner")["words"]


def test_what_too_few_patients_could_never_show_is_not_called_absent():
    rng = np.random.default_rng(8)
    given = cohort(rng)
    few = given.take(pd.factorize(given.samples["subject"])[0] < 6)
    few.samples["site"] = np.where(pd.factorize(few.samples["subject"])[0] % 2, "a", "b")
    table = scanned(few, heat(rng, given)[: len(few.samples)], fold=np.zeros(len(few.samples), int))
    asked = table[table["covariate"] == "site"]
    assert asked["p"].isna().all()
    assert asked["words"].str.startswith("Not tested: with 6 patients p cannot fall below 0.1").all()


def test_without_clusters_the_scan_still_answers_what_it_can():
    rng = np.random.default_rng(9)
    given = cohort(rng)
    few = given.take(np.arange(len(given.samples)) % EACH < 6)
    table = scanned(few, heat(rng, given)[: len(few.samples)])
    assert set(table.loc[table["test"] == "cluster", "words"]) == {"Not tested: no groups of heatmaps were found."}
    assert np.isfinite(row(table, "place", "")["p"])


def test_holm_is_over_all_tests_of_the_scan():
    rng = np.random.default_rng(5)
    given = cohort(rng)
    table = scanned(given, heat(rng, given))
    done = table["p"].notna().sum()
    assert table["q"].min() == pytest.approx(min(1, table["p"].min() * done))


def test_a_limit_keeps_the_same_share_of_every_patient():
    given = cohort(np.random.default_rng(6))
    few = evenly(given.samples, 60, seed=0)
    assert (given.samples.loc[few, "subject"].value_counts() == 5).all()
    assert evenly(given.samples, 10_000, seed=0).all()
