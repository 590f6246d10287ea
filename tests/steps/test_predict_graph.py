"""New patients get the graph of the study's networks, and what cannot be held against its cohort is refused."""

import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import yaml

from biox.cli import main
from biox.core.errors import InputError
from biox.core.find import checked
from biox.core.graph_store import load_influences
from biox.core.graph_types import Influence
from biox.core.study import Study
from biox.core.types import Axis, Cohort
from biox.domains.proteomics.predicted import unusual
from biox.domains.proteomics.simulate import write
from biox.domains.proteomics.simulation import Simulation
from biox.steps.graph_train import train_graph
from biox.steps.graphs import graphs
from biox.steps.influence import influences
from biox.steps.ingest import ingest
from biox.steps.predict_graph import Known, predict_graph
from biox.steps.predict_graph_match import matched, outside, refuse_variant, same_people
from biox.steps.predict_graph_source import new_patients

GIVEN = {
    "name": "tiny", "title": "Tiny", "question": "q", "domain": "proteomics", "folds": {"count": 3},
    "model": {"name": "masked_mlp", "width": 3}, "graph": {"masks": 8, "nulls": 0, "seeds": 0, "forest": {"trees": 5}},
    "training": {"epochs": 25, "batch": 16, "learning_rate": 5e-3, "patience": 25},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("raw")
    write(Simulation(proteins=12, samples=90, modules=2, subgroups=2, new=4, seed=0), made)
    return made


@pytest.fixture(scope="module")
def study(folder):
    data = {"source": "table", "file": folder / "proteins.csv", "sheet": folder / "samples.csv"}
    return checked(Study, {**GIVEN, "data": data}, "tiny")


@pytest.fixture(scope="module")
def known(study):
    cohort = ingest(study)
    fits = {fold: train_graph(cohort, study, fold) for fold in range(3)}
    pieces = [
        piece
        for of_fold in fits.values()
        for job in influences(cohort, study, of_fold, "lrp", 0)
        for piece in job.pieces
    ]
    values = np.concatenate([piece.values for piece in pieces])
    table = pd.concat([piece.samples for piece in pieces], ignore_index=True)
    found = Influence("main", "lrp", {}, values, table, cohort.axes[0].labels)
    drawn = graphs(cohort, study, fits, {"main": found})
    return Known(cohort, {fold: of_fold["main"] for fold, of_fold in fits.items()}, found, drawn)


@pytest.fixture(scope="module")
def people(study, folder):
    return new_patients(study, None, folder / "new_proteins.csv")[0]


class Kept:
    """Takes the influences that a prediction writes."""

    def __init__(self):
        self.values, self.samples = [], []

    def __call__(self, values, samples):
        self.values.append(values)
        self.samples.append(samples)


def predicted(study, known, people):
    kept = Kept()
    return predict_graph(study, known, "lrp", people, kept), kept


@pytest.fixture(scope="module")
def found(study, known, people):
    return predicted(study, known, people)


def test_patients_of_the_cohort_are_marked_and_their_own_network_finds_in_them_what_it_found_before(study, known):
    fit = known.fits[1]
    tested = fit.parts["sample"][fit.parts["part"] == "test"]
    own = known.cohort.take(known.cohort.samples["sample"].isin(tested).to_numpy())
    found, kept = predicted(study, replace(known, fits={1: fit}), own)
    assert found.prediction.samples["member"].all()
    rows = known.influence.samples["sample"].isin(tested).to_numpy()
    off = ~np.eye(12, dtype=bool)
    # Only the masks were drawn anew.
    again, before = np.concatenate(kept.values)[:, off], known.influence.values[rows][:, off]
    assert np.median([np.corrcoef(a, b)[0, 1] for a, b in zip(again, before, strict=True)]) > 0.8
    assert np.corrcoef(np.median(again, axis=0), np.median(before, axis=0))[0, 1] > 0.95


def test_new_patients_are_not_members_and_listed_edges_carry_the_written_influence(found, people, known):
    prediction, kept = found[0].prediction, found[1]
    assert not prediction.samples["member"].any()
    assert prediction.samples["place"].between(0, 1).all()
    assert (prediction.samples["usual"] == unusual(known.graphs.patients)["unusual"].median()).all()
    values = np.concatenate(kept.values)
    assert values.shape == (4, 12, 12)
    place = {name: number for number, name in enumerate(people.axes[0].labels)}
    rows = {name: number for number, name in enumerate(people.samples["sample"])}
    for table in (prediction.edges, found[0].unusual):
        assert len(table)
        for edge in table.to_dict("records"):
            at = rows[edge["sample"]], place[edge["source"]], place[edge["target"]]
            assert edge["weight"] == pytest.approx(values[at])
            assert edge["low"] <= edge["weight"] <= edge["high"]
            assert 0 <= edge["percentile"] <= 1


def test_edges_go_from_strong_to_weak_unusual_ones_from_rare_to_common_and_none_is_of_an_unpredicted_protein(
    study, known, people
):
    nodes = known.graphs.nodes.assign(predicted=known.graphs.nodes["protein"] != "P01")
    found, _ = predicted(study, replace(known, graphs=replace(known.graphs, nodes=nodes)), people)
    for table in (found.prediction.edges, found.unusual):
        assert "P01" not in {*table["source"], *table["target"]}
    for _, own in found.prediction.edges.groupby("sample"):
        assert own["weight"].abs().is_monotonic_decreasing
        assert own["rank"].tolist() == list(range(1, len(own) + 1))
    for _, own in found.unusual.groupby("sample"):
        assert own["percentile"].is_monotonic_decreasing


def test_a_patients_graph_does_not_depend_on_who_else_is_in_the_table(study, known, people, found):
    alone, kept = predicted(study, known, people.take(np.array([2])))
    np.testing.assert_allclose(kept.values[0][0], np.concatenate(found[1].values)[2], atol=1e-5)
    assert alone.prediction.samples["sample"].tolist() == [people.samples["sample"].iloc[2]]


def test_what_was_not_measured_has_no_edges_and_the_rest_still_has(study, known, people):
    x = np.array(people.x)
    x[:, 3] = np.nan
    found, kept = predicted(study, known, replace(people, x=x))
    assert np.isnan(kept.values[0][:, 3]).all()
    assert "P04" not in {*found.prediction.edges["source"], *found.unusual["target"]}
    assert len(found.prediction.edges)
    np.testing.assert_allclose(found.prediction.samples["unmeasured"], 1 / 12)


def test_columns_are_matched_by_name_in_any_order_extra_ones_are_left_out_and_absent_ones_are_not_measured(people):
    names = people.axes[0].labels
    order = [11, *range(11)]
    shuffled = Cohort(
        np.column_stack([np.array(people.x)[:, order], np.ones(4)]).astype(np.float32), people.samples,
        (Axis("protein", (*[names[k] for k in order], "ALB")),), people.unit, people.classes, "subject",
    )  # fmt: skip
    same = matched(shuffled, names, people.unit)
    np.testing.assert_array_equal(same.x, people.x)
    assert same.notes == ("Left out, unknown to the networks: 'ALB'.",)
    fewer = replace(people, x=people.x[:, :11], axes=(Axis("protein", names[:11]),))
    absent = matched(fewer, names, people.unit)
    assert np.isnan(absent.x[:, 11]).all()
    assert "'P12'" in absent.notes[-1]


def test_too_few_proteins_another_unit_and_another_scale_are_refused_in_a_sentence(known, people):
    names = people.axes[0].labels
    with pytest.raises(InputError, match="5 of the 12 proteins"):
        matched(replace(people, x=people.x[:, :5], axes=(Axis("protein", names[:5]),)), names, people.unit)
    with pytest.raises(InputError, match=r"in 'NPX'.* in 'level'"):
        matched(replace(people, unit="NPX"), names, people.unit)
    assert (outside(people, known.cohort.x) < 0.5).all()
    x = np.array(people.x)
    x[1] += 50
    with pytest.raises(InputError, match=f"{people.samples['sample'].iloc[1]}.*outside the range"):
        outside(replace(people, x=x), known.cohort.x)
    with pytest.raises(InputError, match="'centred' prepared"):
        refuse_variant("tiny", "centred", "centred")


def test_the_share_outside_counts_measured_levels_only():
    known = np.array([[0.0, 0, 0, np.nan], [1, 1, 1, 1], [1, 1, 1, 2]])
    new = Cohort(
        np.array([[2.0, 0.5, np.nan, 1.5]]), pd.DataFrame({"sample": ["a"], "subject": ["a"], "label": ["all"]}),
        (Axis("protein", tuple("abcd")),), "level", ("all",), "subject",
    )  # fmt: skip
    assert outside(new, known)[0] == pytest.approx(1 / 3)


def test_a_member_is_known_by_name_or_by_levels_but_row_numbers_are_no_names(known):
    cohort = known.cohort
    one = cohort.take(np.array([7]))
    renamed = replace(one, samples=one.samples.assign(subject="someone"))
    assert [rows.tolist() for rows in same_people(renamed, cohort)] == [[7]]
    other = replace(one, x=np.array(one.x) + 0.1)
    assert [rows.tolist() for rows in same_people(other, cohort)] == [[7]]
    assert [rows.tolist() for rows in same_people(replace(renamed, x=other.x), cohort)] == [[]]
    numbers = [str(k + 1) for k in range(len(cohort.samples))]
    numbered = replace(cohort, samples=cohort.samples.assign(subject=numbers))
    first = replace(other, samples=one.samples.assign(subject="1"))
    assert [rows.tolist() for rows in same_people(first, numbered)] == [[]]


@pytest.mark.slow
def test_predict_writes_graphs_that_networkx_and_pandas_read_and_a_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw = "results/tiny/raw"
    given = {
        **GIVEN,
        "simulate": {"proteins": 12, "samples": 90, "modules": 2, "subgroups": 2, "new": 3},
        "data": {"source": "table", "file": f"{raw}/proteins.csv", "sheet": f"{raw}/samples.csv"},
        "predict": {"new": {"source": "table", "file": f"{raw}/new_proteins.csv", "sheet": f"{raw}/new_samples.csv"}},
        "variants": {"centred": {"prepare": {"name": "centred"}}, "gentle": {"training": {"epochs": 5}}},
    }
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(given))
    for words in ("simulate", "ingest"):
        assert (
            main([words, "tiny.yaml", "--out", f"results/tiny/{ {'simulate': 'raw', 'ingest': 'cohort'}[words] }"]) == 0
        )
    for fold in ("0", "1", "2"):
        home = f"results/tiny/fold-{fold}"
        assert main(["train", "tiny.yaml", "--fold", fold, "--out", f"{home}/fit"]) == 0
        shard = ["--method", "lrp", "--shard", "0", "--out", f"{home}/influence-lrp/shard-0"]
        assert main(["influence", "tiny.yaml", "--fold", fold, *shard]) == 0
    assert main(["graphs", "tiny.yaml", "--out", "results/tiny/graphs"]) == 0
    assert main(["predict", "tiny.yaml", "--case", "new", "--out", "new"]) == 0
    samples = pd.read_csv("new/samples.csv")
    network = nx.read_graphml(f"new/{samples['graph'][0]}")
    edges = pd.read_csv("new/edges.csv")
    assert network.number_of_edges() == (edges["sample"] == samples["sample"][0]).sum()
    stored = load_influences([tmp_path / "new" / "influence"])["main"]
    assert stored.values[:].shape == (3, 12, 12)
    assert stored.samples["sample"].tolist() == samples["sample"].tolist()
    assert set(samples["label"]) <= set(pd.read_csv(f"{raw}/new_samples.csv")["type"])
    page = (tmp_path / "new" / "report.html").read_text()
    key = pd.read_csv("new/pseudonyms.csv").set_index("name")["pseudonym"]
    assert key[samples["sample"][0]] in page
    assert samples["sample"][0] not in page
    assert json.loads((tmp_path / "new" / "provenance.json").read_text())["step"] == "predict"
    assert main(["predict", "tiny.yaml", f"{raw}/new_proteins.csv", "--variant", "gentle", "--out", "gentle"]) == 0
    assert main(["predict", "tiny.yaml", "--case", "new", "--variant", "centred", "--out", "no"]) == 2
    assert not (tmp_path / "no").exists()
