"""A rare strategy forms a cluster of its own, and one that has no mirrored twin is the strangest."""

import numpy as np
import pandas as pd
import pytest

from biox.domains.histology.fixed_place import shares
from biox.domains.histology.strategies import indicators, oddness, purities, strategies, tables
from biox.domains.histology.tie import Plan

SIDE, COUNT = 32, 160
CLASSES = ("normal", "tumour")


def heatmaps(rng: np.random.Generator, corner: np.ndarray) -> np.ndarray:
    """Blobs anywhere; in the marked tiles most relevance lies in the top left corner."""
    y, x = np.mgrid[:SIDE, :SIDE]
    at = rng.uniform(4, SIDE - 4, (COUNT, 2, 1, 1))
    heat = np.exp(-((y - at[:, 0]) ** 2 + (x - at[:, 1]) ** 2) / 20) + 0.02 * rng.uniform(size=(COUNT, SIDE, SIDE))
    heat[corner, :4, :4] += 4
    return heat.astype(np.float32)


def made(share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(0)
    y = np.arange(COUNT) % 2
    corner = (y == 1) & (rng.permutation(COUNT) < share * COUNT)
    samples = pd.DataFrame({
        "sample": [f"t{k}" for k in range(COUNT)],
        "subject": [f"p{k % 8}" for k in range(COUNT)],
        "site": np.where(np.arange(COUNT) % 8 < 4, "a", "b"),
        "planted": corner,
    })  # fmt: skip
    return heatmaps(rng, corner), y, corner, samples


def test_tiles_with_a_corner_fill_the_strangest_cluster():
    values, y, corner, _ = made(0.3)
    found, _ = strategies(values, y, CLASSES, 8, seed=0)
    maps = shares(values, 8)
    odd = {one.name: oddness(one, maps[one.rows]) for one in found}
    strangest = odd["tumour"].loc[odd["tumour"]["oddness"].idxmax()]
    assert (strangest["peak_row"], strangest["peak_column"]) == (0, 0)
    assert strangest["oddness"] > 3 * odd["normal"]["oddness"].max()
    tumour = next(one for one in found if one.name == "tumour")
    member = tumour.rows[tumour.found.cluster == strangest["cluster"]]
    assert corner[member].mean() > 0.9


def test_without_a_corner_no_cluster_is_far_stranger_than_the_others():
    values, y, _, _ = made(0.0)
    found, _ = strategies(values, y, CLASSES, 8, seed=0)
    odd = [oddness(one, shares(values, 8)[one.rows])["oddness"].max() for one in found]
    marked, y, _, _ = made(0.3)
    tumour = strategies(marked, y, CLASSES, 8, seed=0)[0][1]
    assert max(odd) < oddness(tumour, shares(marked, 8)[tumour.rows])["oddness"].max() / 2


def test_classes_are_clustered_alone_and_blank_heatmaps_left_out():
    values, y, _, _ = made(0.3)
    values[:5] = 0
    found, _ = strategies(values, y, CLASSES, 4, seed=0)
    for k, one in enumerate(found):
        assert (y[one.rows] == k).all()
        assert one.rows.min() >= 5
    member = indicators(found, COUNT)
    assert member.shape == (COUNT, 8)
    np.testing.assert_array_equal(member.sum(1), np.arange(COUNT) >= 5)


def test_a_small_class_has_no_clusters():
    values, _, _, _ = made(0.0)
    y = (np.arange(COUNT) < 20).astype(int)
    found, refused = strategies(values, y, CLASSES, 8, seed=0)
    assert [one.name for one in found] == ["normal"]
    assert "20 heatmaps" in refused["tumour"]


def test_tables_name_every_cluster_with_its_exemplars_and_what_it_holds():
    values, y, corner, samples = made(0.3)
    found, _ = strategies(values, y, CLASSES, 4, seed=0)
    given = tables(found, shares(values, 8), samples, values, seed=0)
    assert set(given) == {"spray_points", "spray_clusters", "spray_maps", "spray_spectrum"}
    assert set(given["spray_points"]["sample"]) == set(samples["sample"])
    clusters = given["spray_clusters"].set_index(["class", "cluster"])
    assert clusters["tiles"].sum() == COUNT
    assert np.isclose((clusters["planted"] * clusters["tiles"]).sum(), corner.sum())
    members = given["spray_points"].groupby(["class", "cluster"])["sample"].agg(set)
    for key, exemplars in clusters["exemplars"].items():
        assert set(exemplars.split(";")) <= members[key]
    total = given["spray_maps"].assign(size=lambda t: t["value"].abs()).groupby(["class", "cluster"])["size"].sum()
    np.testing.assert_allclose(total, 1, rtol=1e-4)


def test_purity_is_dealt_to_patients_of_a_fold_and_a_flag_has_no_p():
    values, y, _, samples = made(0.3)
    found, _ = strategies(values, y, CLASSES, 4, seed=0)
    fold = np.arange(COUNT) % 8 // 2 % 2
    asked = purities(found, samples, fold, Plan(0.05, 199, ("site", "planted"), 0))
    assert set(asked["class"]) == set(CLASSES)
    assert (asked.loc[asked["covariate"] == "site", "units"] == 4).all()  # every class has four patients
    assert asked.loc[asked["covariate"] == "planted", "p"].isna().all()
    marked = asked[(asked["covariate"] == "planted") & (asked["level"] == "True")]
    assert marked["class"].tolist() == ["tumour"]
    assert marked["purity"].item() > 0.9


def test_purities_of_many_null_covariates_tie_hardly_any_cluster():
    values, y, _, samples = made(0.0)
    found, _ = strategies(values, y, CLASSES, 4, seed=0)
    patient = np.arange(COUNT) // 8  # 20 patients with tiles of both classes
    tied = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        nulls = pd.DataFrame({f"n{k}": rng.integers(0, 2, 20)[patient].astype(str) for k in range(6)})
        table = samples.assign(subject=[f"p{k}" for k in patient], **nulls)
        asked = purities(found, table, patient % 2, Plan(0.05, 999, tuple(nulls), seed))
        tied += (asked["q"] <= 0.05).any()
    assert tied <= 3  # one expected; four or more have a probability below 2 %


def test_heatmaps_that_spray_refuses_are_named_and_stop_nothing():
    values, y, _, _ = made(0.0)
    values[y == 1] = values[y == 1][:1]
    found, refused = strategies(values, y, CLASSES, 4, seed=0)
    assert [one.name for one in found] == ["normal"]
    assert set(refused) == {"tumour"}


def test_purities_that_few_patients_could_never_show_have_a_reason_in_place_of_p():
    values, y, _, samples = made(0.3)
    found, _ = strategies(values, y, CLASSES, 4, seed=0)
    asked = purities(found, samples, np.zeros(COUNT, int), Plan(0.05, 999, ("site",), 0))  # four patients a class
    assert asked["p"].isna().all()
    assert asked["least"].to_numpy() == pytest.approx(2 / 6, abs=0.01)  # two and two, and the sites can be swapped
    assert asked["reason"].str.startswith("with 4 patients p cannot fall below 0.33").all()
    many = samples.assign(subject=[f"p{k // 4}" for k in range(COUNT)], site=np.arange(COUNT) // 4 % 2)
    assert purities(found, many, np.zeros(COUNT, int), Plan(0.05, 999, ("site",), 0))["p"].notna().all()
