import pytest
from rich.console import Console

from biox.front.durations import in_words, remaining
from biox.front.jobs import Board, planned
from biox.front.progress import heading, line, view


def told(number, rule, **wildcards):
    return {"event": "job", "id": number, "rule": rule, "wildcards": wildcards, "log": [f"logs/{rule}.log"]}


PLAN = [told(0, "all"), told(1, "ingest", study="a"), *(told(2 + k, "train", study="a", fold=str(k)) for k in range(3))]
PLAN += [told(5, "ingest", study="b"), told(6, "index")]


@pytest.fixture
def board() -> Board:
    return planned(PLAN)


def as_text(board: Board, now: float, before=None) -> str:
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(view(board, before or {}, now, 0.0))
    return console.export_text()


def test_before_anything_runs_all_jobs_wait_and_targets_are_no_jobs(board):
    assert len(board.jobs) == board.count["waiting"] == 6
    assert heading(board, {}, 0.0, 0.0).startswith("0 of 6 jobs done · 6 waiting")


def test_jobs_are_known_again_although_the_run_numbers_them_anew(board):
    board.take(told(77, "train", study="a", fold="1"), 1.0)
    assert len(board.jobs) == 6
    assert [job.part for job in board.in_state("under way")] == ["fold 1"]
    board.take({"event": "done", "id": 77}, 3.0)
    assert board.count == {"waiting": 5, "under way": 0, "done": 1}


def test_a_job_that_failed_and_is_tried_again_is_under_way_again(board):
    board.take(told(1, "ingest", study="a"), 1.0)
    board.take({"event": "failed", "id": 1}, 2.0)
    assert board.count["failed"] == 1
    board.take(told(1, "ingest", study="a"), 3.0)
    assert (board.count["failed"], board.count["under way"]) == (0, 1)


def test_an_end_of_an_unknown_job_changes_nothing(board):
    assert board.take({"event": "done", "id": 99}, 1.0) is None
    assert board.count["waiting"] == 6


def test_the_table_shows_steps_of_a_study_at_work_and_one_row_of_a_study_that_waits(board):
    for number in (1, 2, 3):
        board.take(PLAN[number], float(number))
    board.take({"event": "done", "id": 1}, 12.0)
    board.take({"event": "failed", "id": 2}, 20.0)
    text = as_text(board, 30.0)
    rows = {tuple(row.split()[:2]): row for row in text.splitlines()}
    assert "1/1 done" in " ".join(rows["a", "ingest"].split())
    assert "failed: fold 0, under way: fold 1" in text
    assert "1 step(s)" in rows["b", "1"]
    assert "all studies" in text


def test_what_remains_is_guessed_from_this_run_then_earlier_ones_and_shared_by_jobs_at_once(board):
    before = {("a", "train"): 100.0, ("a", "ingest"): 10.0, ("b", "ingest"): 30.0, ("", "index"): 1.0}
    left, complete = remaining(board, before, 0.0)
    assert complete
    assert left == pytest.approx(10 + 3 * 100 + 30 + 1)
    for number in (3, 4):
        board.take(PLAN[number], 0.0)
    left, _ = remaining(board, before, 40.0)
    assert left == pytest.approx((10 + 100 + 2 * 60 + 30 + 1) / 2)
    board.take({"event": "done", "id": PLAN[3]["id"]}, 50.0)
    left, _ = remaining(board, before, 50.0)
    assert left == pytest.approx((10 + 50 + 0 + 30 + 1) / 2), "this run's own 50 s count, not the 100 of earlier"


def test_without_a_guess_for_some_jobs_the_rest_is_a_lower_bound(board):
    board.take(PLAN[1], 0.0)
    assert "at least" in heading(board, {("a", "ingest"): 60.0}, 1.0, 0.0)
    assert "to go" not in heading(board, {}, 1.0, 0.0)


def test_lines_for_logs_say_time_job_and_how_far_all_is(board):
    begun = board.take(PLAN[2], 5.0)
    assert line(begun, board, 3725.0) == "01:02:05 a: train, fold 0: begun [0 of 6 done]"
    done = board.take({"event": "done", "id": PLAN[2]["id"]}, 17.0)
    assert line(done, board, 60.0) == "00:01:00 a: train, fold 0: done (12 s) [1 of 6 done]"


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (99, "99 s"), (180, "3 min"), (7800, "2 h 10 min")])
def test_times_in_words(seconds, words):
    assert in_words(seconds) == words
