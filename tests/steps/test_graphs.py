from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from biox.core import graph_store
from biox.core.errors import InputError
from biox.core.study import Study
from biox.graphs import averages
from biox.steps.arms import arms, table_of
from biox.steps.graphs import accuracy, graphs, write_exports
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


def test_accuracy_is_taken_within_folds_and_counts_people(given):
    table = accuracy(given.cohort, given.study, given.fits)
    own = []
    for of_fold in given.fits.values():
        guess = of_fold["main"].predictions
        rows = given.cohort.samples["sample"].isin(guess["sample"]).to_numpy()
        own.append(np.corrcoef(given.cohort.x[rows, 3], guess["P03"])[0, 1])
    assert min(own) <= table["r"][3] <= max(own)
    assert (table["r"][:16] > 0.7).all()
    twins = given.cohort.samples.assign(subject=[f"p{i // 10}" for i in range(90)])
    fewer = accuracy(replace(given.cohort, samples=twins), given.study, given.fits)
    np.testing.assert_allclose(fewer["r"], table["r"], atol=0.02)
    assert (fewer["p"][:16] > table["p"][:16]).all()


def test_the_accuracy_of_a_variant_is_taken_on_the_levels_that_it_saw(given):
    raw = {"variants": {"raw": {"prepare": {"name": "none"}}}, "prepare": {"name": "centred"}}
    facts = given.study.model_dump(include={"name", "title", "question", "domain", "folds", "graph"})
    study = Study.model_validate({**facts, "data": {"source": "table"}, **raw})
    fits = {fold: dict.fromkeys(("main", "raw"), of_fold["main"]) for fold, of_fold in given.fits.items()}
    plain = accuracy(given.cohort, given.study, {fold: {"main": one["main"]} for fold, one in given.fits.items()})
    pd.testing.assert_frame_equal(accuracy(given.cohort, study, fits, "raw"), plain)
    assert not np.allclose(accuracy(given.cohort, study, fits)["r"], plain["r"])


def test_the_better_the_nulls_seem_the_less_a_correlation_says(given):
    null = next(arm for arm in arms(given.study) if arm.shuffled == 0)
    shuffled = pd.DataFrame(table_of(given.cohort, given.study, null)[0], columns=list(PROTEINS))
    shuffled["sample"] = given.cohort.samples["sample"]
    lucky = {
        k: {**fits, "null-0": replace(fits["null-0"], predictions=shuffled[shuffled["sample"].isin(_tested(fits))])}
        for k, fits in given.fits.items()
    }
    usual, careful = (accuracy(given.cohort, given.study, fits) for fits in (given.fits, lucky))
    assert (careful["p"][:16] > usual["p"][:16]).all()
    np.testing.assert_array_equal(careful["r"], usual["r"])


def _tested(fits):
    return fits["main"].predictions["sample"]


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
