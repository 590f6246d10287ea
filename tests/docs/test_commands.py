"""Every command of the README and the documentation is run, or stands below with the reason why it cannot be."""

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from biox.cli import VERBS, parser
from tests.workflow_runs import ROOT, finished_once, said, spoilable, write_new_person

FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# The finished study that stands in for the one a page speaks of, and the folder of tests/ whose study files it has.
STAND_INS = {
    "STUDY": "tiny_subjects",
    "gait_demo": "tiny_subjects",
    "gait_speed": "tiny_trials",
    "my_study": "tiny_subjects",
    "knee": "tiny_subjects",
    "histology_demo": "tiny_slides",
    "my_slides": "tiny_slides",
    "proteomics_demo": "tiny_proteins",
    "my_proteins": "tiny_proteins",
}
FOLDERS = {"tiny_slides": "tiny_slides", "tiny_proteins": "tiny_proteins"}
NEW = re.compile(r"(?:\.venv/bin/)?biox new ")
# Commands that the tests do not run, and why.
NOT_RUN = {
    r"python3\S* -m venv|\S*pip ": "installs packages",
    r"apptainer |docker ": "builds an image from the network",
    r"(?:biox run|snakemake) .*--profile (?:workflow/profiles/)?slurm": "needs Slurm, and has tests of its own there",
    r"snakemake .*--profile workflow/profiles/generic": "needs another scheduler; its tests have stand-ins",
}
# Pages whose commands train a study of usual size.
LONG = ("first-steps.md",)
# Where pages put a user's files.
SCRATCH = "/scratch/me"
# `make` is asked what it would do: its targets install packages, or run all tests.
FUNCTIONS = 'biox() { "$PYTHON" -m biox.cli "$@"; }\nmake() { command make --dry-run --directory "$ROOT" "$@"; }\n'


@dataclass(frozen=True)
class Page:
    name: str
    commands: tuple[str, ...]


def page_of(file: Path) -> Page:
    found = re.findall(r"^( *)```sh\n(.*?)^\1```", file.read_text(), flags=re.MULTILINE | re.DOTALL)
    return Page(file.name, tuple(command for _, text in found for command in commands(text)))


def commands(text: str) -> list[str]:
    """The lines of a block, those that go on joined, without comments."""
    joined = re.sub(r"\\\n\s*", "", text)
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]


def first_word(command: str) -> str:
    """The program that a command calls."""
    words = [word for word in shlex.split(command, comments=True) if not re.match(r"\w+=", word)]
    return words[0].removeprefix(".venv/bin/") if words else ""


def runs(command: str) -> bool:
    return not any(re.match(pattern, command.replace(".venv/bin/", "")) for pattern in NOT_RUN)


def study_of(command: str) -> str | None:
    """The tiny study in whose folder biox or snakemake shall work; a new study needs none."""
    named = [STAND_INS[word] for word in re.findall(r"\w+", command) if word in STAND_INS]
    asked = first_word(command) in ("biox", "snakemake") and not NEW.match(command)
    return named[0] if named and asked else None


def stood_in(command: str) -> str:
    """A command that names the tiny studies."""
    text = command.replace(".venv/bin/", "")
    if not NEW.match(text):
        for name, tiny in STAND_INS.items():
            text = re.sub(rf"(?<![\w-]){name}(?![\w-])", tiny, text)
    return text


PAGES = [page_of(file) for file in FILES]
WITH_COMMANDS = [page for page in PAGES if page.commands]
MARKED = [pytest.param(page, marks=[pytest.mark.long] if page.name in LONG else []) for page in WITH_COMMANDS]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """By the name of a tiny study, a copy of its finished folder with the files that pages name."""
    ready: dict[str, Path] = {}

    def of(study: str) -> Path:
        folder = FOLDERS.get(study, "tiny")
        if folder not in ready:
            ready[folder] = spoilable(finished_once(tmp_path_factory, folder), tmp_path_factory.mktemp("docs"))
            prepare(ready[folder], study)
        return ready[folder]

    return of


