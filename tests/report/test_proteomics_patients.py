"""The files of patients beside the page, and the page of new patients."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from biox.domains.proteomics.predicted import unusual
from biox.report.graph_person import answer, beside_cohort, cautions, graph_person_page
from biox.report.patient_files import EACH, write_patient_files
from tests.report.graph_data import make, prediction


@pytest.fixture(scope="module")
def made():
    return make(patients=EACH + 30)


def read(file) -> tuple[int, object]:
    """The number and value that a file hands to the page."""
    found = re.fullmatch(r"bioxPatients\((-?\d+),(.*)\);\n", file.read_text(encoding="ascii"), re.DOTALL)
    assert found is not None
    return int(found[1]), json.loads(found[2])


def test_every_patient_is_found_again_in_the_files(made, tmp_path):
    write_patient_files(made.graphs, made.cohort.samples, tmp_path / "viewer")
    number, index = read(tmp_path / "viewer/patients.js")
    assert number == -1
    assert len(index["people"]) == len(made.cohort.samples)
    assert sorted(file.name for file in (tmp_path / "viewer/patients").iterdir()) == ["000.js", "001.js"]
    wanted = EACH + 7
    number, people = read(tmp_path / "viewer/patients/001.js")
    assert number == 1
    row = made.cohort.samples.iloc[wanted]
    assert index["people"][wanted][0].split(" ")[0] == row["sample"]
    assert index["types"][index["people"][wanted][1]] == row["label"]
    flat = np.array(people[wanted % EACH], float).reshape(-1, 4)
    own = made.graphs.patients[made.graphs.patients["sample"] == row["sample"]]
    assert [made.graphs.proteins[int(k)] for k in flat[:, 0]] == own["source"].tolist()
    assert np.allclose(flat[:, 2], own["weight"], rtol=0.01)
    assert np.allclose(flat[:, 3], own["percentile"], atol=0.001)


def test_samples_without_edges_are_left_out_and_unknown_percentiles_are_none(made, tmp_path):
    gone = str(made.cohort.samples["sample"].iloc[0])
    patients = made.graphs.patients[made.graphs.patients["sample"] != gone].assign(percentile=np.nan)
    write_patient_files(replace(made.graphs, patients=patients), made.cohort.samples, tmp_path)
    _, index = read(tmp_path / "patients.js")
    assert len(index["people"]) == len(made.cohort.samples) - 1
    _, people = read(tmp_path / "patients/000.js")
    assert set(people[0][3::4]) == {None}


def test_names_of_patients_cannot_end_a_script(made, tmp_path):
    odd = made.cohort.samples.assign(label='</script>"é')
    write_patient_files(made.graphs, odd, tmp_path)
    assert "<" not in (tmp_path / "patients.js").read_text(encoding="ascii")
    assert read(tmp_path / "patients.js")[1]["types"] == ['</script>"é']


def test_a_new_patient_page_is_one_file_with_its_edges_inside(made):
    html = graph_person_page(made.study, prediction(made, 1), {"biox": "0.5"}).html
    assert "file:" not in html.split("</head>")[0].split("script-src")[1].split(";")[0]
    data = json.loads(re.findall(r'class="graph-data">(.*?)</script>', html, re.DOTALL)[0])
    assert len(data["people"]) == 1
    assert len(data["people"][0]["edges"]) == 40
    assert "not a diagnosis" in html


def test_members_values_out_of_range_and_folds_that_disagree_are_warned_of(made):
    found = prediction(made)
    first, second = (str(name) for name in found.samples["sample"])
    assert len(cautions(found, first)) == 3
    (only,) = cautions(found, second)
    assert "do not agree whether" in only
    sure = replace(found, edges=found.edges.assign(low=found.edges["weight"], high=found.edges["weight"]))
    assert cautions(sure, second) == []


def test_unusual_edges_are_held_against_those_of_the_cohort(made):
    found = prediction(made, 1)
    name = str(found.samples["sample"].iloc[0])
    words = beside_cohort(found, name)
    assert "3.4 of its 40 strongest edges are stronger than in 95 % of the cohort" in words
    assert "The middle sample of the cohort has 2.0; 74 % have fewer, if those that have as many count half." in words


def test_proteins_that_were_not_measured_are_warned_of(made):
    found = prediction(made, 2)
    less = replace(found, samples=found.samples.assign(unmeasured=0.25))
    name = str(found.samples["sample"].iloc[1])
    assert any("25.0 % of the proteins" in words for words in cautions(less, name))


def test_edges_above_the_threshold_are_counted_for_each_sample():
    edges = pd.DataFrame({"sample": ["b", "b", "a"], "percentile": [0.99, 0.5, np.nan]})
    assert unusual(edges).to_dict("list") == {"sample": ["b", "a"], "unusual": [1, 0]}


def test_a_patient_without_edges_is_told_so(made):
    found = prediction(made)
    empty = replace(found, edges=found.edges.iloc[:0])
    name = str(found.samples["sample"].iloc[0])
    assert answer(empty, name).startswith("The networks show no edge")
    assert "The networks show no edge" in graph_person_page(made.study, empty, {}).html


def test_many_new_patients_have_a_table_and_no_section_each(made):
    html = graph_person_page(made.study, prediction(made, 20), {}).html
    assert "20 patients in" in html
    assert 'id="patient-1"' not in html
