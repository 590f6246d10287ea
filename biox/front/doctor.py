"""``biox doctor``: whether all that biox needs is here, line by line, and what to do where it is not."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from biox.front.findings import COLOURS, Finding, as_text


def doctor(options: argparse.Namespace) -> int:
    """See whether all that biox needs is here, and what to do where it is not."""
    from rich.console import Console
    from rich.text import Text

    # Without a terminal no colour, and no line is broken.
    console = Console(width=None if sys.stdout.isatty() else 10**4, highlight=False)
    found = []
    for one in examined(options.results):
        found.append(one)
        for line in as_text([one]):
            text = Text(line)
            text.stylize(COLOURS[one.level], 0, len(one.level))
            console.print(text, soft_wrap=True)
    problems = sum(one.level == "problem" for one in found)
    notes = sum(one.level == "note" for one in found)
    print(
        f"{problems} problem(s), {notes} note(s). " + ("Mend the problems first." if problems else "biox can run here.")
    )
    return 2 if problems else 0


def examined(results: Path) -> Iterator[Finding]:
    """All that is looked at, one after the other; a check that itself breaks is a problem, not the end."""
    from biox.front import installed, machine

    checks = {
        "installation": installed.own,
        "devices": installed.devices,
        "OpenSlide": installed.openslide,
        "LRP": installed.lrp,
        "programs": installed.programs,
        "machine": machine.compute,
    }
    # The reports lie beside the results.
    folders = dict.fromkeys([results, results.parent / "reports"])
    storage = {f"disk of {folder}": (lambda folder=folder: machine.storage(folder)) for folder in folders}
    for name, check in {**checks, **storage}.items():
        try:
            yield from check()
        except Exception as error:
            yield Finding("problem", name, f"{type(error).__name__}: {error}", installed.REINSTALL)
