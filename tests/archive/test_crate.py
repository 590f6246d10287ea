"""The folder of a report is an RO-Crate with what is needed to repeat it."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from biox.core.errors import InputError
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
        assert action["result"] == {"@id": f"#result/{name}"}
        assert graph[action["instrument"]["@id"]]["name"] == "biox"
    assert graph["#step/fold-0/fit"]["object"] == {"@id": "#result/cohort"}
    assert graph["#step/cohort"]["object"] == {"@id": "#input/1"}
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


def test_results_that_older_settings_left_do_not_stand_in_the_crate(report):
    first = make_crate(report).read_bytes()
    results = Path("results") / STUDY
    for name in ("fold-0/relevance-lrp/shard-7", "fold-0/relevance-another/shard-0", "predict/case"):
        shutil.copytree(results / "fold-0/relevance-lrp/shard-0", results / name)
    assert make_crate(report).read_bytes() == first


def test_a_result_whose_provenance_was_changed_makes_no_crate(report):
    change(Path("results") / STUDY / "cohort/provenance.json", '"seed": 1', '"seed": 2')
    with pytest.raises(InputError, match="no longer what was written"):
        make_crate(report)


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


# The validator, without a network: the few terms of the context that its checks rest on stand here. That the context
# itself can be fetched are its checks 3.1 and 3.2.
VALIDATE = """
import sys
import rdflib.plugins.shared.jsonld.context as context
schema = "http://schema.org/"
terms = {"@vocab": schema, "File": schema + "MediaObject", "conformsTo": "http://purl.org/dc/terms/conformsTo"}
load = context.source_to_json
own = lambda source: ({"@context": terms}, None) if "w3id.org/ro/crate" in str(source) else load(source)
context.source_to_json = own
from rocrate_validator import models, services
for profile in ("ro-crate-1.1", "process-run-crate-0.5"):
    severity = models.Severity.RECOMMENDED
    asked = services.ValidationSettings(
        rocrate_uri=sys.argv[1], profile_identifier=profile, requirement_severity=severity, offline=True
    )
    for one in services.validate(asked).get_issues():
        print("issue", one.check.identifier, one.message)
print("done")
"""


@pytest.mark.slow
def test_the_validator_for_crates_finds_no_fault(report):
    """The package roc-validator asks for an old rich, so it lives in an environment of its own."""
    python = os.environ.get("BIOX_ROCRATE_PYTHON")
    if python is None:
        pytest.skip("BIOX_ROCRATE_PYTHON names no Python that has the package roc-validator")
    make_crate(report)
    done = subprocess.run([python, "-c", VALIDATE, str(report)], capture_output=True, text=True, timeout=300)
    assert "done" in done.stdout.splitlines(), done.stderr
    issues = [line for line in done.stdout.splitlines() if line.startswith("issue")]
    assert [line for line in issues if line.split()[1] not in ("ro-crate-1.1_3.1", "ro-crate-1.1_3.2")] == []
