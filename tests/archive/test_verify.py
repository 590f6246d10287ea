"""``biox verify`` names everything that changed since a report was made, and nothing else."""

import itertools
import json
from pathlib import Path

import pytest

from biox import cli
from biox.core import provenance
from tests.archive.made_report import STUDY, made_report, make_crate
from tests.workflow_runs import change


@pytest.fixture
def report(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # One process makes and judges, and a commit in between, by whoever works here, is no change of the report.
    monkeypatch.setattr(provenance, "git_commit", lambda: "a" * 40)
    made = made_report(tmp_path)
    make_crate(made)
    return made


def verified(report: Path, capsys) -> tuple[int, str]:
    code = cli.main(["verify", str(report)])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_an_untouched_report_is_as_it_was(report, capsys):
    code, told = verified(report, capsys)
    assert code == 0
    assert "nothing changed" in told
    assert "not checked" not in told


CHANGES = {
    "a file of the report": (lambda: Path(f"reports/{STUDY}/index.html").write_text("x"), "report: index.html is not"),
    "a missing file": (lambda: Path(f"reports/{STUDY}/repeat/packages.txt").unlink(), "repeat/packages.txt is missing"),
    "an added file": (lambda: Path(f"reports/{STUDY}/figures/b.svg").touch(), "report: figures/b.svg was added"),
    "an input": (lambda: Path("raw/Miller.csv").write_text("1,3\n"), "input: raw/Miller.csv is another file now"),
    "a lost input": (lambda: Path("raw/Miller.csv").unlink(), "input: raw/Miller.csv is gone"),
    "a setting": (
        lambda: change(Path(f"config/{STUDY}.yaml"), "epochs: 5", "epochs: 6"),
        "setting: training.epochs was 5, and is 6 now",
    ),
    "a new setting": (
        lambda: change(Path(f"config/{STUDY}.yaml"), "epochs: 5", "epochs: 5, batch: 8"),
        "setting: training.batch was not set, and is 8 now",
    ),
    "a result": (
        lambda: Path(f"results/{STUDY}/evidence/provenance.json").write_text('{"inputs": {}}'),
        "was made anew",
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_named_and_nothing_else(report, kind, capsys):
    do, expected = CHANGES[kind]
    do()
    code, told = verified(report, capsys)
    assert code == 2
    assert expected in told
    assert "1 change(s)" in told


def test_other_code_is_named(report, capsys, monkeypatch):
    monkeypatch.setattr(provenance, "git_commit", lambda: "b" * 40)
    code, told = verified(report, capsys)
    assert code == 2
    assert f"code: made by {'a' * 40}; here is {'b' * 40}." in told


def test_another_version_of_a_package_is_named(report, capsys, monkeypatch):
    there = provenance.versions()
    monkeypatch.setattr(provenance, "versions", lambda: {**there, "numpy": "0.9"})
    code, told = verified(report, capsys)
    assert code == 2
    assert f"package: numpy was {there['numpy']}, and is 0.9 now." in told


def test_a_report_far_from_its_study_is_checked_as_far_as_it_can_be(report, tmp_path, capsys, monkeypatch):
    (tmp_path / "far").mkdir()
    monkeypatch.chdir(tmp_path / "far")
    code, told = verified(report, capsys)
    assert code == 0
    assert "not checked: settings" in told
    assert "not checked: results" in told


DAMAGES = [
    *("", "{", "[]", '{"@graph": [{"@id": "./"}]}', '{"@graph": [1]}', '{"@graph": [{"@id": 1}]}'),
    '{"@graph": [{"@id": "./", "identifier": "tiny_subjects", "hasPart": []}]}',
    '{"@graph": [{"@id": "./", "identifier": "tiny_subjects", "hasPart": [{"@id": "index.html"}]}]}',
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_crate_is_a_sentence(report, damage, capsys):
    (report / "ro-crate-metadata.json").write_text(damage)
    code, told = verified(report, capsys)
    assert code == 2
    assert "damaged" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("name", ["../../elsewhere", "/etc"])
def test_a_crate_that_names_a_result_outside_the_results_is_damaged(report, name, capsys):
    file = report / "ro-crate-metadata.json"
    crate = json.loads(file.read_text())
    own = next(one for one in crate["@graph"] if one["@id"].startswith("#result/"))
    own["name"] = name
    file.write_text(json.dumps(crate))
    code, told = verified(report, capsys)
    assert code == 2
    assert "outside the folder of results" in told


@pytest.mark.parametrize("key", ["sha256", "name", "version", "softwareVersion"])
@pytest.mark.parametrize("value", [None, 1, ["x"]])
def test_a_crate_whose_facts_are_of_another_kind_is_damaged(report, key, value, capsys):
    file = report / "ro-crate-metadata.json"
    crate = json.loads(file.read_text())
    for one in crate["@graph"]:
        if one["@id"].startswith("#") and key in one:
            one[key] = value
    file.write_text(json.dumps(crate))
    code, told = verified(report, capsys)
    assert code == 2
    assert "damaged" in told


def test_a_commit_of_a_crate_is_no_option_of_git(report, tmp_path, capsys):
    file, precious = report / "ro-crate-metadata.json", tmp_path / "precious.txt"
    precious.write_text("precious")
    file.write_text(
        file.read_text().replace(f'"softwareVersion": "{"a" * 40}"', f'"softwareVersion": "--output={precious}"')
    )
    assert f"code: made by --output={precious}" in verified(report, capsys)[1]
    assert precious.read_text() == "precious"


def test_a_study_file_of_a_crate_that_unfolds_without_end_is_refused(report, capsys):
    bomb = "a: &a {k: 1, l: 1}\n" + "".join(
        f"{b}: &{b} {{k: *{a}, l: *{a}}}\n" for a, b in itertools.pairwise("abcdefghijklmnopqrstuvwxyz")
    )
    (report / f"repeat/config/{STUDY}.yaml").write_text(bomb)
    code, told = verified(report, capsys)
    assert code == 2
    assert "unfolds to more than" in told


def test_a_folder_without_a_crate_is_a_sentence(tmp_path, capsys):
    code, told = verified(tmp_path, capsys)
    assert code == 2
    assert "There is no ro-crate-metadata.json" in told


def test_the_crate_survives_being_read_as_plain_json(report):
    assert json.loads((report / "ro-crate-metadata.json").read_text())["@context"][0].endswith("/1.1/context")
