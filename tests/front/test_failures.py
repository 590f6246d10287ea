from dataclasses import replace

import pytest

from biox.front.failures import failures, paragraph, sentence
from biox.front.jobs import Board, Job, planned


@pytest.fixture
def job(tmp_path):
    return Job("mine", "ingest", "", str(tmp_path / "ingest.log"), "failed")


def written(job: Job, text: str) -> Job:
    with open(job.log, "w") as log:  # noqa: PTH123
        log.write(text)
    return job


def test_the_sentence_that_the_user_can_mend_comes_first_and_the_rest_of_the_log_is_left_out(job):
    said = paragraph(written(job, "12 files read\nbiox ingest: forces.csv, row 3: expected 101 values, found 97.\n"))
    assert said.splitlines()[:2] == ["mine: ingest FAILED:", "  forces.csv, row 3: expected 101 values, found 97."]
    assert "12 files" not in said
    assert job.log in said


def test_without_such_a_sentence_the_last_lines_are_shown(job):
    said = paragraph(written(job, "\n".join(f"line {number}" for number in range(50))))
    assert "line 49" in said
    assert "line 30" not in said


@pytest.mark.parametrize("text", [None, ""])
def test_a_job_that_said_nothing_was_probably_killed(job, text):
    said = paragraph(job if text is None else written(job, text))
    assert "killed" in said


def test_all_failures_end_with_what_is_kept_and_the_next_command(job):
    events = [
        {"event": "job", "id": k, "rule": "ingest", "wildcards": {"study": s}, "log": []} for k, s in enumerate("ab")
    ]
    board = planned(events)
    for event in events[:1]:
        board.take(event, 0.0)
    board.take({"event": "failed", "id": 0}, 1.0)
    said = failures(board, [], "biox run a b")
    assert said.endswith(
        "0 of 2 jobs are done and kept; 1 wait for what failed. Once it is mended, go on with: biox run a b"
    )


def test_where_snakemake_itself_stopped_its_own_file_names_are_left_out():
    place = 'file "/x/common.smk", line 30'
    text = f"WorkflowError in {place}:\nmine: unknown key 'foldz'.\n  {place.capitalize()}, in <module>"
    board = Board(errors=[("WorkflowError", text)])
    assert sentence(board, []) == "mine: unknown key 'foldz'."
    assert sentence(Board(), ["only printed"]) == "only printed"
    assert "biox run a --unlock" in failures(Board(errors=[("LockException", "x")]), [], "biox run a")


def test_a_name_says_step_study_and_part(job):
    assert replace(job, part="fold 2").name == "mine: ingest, fold 2"
