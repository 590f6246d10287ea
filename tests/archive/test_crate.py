"""The folder of a report is an RO-Crate with what is needed to repeat it."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.archive.made_report import STEPS, STUDY, made_report, make_crate
from tests.workflow_runs import change


@pytest.fixture
def report(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return made_report(tmp_path)


def graph_of(file: Path) -> dict[str, dict]:
    return {one["@id"]: one for one in json.loads(file.read_text())["@graph"]}


def test_every_file_of_the_folder_stands_in_the_crate_with_its_checksum_and_size(report):
    graph = graph_of(make_crate(report))
    parts = {unquote(part["@id"]): graph[part["@id"]] for part in graph["./"]["hasPart"]}
    there = {p.relative_to(report).as_posix() for p in report.rglob("*") if p.is_file()}
    assert set(parts) == there - {"ro-crate-metadata.json"}
    assert {"index.html", "figures/a curve & more.svg", f"repeat/config/{STUDY}.yaml"} <= set(parts)
    for name, entity in parts.items():
        assert entity["sha256"] == hashlib.sha256((report / name).read_bytes()).hexdigest()
        assert entity["contentSize"] == str((report / name).stat().st_size)


def test_every_step_says_what_it_used_and_what_came_out(report):
    graph = graph_of(make_crate(report))
    for name, step in STEPS.items():
        action = graph[f"#step/{name}"]
        assert action["@type"] == "CreateAction"
        assert step in action["name"]
        assert action["result"] == [{"@id": f"#result/{name}"}]
        assert graph[action["instrument"]["@id"]]["name"] == "biox"
    assert graph["#step/fold-0/fit"]["object"] == [{"@id": "#result/cohort"}]
    assert graph["#step/cohort"]["object"] == [{"@id": "#input/1"}]
    assert {"@id": "index.html"} in graph["#step/report"]["result"]
    for one in graph.values():
        for value in one.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and not item["@id"].startswith("http"):
                    assert item["@id"] in graph, item


def test_names_of_raw_files_stand_there_only_where_identities_are_shown_as_given(report, tmp_path):
    file = make_crate(report)
    assert "Miller" not in file.read_text()
    assert graph_of(file)["#input/1"]["sha256"] == hashlib.sha256(b"1,2\n").hexdigest()
    change(tmp_path / f"config/{STUDY}.yaml", "seed: 1", "seed: 1\nreport: {identities: as given}")
    assert graph_of(make_crate(report))["#input/1"]["name"] == "Miller.csv"


def test_the_same_report_gives_the_same_crate_at_another_time_and_place(report, tmp_path, monkeypatch):
    first = make_crate(report).read_bytes()
    shutil.copytree(tmp_path, tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("TZ", "Pacific/Apia")
    second = tmp_path / "elsewhere/reports" / STUDY
    os.utime(second / "index.html", (1, 1))
    assert make_crate(second).read_bytes() == first


def test_what_repeats_the_study_names_this_study_alone_and_all_versions(report):
    make_crate(report)
    assert "studies:\n- tiny_subjects\n" in (report / "repeat/config/config.yaml").read_text()
    versions = (report / "repeat/packages.txt").read_text().split()
    assert [line for line in versions if line.startswith("torch==")]
    assert versions == sorted(versions, key=lambda line: line.split("==")[0])
    assert "snakemake --snakefile" in (report / "repeat/README.md").read_text()


def test_the_library_for_crates_reads_it(report):
    library = pytest.importorskip("rocrate.rocrate", reason="needs the package rocrate")
    make_crate(report)
    read = library.ROCrate(report)
    assert {one.type for one in read.get_entities()} >= {"CreateAction", "SoftwareApplication", "File"}
    assert read.root_dataset["name"] == "A tiny simulated clinic"


@pytest.mark.slow
def test_the_validator_for_crates_finds_no_fault(report):
    """It loads the JSON-LD context from the web, unless it was kept: ``rocrate-validator cache warm`` keeps it."""
    tool = shutil.which("rocrate-validator", path=os.environ.get("BIOX_ROCRATE_VALIDATOR", os.environ["PATH"]))
    if tool is None:
        pytest.skip("needs rocrate-validator (package roc-validator); BIOX_ROCRATE_VALIDATOR names its folder")
    make_crate(report)
    words = [tool, "-y", "validate", "--no-paging", "--offline", "-l", "required", "-p", "ro-crate-1.1", str(report)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=200)
    if "context" in done.stdout + done.stderr and done.returncode != 0:
        pytest.skip("the validator has no copy of the JSON-LD context and no network")
    assert done.returncode == 0, done.stdout
