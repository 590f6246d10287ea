import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from biox.cli import main, parser
from biox.front.completion import SHELLS

TINY = Path(__file__).parents[1] / "tiny"


@pytest.fixture
def in_a_study_folder(tmp_path, monkeypatch):
    shutil.copytree(TINY, tmp_path / "config")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "biox new my_study"),
        (["tiny_subjects"], "biox run tiny_subjects"),
        (["config/tiny_subjects.yaml"], "biox run tiny_subjects"),
        (["runn"], "Did you mean 'run'?"),
        (["trian"], "Did you mean 'train'?"),
        (["--config", "x", "run"], "the command comes first"),
        (["qqqqq"], "there is no command 'qqqqq'. Commands:"),
        (["run", "tiny_subject"], "Did you mean 'tiny_subjects'?"),
        (["check", "tiny"], "biox new tiny --domain"),
        (["check", "tiny_trial"], "Did you mean 'tiny_trials'?"),
        (["train", "tiny_trial", "--fold", "0", "--out", "x"], "There are 'tiny_subjects', 'tiny_trials'"),
    ],
)
def test_words_that_are_not_understood_lead_on(in_a_study_folder, words, said, capsys):
    assert main(words) == 2
    answered = capsys.readouterr().err
    assert said in answered
    assert "Traceback" not in answered


@pytest.mark.parametrize("words", [["run"], ["run", "mine"], ["check", "mine"]])
def test_in_a_folder_without_studies_it_is_said_how_to_begin_one(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    answered = capsys.readouterr().err
    assert "biox new" in answered
    assert str(tmp_path) in answered


def test_a_fault_of_biox_keeps_its_traceback_and_says_what_to_report(monkeypatch, capsys):
    def broken(_):
        raise ZeroDivisionError("something of ours")

    monkeypatch.setattr("biox.cli.prepare", broken)
    assert main(["check", "some"]) == 1
    answered = capsys.readouterr().err
    assert "ZeroDivisionError: something of ours" in answered
    assert "what you called: biox check some" in answered.splitlines()[-1]


def completed(line: str, folder: Path) -> set[str]:
    """What a shell is told to offer."""
    words = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
    answer = folder / "answer"
    told = {**words, "_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "_ARGCOMPLETE_SUPPRESS_SPACE": "1"}
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "biox.cli"]
    subprocess.run(command, cwd=folder, env={**told, "PYTHONPATH": str(root)}, check=True, timeout=100)
    return set(answer.read_text().split("\n"))


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("biox comp", "completion"),
        ("biox run --pro", "--profile"),
        ("biox run tiny", "tiny_trials"),
        ("biox new x --domain g", "gait"),
    ],
)
def test_a_shell_is_offered_commands_options_studies_and_choices(in_a_study_folder, tmp_path, line, offered):
    assert offered in completed(line, tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_its_lines(shell, capsys):
    assert main(["completion", shell]) == 0
    assert "biox" in capsys.readouterr().out


def test_every_command_explains_itself():
    for action in parser()._subparsers._group_actions:  # type: ignore[union-attr]
        assert all(choice.help for choice in action._choices_actions)  # type: ignore[attr-defined]


def test_a_file_in_the_place_of_a_study_is_answered_with_the_command_that_was_meant(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "studies/knee.yaml"]) == 2
    assert "biox run knee --config studies" in capsys.readouterr().err
