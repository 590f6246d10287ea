from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from biox.core import graph_store
from biox.core.errors import InputError
from biox.graphs import averages
from biox.steps.graphs import graphs, write_exports
from tests.graphs.made_graphs import PLANTED, PROTEINS, Made, made

TRUE = {(PROTEINS[a], PROTEINS[b]) for a, b in PLANTED}


def drawn(one: Made):
    return graphs(one.cohort, one.study, one.fits, one.influences)


def without(one: Made, name):
    return replace(one, influences={arm: found for arm, found in one.influences.items() if arm != name})


@pytest.fixture(scope="module")
def given():
    return made()


@pytest.fixture(scope="module")
def found(given):
    return drawn(given)


def kept_pairs(found):
    kept = found.edges[found.edges["kept"]]
    return set(zip(kept["a"], kept["b"], strict=True))


def test_the_planted_edges_are_kept_and_hardly_any_other(found):
    assert kept_pairs(found) >= TRUE
    assert len(kept_pairs(found)) <= len(TRUE) + 1
    kept = found.edges[found.edges["kept"]]
    assert (kept["q"] <= 0.05).all()
    assert (found.edges.loc[found.edges["kept"], "folds"] > 0.6).all()
    assert found.edges["weight"].is_monotonic_decreasing
    assert len(found.edges) == 190


def test_weights_directions_and_signs_are_those_of_the_influences(given, found):
    edge = found.edges.set_index(["a", "b"]).loc[("P00", "P01")]
    values = given.influences["main"].values
    both = (np.abs(values[:, 0, 1]) + np.abs(values[:, 1, 0])) / 2
    assert edge["weight"] == pytest.approx(np.median(both))
    assert edge["forward"] == pytest.approx(np.median(np.abs(values[:, 0, 1])))
    assert edge["backward"] == pytest.approx(np.median(np.abs(values[:, 1, 0])))
    assert -0.5 < edge["sign"] < -0.2  # -0.2 one way, +0.1 the other
    assert found.edges.set_index(["a", "b"]).loc[("P02", "P03"), "sign"] == pytest.approx(1, abs=0.01)


def test_groups_are_all_and_the_types_with_enough_patients_for_every_arm_but_the_nulls(given, found):
    assert found.groups == ("all", "lung", "skin")
    assert set(found.average) == set(found.signed) == {"main", "alone", "seed-1"}
    main = given.influences["main"]
    lung = main.samples["sample"].isin(given.cohort.samples["sample"][given.cohort.samples["label"] == "lung"])
    expected = np.median(np.abs(main.values[lung.to_numpy()]), axis=0)
    np.testing.assert_allclose(found.average["main"][1], expected, rtol=1e-6)
    np.testing.assert_allclose(found.signed["main"][0], main.values.mean(axis=0), rtol=1e-4, atol=1e-7)
    assert np.isnan(found.average["alone"][2]).all()
    np.testing.assert_array_equal(found.average["alone"][0], found.average["alone"][1])
    assert drawn(made(type_size=46)).groups == ("all",)
    assert drawn(made(types=("all",))).groups == ("all",)


def test_proteins_that_cannot_be_predicted_have_no_edges(given, found):
    nodes = found.nodes.set_index("protein")
    assert nodes.index[~nodes["predicted"]].tolist() == list(PROTEINS[16:])
    assert (nodes["degree"][16:] == 0).all()
    assert not set(PROTEINS[16:]) & {*found.patients["source"], *found.patients["target"]}
    strong = given.influences["main"].values.copy()
    strong[:, 16, 17] = strong[:, 17, 16] = 5
    main = replace(given.influences["main"], values=strong)
    again = drawn(replace(given, influences={**given.influences, "main": main}))
    edge = again.edges.set_index(["a", "b"]).loc[("P16", "P17")]
    assert edge["q"] < 0.05
    assert not edge["kept"]


