"""The workflow as a user runs it, in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from biox.domains.gait.simulate import SimulateSettings, simulate

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [BIN / "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder, "--cores", "2", *words]
    profile = ["--profile", ROOT / "workflow/profiles/default"]
    return subprocess.run([*map(str, [*command, *profile])], capture_output=True, text=True, timeout=3600)


def finished_study(folder: Path, name: str) -> Path:
    """A folder in which the workflow has run over the study files of ``tests/NAME``."""
    shutil.copytree(ROOT / "tests" / name, folder / "config")
    done = snakemake(folder)
    assert done.returncode == 0, said(done)
    return folder


def finished_once(temporary: pytest.TempPathFactory, name: str) -> Path:
    """A folder in which ``tests/NAME`` has run, the same for all tests and processes of a session.

    Take a ``spoilable`` copy to write into it. The path has spaces, as those of users have.
    """
    own = temporary.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / f"a finished {name}"
    with FileLock(shared / f"{name}.lock"):
        if not (folder / "reports/index.html").exists():
            finished_study(folder, name)
    return folder


def spoilable(finished: Path, folder: Path) -> Path:
    """A copy of a finished folder, with its times, for a test to spoil."""
    shutil.copytree(finished, folder / "copy", copy_function=shutil.copy2)
    return folder / "copy"


def write_new_person(folder: Path) -> Path:
    """A tidy table of one unlabelled person, taken from the simulator with another seed."""
    person = simulate(SimulateSettings(labels=("knee",), subjects=2, trials=2, seed=99)).take(np.arange(2))
    sample, channel, point = np.indices(person.x.shape).reshape(3, -1)
    table = pd.DataFrame(
        {
            "subject": "new-person",
            "trial": sample + 1,
            "channel": np.array(person.axes[0].labels)[channel],
            "percent": point,
            "value": person.x.ravel(),
        }
    )
    table.to_csv(folder / "new_person.csv", index=False)
    return folder / "new_person.csv"


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def biox(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "biox.cli", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def planned(folder: Path) -> set[str]:
    """The rules that a dry run would execute."""
    done = snakemake(folder, "--dry-run", "--quiet", "rules")
    assert done.returncode == 0, said(done)
    done = snakemake(folder, "--dry-run")
    return set(re.findall(r"^rule (\w+):", said(done), flags=re.MULTILINE))


def names_shown(finished: Path, study: str) -> set[str]:
    """The names of people, samples and slides that stand in any file of a study's report, or are called after it."""
    samples = pd.read_parquet(finished / "results" / study / "cohort/samples.parquet")
    names = {
        str(name) for column in samples.columns.intersection(["subject", "sample", "slide"]) for name in samples[column]
    }
    said = ""
    for file in (finished / "reports" / study).rglob("*"):
        said += f"\n{file.name}\n"
        if file.suffix == ".xlsx":
            with zipfile.ZipFile(file) as book:
                said += "".join(book.read(part).decode() for part in book.namelist())
        elif file.is_file() and file.suffix not in (".png", ".jpg", ".pdf"):
            said += file.read_text(encoding="utf-8")
    words = set(re.findall(r"[\w-]+", said))
    return names & words
