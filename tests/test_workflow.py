"""The whole workflow on tiny studies, as a user runs it."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from biox.core.files import files_in
from tests.workflow_runs import (
    ROOT,
    biox,
    change,
    finished_once,
    names_shown,
    planned,
    said,
    snakemake,
    spoilable,
    write_new_person,
)

TINY = ROOT / "tests" / "tiny"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    return spoilable(finished_once(tmp_path_factory, "tiny"), tmp_path_factory.mktemp("a folder with spaces"))


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return spoilable(finished, tmp_path)


def test_one_command_leads_from_raw_data_to_a_report_of_every_study(finished):
    index = (finished / "reports/index.html").read_text()
    for name in ("tiny_subjects", "tiny_trials"):
        assert f"{name}/index.html" in index
        assert (finished / "reports" / name / "index.html").stat().st_size > 20_000
        assert list((finished / "reports" / name / "figures").glob("*.svg"))


def test_no_name_of_a_person_a_sample_or_a_slide_stands_in_the_report(finished):
    assert names_shown(finished, "tiny_subjects") == set()


def test_a_second_run_does_nothing_and_says_so(finished):
    done = snakemake(finished)
    assert "Nothing to be done" in said(done)


def test_every_result_says_where_it_comes_from(finished):
    results = finished / "results/tiny_subjects"
    for folder in ("cohort", "fold-0/fit", "fold-2/relevance-lrp/shard-0", "fold-1/trust", "evidence"):
        assert (results / folder / "provenance.json").exists()


def test_a_new_title_repeats_only_the_report(copy):
    change(copy / "config/tiny_subjects.yaml", "A tiny simulated clinic", "Another title")
    assert planned(copy) == {"report", "pdf", "crate", "index", "all"}


def test_another_model_repeats_training_but_not_ingestion(copy):
    change(copy / "config/tiny_subjects.yaml", "hidden: [8]", "hidden: [4]")
    assert planned(copy) == {"train", "attribute", "trust", "validate", "report", "pdf", "crate", "index", "all"}


def test_the_order_of_the_classes_is_a_setting_of_its_own(copy):
    change(copy / "config/tiny_subjects.yaml", "folds:", "classes: {knee: [knee], healthy: [healthy]}\nfolds:")
    assert "ingest" in planned(copy)


def test_a_changed_file_in_a_folder_of_raw_data_repeats_the_study(copy):
    shutil.copytree(shipped_forces(), copy / "forces")
    change(copy / "config/tiny_trials.yaml", "source: speed_grf", "source: speed_grf, folder: forces")
    cohort = "results/tiny_trials/cohort"
    assert snakemake(copy, cohort).returncode == 0
    assert "Nothing to be done" in said(snakemake(copy, cohort))
    file = copy / "forces/ex_grf_subj003.npy"
    np.save(file, np.load(file) * 1.01)
    assert "rule ingest" in said(snakemake(copy, cohort, "--dry-run"))


def shipped_forces() -> Path:
    return Path(str(find_spec("spm1d").origin)).parent / "data" / "datafiles"


def test_ratings_that_cannot_be_read_leave_the_earlier_evidence(copy):
    (copy / "rated").mkdir()
    (copy / "rated/one.csv").write_text("rater,sheet,question,answer\nA,no-such-sheet,class,knee\n")
    change(copy / "config/tiny_subjects.yaml", "permutations: 200", "ratings: rated, permutations: 200")
    before = (copy / "results/tiny_subjects/evidence/claims.parquet").read_bytes()
    done = snakemake(copy)
    assert done.returncode != 0
    assert "no-such-sheet" in said(done)
    assert (copy / "results/tiny_subjects/evidence/claims.parquet").read_bytes() == before


def test_a_misspelt_key_stops_before_any_job(copy):
    change(copy / "config/tiny_subjects.yaml", "composite: epsilon", "composit: epsilon")
    done = snakemake(copy)
    assert done.returncode != 0
    assert "unknown key 'methods.lrp.composit'; known here are 'composite', 'method', 'samples', 'target'" in said(done)
    assert "rule train" not in said(done)


def test_an_unknown_composite_stops_before_any_job(copy):
    change(copy / "config/tiny_subjects.yaml", "composite: epsilon", "composite: epsilom")
    done = snakemake(copy)
    assert done.returncode != 0
    assert "epsilom" in said(done)
    assert "rule attribute" not in said(done)


def test_data_that_turn_out_bad_leave_the_earlier_cohort_and_end_with_a_sentence(copy):
    cohort = copy / "results/tiny_subjects/cohort/x.zarr/zarr.json"
    before = cohort.read_bytes()
    change(copy / "config/tiny_subjects.yaml", "subjects: 9", "subjects: 2")
    done = snakemake(copy)
    assert done.returncode != 0
    assert "3 folds need at least 3 people" in said(done)
    assert cohort.read_bytes() == before
    assert (copy / "reports/tiny_subjects/index.html").exists()


def test_bad_input_on_the_command_line_is_one_sentence_and_exit_code_2(copy):
    change(copy / "config/tiny_subjects.yaml", "subjects: 9", "subjects: 2")
    done = biox(copy, "ingest", "tiny_subjects", "--out", "elsewhere")
    assert done.returncode == 2
    assert done.stderr.startswith("biox ingest: 3 folds need at least 3 people")
    assert "Traceback" not in done.stderr
    assert not (copy / "elsewhere").exists()


def test_other_cores_another_time_and_place_give_the_same_bytes(finished, tmp_path, monkeypatch):
    shutil.copytree(TINY, tmp_path / "config")
    for name, value in {"PYTHONHASHSEED": "7", "TZ": "Pacific/Apia", "LC_ALL": "C", "OMP_NUM_THREADS": "5"}.items():
        monkeypatch.setenv(name, value)
    done = snakemake(tmp_path, "reports/tiny_subjects/ro-crate-metadata.json", "--cores", "1")
    assert done.returncode == 0, said(done)
    for tree in ("results", "reports"):
        there = files_in([finished / tree / "tiny_subjects"])
        here = [tmp_path / file.relative_to(finished) for file in there]
        assert here == files_in([tmp_path / tree / "tiny_subjects"])
        assert [a for a, b in zip(here, there, strict=True) if a.read_bytes() != b.read_bytes()] == []


@pytest.fixture(scope="module")
def new_person(finished) -> Path:
    return write_new_person(finished)


def test_a_new_person_gets_scores_relevance_and_a_page(finished, new_person):
    done = biox(finished, "predict", "tiny_subjects", new_person.name, "--out", "results/tiny_subjects/predict/one")
    assert done.returncode == 0, done.stderr
    folder = finished / "results/tiny_subjects/predict/one"
    scores = pd.read_csv(folder / "scores.csv")
    assert scores["subject"].tolist() == ["new-person"] * 2
    assert set(scores["predicted"]) <= {"healthy", "knee"}
    page = (folder / "report.html").read_text()
    assert "NEW-001" in page
    assert "new-person" not in page
    assert str(new_person.name) in (folder / "provenance.json").read_text()


def test_a_new_person_without_a_channel_is_refused_and_nothing_written(finished, new_person):
    table = pd.read_csv(new_person)
    table[table["channel"] != "affected V"].to_csv(finished / "short.csv", index=False)
    done = biox(finished, "predict", "tiny_subjects", "short.csv", "--out", "nothing")
    assert done.returncode == 2
    assert "'affected V'" in done.stderr
    assert not (finished / "nothing").exists()


def test_a_case_named_in_the_study_is_a_target_of_the_workflow(copy, new_person):
    with (copy / "config/tiny_subjects.yaml").open("a") as file:
        file.write("predict:\n  first: { source: table, file: new_person.csv }\n")
    assert "predict" in planned(copy)
    done = snakemake(copy, "reports/tiny_subjects/people/first.html")
    assert done.returncode == 0, said(done)
    assert (copy / "reports/tiny_subjects/people/first.html").exists()


def test_rating_sheets_name_no_people_and_the_key_lies_outside_their_folder(finished):
    done = biox(finished, "ratings", "tiny_subjects", "--out", "sheets")
    assert done.returncode == 0, done.stderr
    key = pd.read_csv(finished / "sheets-key.csv")
    written = "".join(file.read_text() for file in (finished / "sheets").iterdir())
    assert len(key) > 0
    assert not [name for name in key["subject"].unique() if name in written]
    assert not [file for file in (finished / "sheets").iterdir() if "key" in file.name]


def test_help_names_every_verb():
    done = biox(ROOT, "--help")
    for verb in ("check", "ingest", "train", "attribute", "trust", "validate", "report", "index", "predict", "ratings"):
        assert verb in done.stdout
