"""Names that others chose become names of files, paths and words of a shell: they stay in their folder, and words."""

import shutil

import pytest

from biox.core.errors import InputError
from biox.core.file_names import MOST_BYTES, file_name
from biox.core.find import checked
from biox.core.study import Study
from biox.domains.histology.heat_files import names_of_files
from tests.workflow_runs import ROOT, said, snakemake

NAMES = [
    "../../x",
    "/etc/passwd",
    "a\0b",
    "x" * 300,
    "ü" * 300,
    "漢" * 300,
    "CON",
    "nul.txt",
    "..",
    ".",
    "",
    "a/b\\c",
    "~root",
]
NAMES += ["$(touch x)", "`x`", "; rm -rf x", "\n", "-rf", " ", "a\u202eb", "C:\\x", "|x", "..\\..\\x", "com1", "\ud800"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_in_its_folder(tmp_path, name):
    safe = file_name(name)
    for file in names_of_files(safe, True):
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        assert path.resolve().is_relative_to(tmp_path.resolve())
        assert len(path.name.encode()) <= 255
    assert len(safe.encode()) <= MOST_BYTES
    assert not set(safe) & set("/\\\0\n $`;|<>:\"'*?")
    assert safe.split(".")[0].casefold() not in {"con", "nul", "com1", ""}


def test_long_names_that_differ_at_the_end_stay_two():
    assert file_name("x" * 300 + "a") != file_name("x" * 300 + "b")


@pytest.mark.parametrize("name", [*(name for name in NAMES if name != "com1"), "A", "a b", "x" * 65, "a\n"])
@pytest.mark.parametrize("where", ["name", "domain", "variants", "methods", "predict"])
def test_studies_variants_methods_and_cases_have_plain_names(name, where):
    given = {"name": "a", "title": "t", "question": "q", "domain": "gait", "data": {"source": "simulate"}}
    inner = {"variants": {name: {}}, "methods": {name: {}}, "predict": {name: {"source": "table", "file": "x"}}}
    with pytest.raises(InputError):
        checked(Study, given | ({where: inner[where]} if where in inner else {where: name}), "a.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("name", ['it\'s $(touch hacked) `touch hacked` "x" ;touch hacked'])
def test_a_folder_of_studies_may_be_called_anything(tmp_path, name):
    """The folder's name reaches the shell of a job as one word."""
    shutil.copytree(ROOT / "tests/tiny", tmp_path / "config")
    shutil.copytree(ROOT / "tests/tiny", tmp_path / name)
    target = "results/tiny_subjects/cohort"
    done = snakemake(tmp_path, target, "--config", f"study_folder={name}")
    assert done.returncode == 0, said(done)
    assert (tmp_path / target / "axes.json").is_file()
    assert not list(tmp_path.rglob("hacked"))
