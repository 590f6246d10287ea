"""What the command line refuses, with one sentence and exit code 2."""

import re

import pytest

from biox.cli import main

STUDY = """name: mine
title: t
question: q
domain: gait
data: { source: simulate, labels: [healthy, knee], subjects: 4, trials: 1 }
folds: { count: 3 }
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/mine.yaml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys, *words: str) -> str:
    assert main(list(words)) == 2
    return capsys.readouterr().err


def changed(here, old: str, new: str) -> None:
    assert old in STUDY
    (here / "config/mine.yaml").write_text(STUDY.replace(old, new))


def test_a_good_study_is_called_fine(here, capsys):
    assert main(["check", "mine"]) == 0
    assert "settings are fine (3 folds, 1 variants, 1 method(s))" in capsys.readouterr().out


def test_ingest_writes_a_cohort_that_says_where_it_comes_from(here):
    assert main(["ingest", "mine", "--out", "results/mine/cohort"]) == 0
    assert (here / "results/mine/cohort/provenance.json").exists()


def test_a_folder_with_other_files_is_not_overwritten(here, capsys):
    (here / "thesis").mkdir()
    (here / "thesis/chapter.txt").write_text("years of work")
    assert "folder with other files in it" in refused(capsys, "ingest", "mine", "--out", "thesis")
    assert (here / "thesis/chapter.txt").read_text() == "years of work"


def test_an_earlier_result_is_overwritten(here):
    for _ in range(2):
        assert main(["ingest", "mine", "--out", "cohort"]) == 0


def test_a_file_given_as_folder_is_refused(here, capsys):
    (here / "file").touch()
    assert "is a file" in refused(capsys, "ingest", "mine", "--out", "file")


@pytest.mark.parametrize(
    "words",
    [
        ("train", "mine", "--fold", "0", "--out", "o"),
        ("attribute", "mine", "--fold", "0", "--method", "lrp", "--out", "o"),
        ("validate", "mine", "--out", "o"),
        ("report", "mine", "--out", "o/index.html"),
        ("ratings", "mine", "--out", "o"),
        ("index", "mine", "--out", "o.html"),
    ],
)
def test_a_step_before_its_time_says_what_is_missing(here, capsys, words):
    assert "run" in refused(capsys, *words)
    assert not (here / "o").exists()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("domain: gait", "domain: gate", "the domains are 'gait'"),
        ("source: simulate", "source: tabel", "mine, data: There is no 'tabel' in biox.domains.gait; it has 'acm2021'"),
        ("title: t", "title: t\nseed: 0\nseed: 1", "the key 'seed' stands twice"),
        ("title: t", "title: t\nvalidat: {}", "known here are .*'validate'"),
        ("title: t", "title: t\nvariants: {main: {}}", "may not be called 'main'"),
        ("title: t", "title: t\nmodel: mpl", "model of variant 'main': There is no 'mpl'"),
        ("name: mine", "name: yours", "let them agree"),
    ],
)
def test_a_study_file_with_a_mistake_is_refused(here, capsys, old, new, sentence):
    changed(here, old, new)
    said = refused(capsys, "check", "mine")
    assert re.search(sentence, said), said
    assert len(said) < 600


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[healthy, knee]", "[healthy]", "at least two classes"),
        (
            "folds:",
            "variants: {v: {channels: [affected X]}}\nfolds:",
            "variant 'v': the data have no channel 'affected X'",
        ),
        ("count: 3", "count: 50", "Set folds.count to 4 at most"),
        ("folds:", "classes: {a: [healthy], b: [kne]}\nfolds:", "'kne' is no label of the data"),
    ],
)
def test_data_that_do_not_fit_the_study_are_refused_before_training(here, capsys, old, new, sentence):
    changed(here, old, new)
    assert sentence in refused(capsys, "ingest", "mine", "--out", "cohort")
    assert not (here / "cohort").exists()


def test_a_study_that_is_not_there_is_named(here, capsys):
    assert "no file config/other.yaml" in refused(capsys, "check", "other")