def test_each_patient_has_its_strongest_edges_and_their_place_in_the_cohort(given, found):
    sizes = found.patients.groupby("sample").size()
    assert len(sizes) == 90
    assert (sizes == 40).all()
    first = found.patients[found.patients["sample"] == "s004"].iloc[0]
    row = given.influences["main"].samples["sample"].tolist().index("s004")
    a, b = PROTEINS.index(first["source"]), PROTEINS.index(first["target"])
    assert first["weight"] == given.influences["main"].values[row, a, b]
    assert found.patients["percentile"].between(0, 1).all()


def test_without_nulls_nothing_is_tested_and_the_strongest_are_kept():
    found = drawn(made(nulls=0, seeds=0))
    assert found.edges["q"].isna().all()
    assert found.edges["p"].isna().all()
    assert found.edges["seeds"].isna().all()
    assert found.edges["kept"].sum() == 100
    assert kept_pairs(found) >= TRUE


def test_noise_has_no_edges_and_yet_a_picture(given):
    noise = replace(given.influences["null-0"], variant="main")
    found = drawn(replace(given, influences={**given.influences, "main": noise}))
    assert not found.edges["kept"].any()
    assert found.nodes["community"].tolist() == list(range(20))
    assert found.edges["folds"].isna().all()
    assert len(found.nodes[["x", "y"]].drop_duplicates()) == 20


def test_arms_that_are_missing_are_refused_not_left_out(given):
    for name in ("main", "null-1", "alone", "seed-1"):
        with pytest.raises(InputError, match="arms"):
            drawn(without(given, name))


def test_influences_of_some_samples_or_of_another_cohort_are_refused_not_drawn(given):
    whole = given.influences["seed-1"]
    half = replace(whole, values=whole.values[::2], samples=whole.samples[::2].reset_index(drop=True))
    with pytest.raises(InputError, match=r"'seed-1': of 90 samples 45 have no influences.*again"):
        drawn(replace(given, influences={**given.influences, "seed-1": half}))
    fewer = replace(given, cohort=given.cohort.take(np.arange(90) < 80))
    with pytest.raises(InputError, match="'main': of 80 samples 0 have no influences, and 10 others"):
        drawn(fewer)
    others = replace(whole, proteins=(*PROTEINS[1:], PROTEINS[0]))
    with pytest.raises(InputError, match="other proteins"):
        drawn(replace(given, influences={**given.influences, "seed-1": others}))


def test_a_type_called_all_among_others_is_refused():
    with pytest.raises(InputError, match="rename"):
        drawn(made(types=("all", "skin")))


def test_graphs_of_proteins_that_some_samples_lack_leave_these_samples_out(given):
    values = given.influences["main"].values.copy()
    values[:30, 2], values[:30, :, 2] = np.nan, np.nan
    main = replace(given.influences["main"], values=values)
    found = drawn(replace(given, influences={**given.influences, "main": main}))
    expected = averages.undirected(values[30:], {"all": np.arange(60)})["all"][2, 3]
    assert found.edges.set_index(["a", "b"]).loc[("P02", "P03"), "weight"] == pytest.approx(expected)
    assert ("P02", "P03") in kept_pairs(found)


def test_graphs_and_exports_are_written_and_read_again(found, tmp_path):
    graph_store.save_graphs(found, tmp_path / "graphs")
    loaded = graph_store.load_graphs(tmp_path / "graphs")
    pd.testing.assert_frame_equal(loaded.nodes, found.nodes)
    pd.testing.assert_frame_equal(loaded.edges, found.edges)
    pd.testing.assert_frame_equal(loaded.patients, found.patients)
    np.testing.assert_array_equal(loaded.average["alone"], found.average["alone"])
    write_exports(loaded, tmp_path / "exports")
    names = {
        "edges.parquet",
        "undirected.graphml",
        "directed.graphml",
        "undirected.cyjs",
        "directed.cyjs",
        "graphs.h5ad",
    }
    assert {path.name for path in (tmp_path / "exports").iterdir()} == names
