"""What ``biox doctor`` found, line by line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "problem"]
COLOURS: dict[Level, str] = {"ok": "green", "note": "yellow", "problem": "bold red"}
GB = 1e9


@dataclass(frozen=True)
class Finding:
    """One line: how it is, what was looked at, what was found, and what to do next ("" where nothing is to do).

    note: works, but less well than it could, or not needed by everybody. problem: biox will fail.
    """

    level: Level
    what: str
    said: str
    next_step: str = ""


def as_text(findings: Iterable[Finding]) -> list[str]:
    """The findings as lines that need no colour."""
    lines = []
    for one in findings:
        lines.append(f"{one.level:<8}{one.what:<14}{one.said}")
        lines += [f"{'':<22}-> {one.next_step}"] if one.next_step else []
    return lines
