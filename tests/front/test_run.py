"""``biox run`` over a toy workflow, whose jobs do nothing but what each test asks of them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from biox.cli import main
from biox.core.errors import InputError
from biox.front import workflow

ROOT = Path(__file__).parents[2]
SNAKEFILE = """
configfile: "config/config.yaml"
rule all:
    default_target: True
    input: expand("reports/{study}/index.html", study=config["studies"])
rule train:
    output: "results/{study}/{fold}"
    log: "logs/{study}/train-{fold}.log"
    shell: "{config[do]} > {log} 2>&1 && touch {output}"
rule report:
    input: expand("results/{{study}}/{fold}", fold=[0, 1])
    output: "reports/{study}/index.html"
    log: "logs/{study}/report.log"
    shell: "touch {output}"
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A folder with two studies, and in the place of biox's own workflow the toy."""
    home = tmp_path / "home"
    shutil.copytree(ROOT / "workflow/profiles/default", home / "workflow/profiles/default")
    (home / "Snakefile").write_text(SNAKEFILE)
    folder = tmp_path / "mine"
    (folder / "config").mkdir(parents=True)
    for name in ("one", "two"):
        (folder / "config" / f"{name}.yaml").touch()
    does(folder, "true")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(workflow, "home", lambda: home)
    return folder


def does(folder: Path, what: str) -> None:
    (folder / "config/config.yaml").write_text(yaml.safe_dump({"studies": ["one", "two"], "do": what}))


@pytest.mark.slow
def test_named_studies_run_alone_and_their_reports_are_named(toy, capsys):
    assert main(["run", "one", "--cores", "1"]) == 0
    said = capsys.readouterr().out
    assert "one: train, fold 0: begun" in said
    assert "3 of 3 jobs done" in said
    assert f"The report of one: {toy}/reports/one/index.html" in said
    assert not (toy / "reports/two").exists()
    assert main(["run", "one"]) == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert main(["run", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "two: train (2 job(s))" in said
    assert "one" not in said


@pytest.mark.slow
def test_a_failed_job_is_told_by_its_sentence_and_the_others_go_on(toy, capsys):
    does(toy, "(echo biox train: the table is empty.; false)")
    assert main(["run", "one", "--cores", "1"]) == 1
    said = capsys.readouterr().err
    assert "one: train, fold 0 FAILED:\n  the table is empty." in said
    assert "one: train, fold 1 FAILED:" in said, "one failure does not stop what does not need it"
    assert said.strip().endswith("go on with: biox run one --cores 1")


@pytest.mark.slow
def test_what_stops_snakemake_before_any_job_is_a_setting_and_no_fault(toy, capsys):
    (workflow.home() / "Snakefile").write_text("raise WorkflowError(\"one: unknown key 'foldz'.\")\n")
    assert main(["run", "one"]) == 2
    assert capsys.readouterr().err.startswith("biox run: one: unknown key 'foldz'.")


def test_a_profile_that_is_not_there_lists_those_that_are(toy, capsys):
    assert main(["run", "one", "--profile", "no/such"]) == 2
    assert "'default'" in capsys.readouterr().err


def test_words_after_two_dashes_go_to_snakemake_as_they_are(toy, monkeypatch):
    seen = []
    monkeypatch.setattr("biox.front.snakemake.events_of", lambda words: seen.append(words) or ([], 0, []))
    assert main(["run", "one", "--cores", "3", "--", "--forcerun", "train"]) == 0
    words = seen[0]
    assert words[words.index("--cores") + 1] == "3"
    assert words[-3:] == ["--forcerun", "train", "--dry-run"]
    assert "--configfile" not in words, "the settings of the folder are read by the workflow itself"


def test_a_folder_without_settings_of_the_workflow_takes_those_that_biox_carries(toy, monkeypatch):
    carried = workflow.home() / "config.yaml"
    carried.touch()
    (toy / "config/config.yaml").unlink()
    seen = []
    monkeypatch.setattr("biox.front.snakemake.events_of", lambda words: seen.append(words) or ([], 0, []))
    assert main(["run", "one"]) == 0
    assert seen[0][seen[0].index("--configfile") + 1] == str(carried)


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, marks=pytest.mark.slow), pytest.param(signal.SIGTERM, marks=pytest.mark.long)],
)
def test_a_stopped_run_ends_its_jobs_says_how_to_go_on_and_can(toy, number, capsys):
    does(toy, "echo $$ > results/pid; sleep 300")
    code = "import sys; from pathlib import Path; from biox.front import workflow; from biox.cli import main; "
    code += f"workflow.home = lambda: Path({str(workflow.home())!r}); sys.exit(main(['run', 'one', '--cores', '1']))"
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        [sys.executable, "-c", code], env=surroundings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    (toy / "results").mkdir()
    until(lambda: (toy / "results/pid").is_file() and (toy / "results/pid").read_text().strip())
    running.send_signal(number)
    _, said = running.communicate(timeout=100)
    assert running.returncode == 130
    assert "the same command goes on: biox run one --cores 1" in said
    job = int((toy / "results/pid").read_text())
    until(lambda: not Path(f"/proc/{job}").exists())
    does(toy, "true")
    assert main(["run", "one", "--cores", "1"]) == 0, capsys.readouterr().err


def until(true, seconds: float = 100) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def test_a_profile_whose_plugin_is_missing_says_what_to_install(tmp_path):
    (tmp_path / "config.yaml").write_text("executor: moon\n")
    with pytest.raises(InputError, match="needs snakemake-executor-plugin-moon, which is not installed: pip install"):
        workflow.refuse_without_plugin(tmp_path)
