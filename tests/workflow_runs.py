"""The workflow as a user runs it, in a folder of its own."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [BIN / "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder, "--cores", "2", *words]
    profile = ["--profile", ROOT / "workflow/profiles/default"]
    return subprocess.run([*map(str, [*command, *profile])], capture_output=True, text=True, timeout=600)


def finished_study(folder: Path, name: str) -> Path:
    """A folder in which the workflow has run over the study files of ``tests/NAME``."""
    shutil.copytree(ROOT / "tests" / name, folder / "config")
    done = snakemake(folder)
    assert done.returncode == 0, said(done)
    return folder


def spoilable(finished: Path, folder: Path) -> Path:
    """A copy of a finished folder, with its times, for a test to spoil."""
    shutil.copytree(finished, folder / "copy", copy_function=shutil.copy2)
    return folder / "copy"


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
