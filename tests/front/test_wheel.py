"""What a person has who installed a wheel and stands in an empty folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The unpacked wheel, as pip would put it down."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel and is not installed")
    holder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(holder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (wheel,) = holder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(holder / "site")
    return holder / "site"


def biox(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "biox.cli", *words]
    surroundings = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=300)


def test_a_wheel_carries_every_file_of_the_workflow(site):
    carried = site / "biox" / "carried"
    tracked = [path for path in (ROOT / "workflow").rglob("*") if path.is_file()]
    assert tracked
    for path in [ROOT / "Snakefile", *tracked]:
        assert (carried / path.relative_to(ROOT)).read_bytes() == path.read_bytes(), path
    assert (carried / "config.yaml").read_bytes() == (ROOT / "config/config.yaml").read_bytes()


@pytest.mark.slow
def test_in_an_empty_folder_a_study_is_begun_and_planned_without_a_checkout(site, tmp_path):
    begun = biox(site, tmp_path, "new", "mine", "--domain", "gait", "--source", "simulate")
    assert begun.returncode == 0, begun.stderr
    planned = biox(site, tmp_path, "run", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "mine: train (5 job(s))" in planned.stdout
    assert "mine: report (1 job(s))" in planned.stdout
