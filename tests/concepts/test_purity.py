"""A covariate that goes with a cluster is named; one that does not is not, and patients are what chance deals to."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom

from biox.concepts.purity import purity
from biox.core.errors import InputError


def test_p_of_two_levels_is_the_hypergeometric_one():
    """One cluster and two levels: the deal is an urn. |z| of the most over-represented level counts, so two-sided."""
    cluster = np.repeat([0, 1], [40, 20])
    site = np.array(["a"] * 30 + ["b"] * 10 + ["a"] * 9 + ["b"] * 11)
    table = purity(cluster, pd.DataFrame({"site": site}), iterations=20_000, seed=0)
    urn = hypergeom(60, 21, 20)  # b in cluster 1
    mean = urn.mean()
    exact = sum(urn.pmf(k) for k in range(21) if abs(k - mean) >= abs(11 - mean) - 1e-9)
    one = table[table["cluster"] == 1].iloc[0]
    assert (one["level"], one["purity"], one["elsewhere"], one["units"]) == ("b", 11 / 20, 10 / 40, 60)
    assert one["p"] == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))


def test_a_planted_level_is_named_and_an_independent_covariate_is_not():
    rng = np.random.default_rng(0)
    cluster = np.repeat([0, 1, 2], [100, 60, 40])
    scanner = np.where((cluster == 2) & (rng.random(200) < 0.9), "old", rng.choice(["new", "mid"], 200))
    coin = rng.choice(["heads", "tails"], 200)
    table = purity(cluster, pd.DataFrame({"scanner": scanner, "coin": coin}), iterations=2000, seed=0)
    table = table.set_index(["covariate", "cluster"])
    assert table.loc[("scanner", 2), "level"] == "old"
    assert table.loc[("scanner", 2), "q"] < 0.01
    assert table.loc[("scanner", 2), "purity"] > 0.8
    assert table.loc[("scanner", 2), "elsewhere"] == 0
    assert (table.loc["coin", "q"] > 0.05).all()


def test_tiles_of_one_patient_do_not_count_as_many_patients():
    """Clusters are patients, sites are patients': tiles dealt one by one would find a bias in every such cohort."""
    rng = np.random.default_rng(0)
    by_tile, by_patient = [], []
    for seed in range(60):
        patient = np.repeat(np.arange(12), 30)
        cluster = rng.integers(0, 3, 12)[patient]
        site = pd.DataFrame({"site": rng.permutation(np.repeat(["a", "b"], 6))[patient]})
        by_tile.append(purity(cluster, site, iterations=199, seed=seed)["q"].min())
        by_patient.append(purity(cluster, site, unit=patient, iterations=199, seed=seed)["q"].min())
    assert np.mean(np.array(by_tile) <= 0.05) > 0.8
    assert (np.array(by_patient) <= 0.05).sum() <= 8  # P(more than 8 of 60 at 0.05) = 0.4 %


def test_a_site_that_makes_a_cluster_is_found_among_patients():
    patient = np.repeat(np.arange(16), 10)
    site = np.where(patient < 8, "a", "b")
    cluster = (site == "b").astype(int)
    table = purity(cluster, pd.DataFrame({"site": site}), unit=patient, iterations=4999, seed=0)
    assert (table["units"] == 16).all()
    assert (table["p"] < 0.005).all()  # exactly 2 of 12,870 deals


def test_dealing_within_strata_does_not_find_what_the_strata_explain():
    """Classes have clusters and scanners of their own; within a class nothing goes together."""
    rng = np.random.default_rng(1)
    label = np.repeat(["tumour", "other"], 150)
    cluster = np.where(label == "tumour", rng.random(300) < 0.9, rng.random(300) < 0.1).astype(int)
    scanner = np.where(label == "tumour", rng.random(300) < 0.8, rng.random(300) < 0.2)
    table = pd.DataFrame({"scanner": scanner})
    assert (purity(cluster, table, iterations=999, seed=0)["p"] < 0.01).all()
    assert (purity(cluster, table, within=label, iterations=999, seed=0)["p"] > 0.05).all()


def test_holm_is_over_all_clusters_and_covariates():
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, 4, 200)
    table = purity(cluster, pd.DataFrame(rng.integers(0, 3, (200, 5))).add_prefix("c"), iterations=499, seed=0)
    assert len(table) == 20
    assert table["q"].min() == pytest.approx(min(1, 20 * table["p"].min()))


def test_many_numbers_are_compared_in_quarters_and_missing_values_left_out():
    cluster = np.repeat([0, 1], 50)
    tissue = np.concatenate([np.linspace(0, 0.5, 50), np.linspace(0.5, 1, 50)])
    tissue[3] = np.nan
    table = purity(cluster, pd.DataFrame({"tissue": tissue}), iterations=499, seed=0)
    assert table["size"].tolist() == [49, 50]
    assert (table["p"] < 0.01).all()


def test_a_covariate_of_one_level_is_not_tested():
    table = purity(np.array([0, 1, 1, 0]), pd.DataFrame({"site": ["a"] * 4}), iterations=9, seed=0)
    assert table[["p", "q", "purity"]].isna().all(axis=None)


def test_a_covariate_that_changes_within_a_patient_is_refused_in_words():
    table = pd.DataFrame({"pen": [True, False, True, True]})
    with pytest.raises(InputError, match="'pen' has several values within unit 'p1'"):
        purity(np.array([0, 1, 1, 0]), table, unit=np.array(["p1", "p1", "p2", "p2"]), iterations=9, seed=0)