def prepare(folder: Path, study: str) -> None:
    """The files that pages take for granted, and a clone's workflow."""
    raw = folder / "results" / study / "raw"
    if study == "tiny_slides":
        shutil.copy(sorted(raw.glob("**/*.tif"))[0], folder / "new_slide.svs")
    elif study == "tiny_proteins":
        shutil.copy(raw / "new_proteins.csv", folder / "proteins.csv")
    else:
        write_new_person(folder)
        shutil.copy(folder / "config" / f"{study}.yaml", folder)
    for name in ("Snakefile", "workflow"):
        (folder / name).symlink_to(ROOT / name)


def clean(folder: Path) -> None:
    """Takes away what the commands of an earlier page made."""
    for made in ("new", "sheets", "data", "scratch", "studies"):
        shutil.rmtree(folder / made, ignore_errors=True)
    for file in (folder / "config").glob("*.yaml"):
        if not file.stem.startswith("tiny") and file.name != "config.yaml":
            file.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("page", MARKED, ids=lambda page: page.name)
def test_every_command_does_what_the_page_says(page, finished):
    home = finished("tiny_subjects")
    clean(home)
    if page.name == "extend.md":
        write_parts(home)
    lines = [f"cd {shlex.quote(str(home))}"]
    for command in page.commands:
        study = study_of(command)
        lines += [f"cd {shlex.quote(str(finished(study)))}"] if study else []
        lines += [stood_in(command)] if runs(command) else []
    script = "\n".join(["set -euxo pipefail", FUNCTIONS, *lines]).replace(SCRATCH, "$HOME/scratch")
    environment = {"PYTHON": sys.executable, "ROOT": str(ROOT), "HOME": str(home), "OMP_NUM_THREADS": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, said(done)[-6000:]


def write_parts(folder: Path) -> None:
    """The files that docs/extend.md shows, and curves that its reader can read."""
    import numpy as np
    import pandas as pd

    text = (ROOT / "docs/extend.md").read_text()
    for code in re.findall(r"```(?:python|yaml)\n(.*?)```", text, flags=re.DOTALL):
        file = folder / code.splitlines()[0].removeprefix("# ")
        file.parent.mkdir(exist_ok=True)
        file.write_text(code)
    walks = folder / "data/walks"
    walks.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    np.save(walks / "curves.npy", rng.standard_normal((12, 2, 101)))
    samples = [{"sample": f"s{i}", "subject": f"p{i}", "label": ("healthy", "knee")[i % 2]} for i in range(12)]
    pd.DataFrame(samples).to_csv(walks / "samples.csv", index=False)


def test_every_reason_not_to_run_a_command_is_needed():
    shown = [command.replace(".venv/bin/", "") for page in PAGES for command in page.commands]
    assert len(shown) > 10
    assert [p for p in NOT_RUN if not any(re.match(p, command) for command in shown)] == []


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_every_option_that_a_page_shows_is_known(page):
    for line in page.commands:
        if first_word(line) == "biox":
            understood(shlex.split(line, comments=True)[1:])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_commands_within_sentences_are_known(file):
    text = re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL)
    for line in re.findall(r"`(?:\.venv/bin/)?biox ([a-z][^`]*)`", text):
        words = shlex.split(line)
        assert words[0] in VERBS, line
        if len(words) > 1 and "..." not in line:
            understood(words)


def understood(words: list[str]) -> None:
    """Fails where the parser of biox does not know a verb or an option."""
    ends = [place for place, word in enumerate(words) if word in ("--", ">", ">>", "|", "&&", ";", "2>&1", "&", "<")]
    try:
        parser().parse_args(words[: ends[0]] if ends else words)
    except SystemExit as ended:
        if ended.code:
            pytest.fail(f"biox {shlex.join(words)} is not understood")
