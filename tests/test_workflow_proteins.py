"""The whole workflow on a tiny simulated protein table, as a user runs it."""

import shutil
from pathlib import Path

import networkx
import numpy as np
import pandas as pd
import pytest

from biox.core import graph_store, store
from biox.core.places import Places
from biox.core.studies import read_study
from biox.graphing import load_influences
from tests.workflow_runs import ROOT, biox, change, finished_once, names_shown, planned, said, snakemake, spoilable

pytestmark = pytest.mark.slow

ARMS = ["main", "alone", "centred", "null-0", "seed-1"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    return spoilable(finished_once(tmp_path_factory, "tiny_proteins"), tmp_path_factory.mktemp("a folder with spaces"))


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return spoilable(finished, tmp_path)


@pytest.fixture
def places(finished) -> Places:
    return Places(finished / "config", finished / "results", "tiny_proteins")


def test_one_command_leads_from_a_simulated_table_to_a_report(finished):
    page = (finished / "reports/tiny_proteins/index.html").read_text()
    assert "A tiny simulated table of proteins" in page
    assert "tiny_proteins" in (finished / "reports/index.html").read_text()


def test_every_patient_is_explained_once_in_every_arm_across_folds_and_shards(places):
    cohort, study = store.load_cohort(places.cohort), read_study(places.file)
    found = load_influences(study, places, "lrp")
    assert list(found) == ARMS
    for arm, one in found.items():
        expected = cohort.samples[cohort.samples["label"] == "type-1"] if arm == "alone" else cohort.samples
        assert sorted(one.samples["sample"]) == sorted(expected["sample"])
    main = found["main"]
    x = cohort.x[pd.Index(cohort.samples["sample"]).get_indexer(main.samples["sample"])]
    there = ~np.isnan(x)
    assert not there.all()
    np.testing.assert_array_equal(np.isnan(main.values[:]), ~(there[:, :, None] & there[:, None, :]))
    assert list(load_influences(study, places, "gradients")) == ["main"]
    # What influences do not depend on must not tell shards apart: one may be computed after the other was changed.
    assert not {"alpha", "baselines", "forest", "type_size"} & set(main.settings["graph"])


def test_graphs_of_all_and_of_each_type_can_be_opened_by_other_programs(places):
    graphs = graph_store.load_graphs(places.graphs)
    assert graphs.groups == ("all", "type-1", "type-2")
    assert set(graphs.average) == {*ARMS} - {"null-0"}
    assert len(graphs.edges) == 16 * 15 // 2
    exports = places.graphs / "exports"
    for name in ("directed", "undirected"):
        assert set(networkx.read_graphml(exports / f"{name}.graphml")) == set(graphs.proteins)
    edges = pd.read_parquet(exports / "edges.parquet")
    assert {"group", "source", "target", "weight"} <= set(edges.columns)
    assert set(edges["group"]) <= set(graphs.groups)


def test_the_evidence_holds_every_method_against_the_truth(finished):
    table = pd.read_parquet(finished / "results/tiny_proteins/evidence/benchmark.parquet")
    assert set(table["reference"]) == {"simulated"}
    assert {"lrp", "gradients", "pearson", "partial", "lasso", "genie3"} <= set(table["method"])


def test_no_name_of_a_person_a_sample_or_a_slide_stands_in_the_report(finished):
    assert names_shown(finished, "tiny_proteins") == set()


def test_a_second_run_does_nothing(finished):
    assert "Nothing to be done" in said(snakemake(finished))


def test_no_checkpoint_stays_behind(finished):
    assert not list(finished.rglob("checkpoints"))


def test_every_result_says_how_it_was_made(finished):
    results = finished / "results/tiny_proteins"
    steps = [results / name for name in ("raw", "cohort", "baselines", "graphs", "evidence")]
    steps += [results / "fold-2/fit", *(results / "fold-2/influence-lrp").iterdir()]
    assert len(steps) == 8
    assert all((folder / "provenance.json").is_file() for folder in steps)


def test_a_changed_title_repeats_the_report_alone(copy):
    change(copy / "config/tiny_proteins.yaml", "A tiny simulated table", "A small simulated table")
    assert planned(copy) == {"report", "crate", "index", "all"}


def test_another_false_discovery_rate_repeats_neither_training_nor_influences(copy):
    change(copy / "config/tiny_proteins.yaml", "nulls: 1", "alpha: 0.1, nulls: 1")
    assert planned(copy) == {"graphs", "viewer", "validate", "report", "crate", "index", "all"}


def test_more_masks_repeat_no_training_and_no_baselines(copy):
    change(copy / "config/tiny_proteins.yaml", "masks: 16", "masks: 20")
    assert planned(copy) == {"influence", "graphs", "viewer", "validate", "report", "crate", "index", "all"}


def test_another_forest_repeats_no_network(copy):
    change(copy / "config/tiny_proteins.yaml", "trees: 10", "trees: 12")
    assert planned(copy) == {"baselines", "validate", "report", "crate", "index", "all"}


def test_another_table_repeats_everything(copy):
    change(copy / "config/tiny_proteins.yaml", "samples: 90", "samples: 96")
    wanted = {"simulate", "ingest", "train", "influence", "baselines", "graphs", "validate", "report"}
    assert wanted <= planned(copy)


def test_a_broken_table_stops_at_ingest_with_its_place_and_without_a_traceback(copy):
    table = copy / "results/tiny_proteins/raw/proteins.csv"
    lines = table.read_text().splitlines()
    name, _, *rest = lines[5].split(",")
    lines[5] = ",".join([name, "high", *rest])
    table.write_text("\n".join(lines) + "\n")
    done = biox(copy, "ingest", "tiny_proteins", "--out", "results/tiny_proteins/cohort")
    assert done.returncode == 2
    for word in ("proteins.csv", name, "P01", "high"):
        assert word in said(done)
    assert "Traceback" not in said(done)
    assert (copy / "results/tiny_proteins/cohort/provenance.json").is_file()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("masks: 16", "mask: 16", "unknown key 'graph.mask'"),
        ("epochs: 20", "epochs: 20, mixup: 0.2", "training.mixup"),
        ("[type-1]", "[type-7]", "'alone'"),
        ("width: 2", "widths: 2", "widths"),
    ],
)
def test_a_mistake_in_the_study_stops_before_training_with_a_sentence(copy, old, new, words):
    change(copy / "config/tiny_proteins.yaml", old, new)
    said_by = []
    for command in (("check", "tiny_proteins"), ("ingest", "tiny_proteins", "--out", "results/tiny_proteins/cohort")):
        done = biox(copy, *command)
        assert "Traceback" not in said(done)
        said_by += [said(done)] if done.returncode == 2 else []
    assert said_by
    assert words in said_by[0]


def test_a_shard_or_method_that_is_not_there_is_refused_in_a_sentence(finished, tmp_path):
    for words, said_so in ((("lrp", "2"), "no shard 2"), (("lpr", "0"), "no method 'lpr'")):
        command = ["influence", "tiny_proteins", "--fold", "0", "--method", words[0], "--shard", words[1]]
        done = biox(finished, *command, "--out", str(tmp_path / "new"))
        assert done.returncode == 2
        assert said_so in said(done)
        assert not (tmp_path / "new").exists()


def test_a_study_without_graphs_says_so(finished, tmp_path):
    shutil.copytree(ROOT / "tests" / "tiny", tmp_path / "config")
    for command in (["baselines"], ["graphs"], ["influence", "--fold", "0", "--method", "lrp", "--shard", "0"]):
        done = biox(tmp_path, command[0], "tiny_trials", *command[1:], "--out", "new")
        assert done.returncode == 2
        assert "draws no graphs" in said(done)
