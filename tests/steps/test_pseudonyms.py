"""What a page is written from holds no names, unless the study wants them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from biox.core.pseudonyms import pseudonyms
from biox.core.study import Report, Study
from biox.core.types import Axis, Cohort, Evidence, claims_table
from biox.report.given import Given
from biox.steps.pseudonyms import copy_viewer, named, unnamed_files


@pytest.fixture
def small_cohort() -> Cohort:
    samples = pd.DataFrame(
        {"sample": ["anna-1", "anna-2", "bert-1"], "subject": ["anna", "anna", "bert"], "label": ["a", "a", "b"]}
    )
    axes = (Axis("channel", ("V",)), Axis("time", ("0", "100"), "%"))
    return Cohort(np.zeros((3, 1, 2)), samples, axes, "body weight", ("a", "b"), "subject")


@pytest.fixture
def small_study() -> Study:
    said = {"name": "one", "title": "One", "question": "Which?", "domain": "gait", "data": {"source": "speed_grf"}}
    return Study.model_validate(said)


@pytest.fixture
def shown(small_study, small_cohort) -> Given:
    tables = {"scores": small_cohort.samples[["sample", "subject"]]}
    inputs = {"data/anna_smith.csv": "aa", "results/one/cohort/x.zarr": "bb", "results/one/raw/bert.tif": "00"}
    cohort = replace(small_cohort, notes=(f"A trial of {small_cohort.samples['subject'][0]} was dropped.",))
    return Given(small_study, cohort, Evidence(claims_table([]), tables), {}, {"ingest": {"inputs": inputs}})


def test_names_of_people_and_of_their_files_do_not_reach_the_page(shown):
    made = named(shown, Path("results/one"))
    names = set(shown.cohort.samples["subject"]) | set(shown.cohort.samples["sample"])
    for table in (made.cohort.samples, made.evidence.tables["scores"]):
        assert not names & set(table["subject"])
        assert not names & set(table["sample"])
    assert not any(name in note for name in names for note in made.cohort.notes)
    assert set(made.provenance["ingest"]["inputs"]) == {"file 2.csv", "file 1.tif", "results/one/cohort/x.zarr"}


def test_a_study_may_show_names_as_given(shown):
    study = shown.study.model_copy(update={"report": Report(identities="as given")})
    assert named(replace(shown, study=study), Path("results/one")) == replace(shown, study=study)


def test_files_keep_their_checksums_when_they_lose_their_names():
    record = {"step": "ingest", "inputs": {"b.csv": "1", "a.csv": "2"}}
    assert unnamed_files(record)["inputs"] == {"file 1.csv": "1", "file 2.csv": "2"}


@pytest.mark.parametrize("folders", [("heat-{}", "heat-{}-difference"), ("{}", "{}-difference")], ids=["now", "before"])
@pytest.mark.parametrize("name", ["anna", "a", "heat", "1"])
def test_a_viewer_is_copied_under_pseudonyms_with_all_its_pictures(tmp_path, small_cohort, name, folders):
    samples = small_cohort.samples.replace("anna", name).assign(slide=lambda table: table["subject"])
    slide = {
        "name": name,
        "title": f"{name} (grade 1, healthy)",
        "folder": name,
        "picture": {"folder": "slide"},
        "heatmaps": [{"folder": one.format(name), "title": f"{name}: relevance for a grade 1"} for one in folders],
    }
    source = tmp_path / "viewer"
    for folder in ("slide", *(one.format(name) for one in folders)):
        (source / name / folder).mkdir(parents=True)
        (source / name / folder / "0_0_0.png").write_bytes(b"picture")
    (source / "viewer.json").write_text(json.dumps({"colours": [], "slides": [slide]}))
    copy_viewer(source, tmp_path / "copy", pseudonyms(samples))
    copied = sorted(file.relative_to(tmp_path / "copy").as_posix() for file in (tmp_path / "copy").rglob("*.*"))
    stands = pseudonyms(samples).of("slide", name)
    pictures = [f"{stands}/{folder}/0_0_0.png" for folder in ("heat-0", "heat-1", "slide")]
    assert copied == [*pictures, "viewer.json"]
    (listed,) = json.loads((tmp_path / "copy/viewer.json").read_text())["slides"]
    assert (listed["name"], listed["title"]) == (stands, f"{stands} (grade 1, healthy)")
    assert [heatmap["title"] for heatmap in listed["heatmaps"]] == [f"{stands}: relevance for a grade 1"] * 2
    for pyramid in (listed["picture"], *listed["heatmaps"]):
        assert (tmp_path / "copy" / listed["folder"] / pyramid["folder"] / "0_0_0.png").exists()
