"""Fits, graphs and scores of a graph study come back from disk as they were saved."""

import numpy as np
import pandas as pd
import pytest
import torch

from biox.core import graph_store
from biox.core.errors import InputError
from biox.core.graph_types import Graphs, MaskedFit

PROTEINS = tuple(f"P{i}" for i in range(7))


def scores(seed=0):
    return np.random.default_rng(seed).standard_normal((3, 7, 7)).astype(np.float32)


def masked_fit(variant):
    rows = pd.DataFrame({"sample": ["a", "b"], "part": ["train", "test"]})
    return MaskedFit(
        variant=variant, fold=1, seed=3, model="masked_mlp", options={"width": 10}, weights={"w": torch.arange(4.0)},
        proteins=PROTEINS, unit="log2", shift=np.arange(7.0), scale=np.ones(7), parts=rows,
        accuracy=pd.DataFrame({"protein": PROTEINS, "r": 0.5, "mse": 0.7, "n": 1}),
        predictions=pd.DataFrame({"sample": ["b"], **{name: [0.1] for name in PROTEINS}}),
        history=pd.DataFrame({"epoch": [0], "loss": [1.0]}),
    )  # fmt: skip


def test_masked_fits_come_back_as_they_were_saved(tmp_path):
    for variant in ("main", "null-0"):
        graph_store.save_masked_fit(masked_fit(variant), tmp_path / variant)
    loaded = graph_store.load_masked_fits(tmp_path)
    assert sorted(loaded) == ["main", "null-0"]
    given, found = masked_fit("null-0"), loaded["null-0"]
    assert torch.equal(found.weights["w"], given.weights["w"])
    for name in ("variant", "fold", "seed", "model", "options", "proteins", "unit"):
        assert getattr(found, name) == getattr(given, name)
    for name in ("parts", "accuracy", "predictions", "history"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(given, name))
    for name in ("shift", "scale"):
        np.testing.assert_array_equal(getattr(found, name), getattr(given, name))


def test_graphs_and_matrices_come_back_as_they_were_saved(tmp_path):
    average = {"main": scores(), "seed-1": scores(1)}
    signed = {name: -one for name, one in average.items()}
    tables = [pd.DataFrame({name: [1.5, np.nan]}) for name in ("protein", "a", "sample")]
    graph_store.save_graphs(Graphs(PROTEINS, ("all", "BRCA", "a/b"), average, signed, *tables), tmp_path / "graphs")
    found = graph_store.load_graphs(tmp_path / "graphs")
    assert (found.proteins, found.groups, list(found.average)) == (PROTEINS, ("all", "BRCA", "a/b"), list(average))
    for name in average:
        np.testing.assert_array_equal(found.average[name], average[name])
        np.testing.assert_array_equal(found.signed[name], signed[name])
    for loaded, given in zip((found.nodes, found.edges, found.patients), tables, strict=True):
        pd.testing.assert_frame_equal(loaded, given)

    graph_store.save_matrices({"pearson": average["main"][0], "genie3": signed["main"][0]}, tmp_path / "baselines")
    matrices = graph_store.load_matrices(tmp_path / "baselines")
    assert list(matrices) == ["genie3", "pearson"]
    np.testing.assert_array_equal(matrices["pearson"], average["main"][0])


def test_a_study_may_have_chosen_no_baselines(tmp_path):
    graph_store.save_matrices({}, tmp_path / "baselines")
    assert graph_store.load_matrices(tmp_path / "baselines") == {}


def test_loading_what_was_never_made_says_what_to_do(tmp_path):
    absent = tmp_path / "absent"
    loads = (graph_store.load_masked_fits, graph_store.load_graphs, graph_store.load_matrices)
    for load in (*loads, lambda folder: graph_store.load_influences([folder])):
        with pytest.raises(InputError, match="run"):
            load(absent)
