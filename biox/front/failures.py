"""What went wrong in a run, said so that it can be mended: the sentence first, then where to read on and what to do."""

import re
from pathlib import Path

from biox.front.jobs import Board, Job

LAST_LINES = 8
LOCKED = "LockException"
# How a command of biox begins the sentence about what the user can mend.
SENTENCE = re.compile(r"^biox [a-z-]+: ", re.MULTILINE)
MACHINERY = re.compile(r'^(?:WorkflowError|InputError)(?: in .*)?:\n|\n? *File ".*', re.MULTILINE)


def failures(board: Board, printed: list[str], again: str) -> str:
    """All failures of a run, one paragraph a job, and the next step."""
    failed = board.in_state("failed")
    if any(kind == LOCKED for kind, _ in board.errors):
        return (
            f"An earlier run left {Path.cwd()} locked, and nothing tells whether it is still at work. If it is not, "
            f"take the lock away and go on: {again} --unlock"
        )
    if not failed:
        return f"{sentence(board, printed)}\nThe run stopped. To go on from what is finished: {again}"
    others = board.count["waiting"] + board.count["under way"]
    kept = f"{board.count['done']} of {len(board.jobs)} jobs are done and kept"
    end = f"{kept}; {others} wait for what failed." if others else f"{kept}."
    return "\n\n".join([*map(paragraph, failed), f"{end} Once it is mended, go on with: {again}"])


def paragraph(job: Job) -> str:
    """One failed job: what it was, what its log says, and where the log lies."""
    if not job.log or not Path(job.log).is_file():
        return f"{job.name} FAILED and left no log: it was killed, or never began. Is there memory and disk for it?"
    text = Path(job.log).read_text(encoding="utf-8", errors="replace").strip()
    found = SENTENCE.search(text)
    said = text[found.end() :] if found else "\n".join(text.splitlines()[-LAST_LINES:])
    if not said:
        return (
            f"{job.name} FAILED without a word: probably killed, by a person or for want of memory. Its log: {job.log}"
        )
    indented = "\n".join(f"  {line}" for line in said.splitlines())
    return f"{job.name} FAILED:\n{indented}\n  The whole log: {job.log}"


def sentence(board: Board, printed: list[str]) -> str:
    """Why snakemake itself stopped, without the words that speak of its own files."""
    texts = [text for _, text in board.errors] or board.said or printed[-LAST_LINES:]
    return MACHINERY.sub("", "\n".join(texts)).strip() or "snakemake stopped without saying why."
