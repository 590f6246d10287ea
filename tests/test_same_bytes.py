"""Whatever cores, hash seed, time zone or folder: the same settings and seeds give the same bytes, in every domain."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.workflow_runs import ROOT, said, snakemake

sys.path.insert(0, str(ROOT / "bench"))

from same_bytes import contents, different, part_of

pytestmark = pytest.mark.long

ELSEWHERE = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Apia", "LC_ALL": "C", "OMP_NUM_THREADS": "5"}


def run(folder: Path, study: str, cores: str) -> dict[str, str]:
    shutil.copytree(ROOT / "tests" / study, folder / "config")
    done = snakemake(folder, "--cores", cores)
    assert done.returncode == 0, said(done)
    return contents(folder)


@pytest.mark.parametrize("study", ["tiny_proteins", "tiny_slides"])
def test_two_runs_of_a_study_differ_in_no_byte(study, tmp_path, monkeypatch):
    one = run(tmp_path / "one", study, "2")
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    other = run(tmp_path / "another folder", study, "1")
    assert {"cohort", "fit", "evidence", "reports"} <= {part_of(file) for file in one}
    assert different(one, other) == []


def test_a_difference_is_named(tmp_path):
    for name, text in (("a", "1"), ("b", "2")):
        (tmp_path / name / "results/s/fold-0/relevance-lrp/shard-0").mkdir(parents=True)
        (tmp_path / name / "results/s/fold-0/relevance-lrp/shard-0/x").write_text(text)
        (tmp_path / name / f"results/s/only-{name}").touch()
    found = different(contents(tmp_path / "a"), contents(tmp_path / "b"))
    assert found == [
        "results/s/fold-0/relevance-lrp/shard-0/x: differs",
        "results/s/only-a: only in the first",
        "results/s/only-b: only in the second",
    ]
    assert part_of("results/s/fold-0/relevance-lrp/shard-0/x") == "relevance"
