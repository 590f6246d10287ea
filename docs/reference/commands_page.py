"""The page of all commands, from the parser that reads them."""

import argparse

from biox.cli import parser


def text() -> str:
    """Every verb with its usage and options."""
    top = parser()
    verbs = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    parts = [
        "# Commands",
        "*For everyone who types `biox`.* Made from the program itself; `biox VERB --help` says the same. "
        "In a clone of the repository the command is `.venv/bin/biox`.",
        "Exit codes: 0 done, 1 a fault of biox, 2 something that you can mend (one sentence says what), "
        "130 stopped by you.",
        table("Verb", "What it does", [(f"[`{n}`](#biox-{n})", cell(p.description)) for n, p in verbs.choices.items()]),
    ]
    for name, verb in verbs.choices.items():
        parts += [f"## biox {name}", f"{verb.description}.", f"```text\n{usage(verb)}\n```", options(verb)]
    return "\n\n".join(parts) + "\n"


def usage(verb: argparse.ArgumentParser) -> str:
    """The usage line, as wide as a page."""
    return verb.format_usage().removeprefix("usage: ").strip()


def options(verb: argparse.ArgumentParser) -> str:
    """A table of what a verb takes."""
    rows = [(name_of(a), cell(a.help)) for a in verb._actions if a.dest != "help" and a.help != argparse.SUPPRESS]
    return table("Option", "Meaning", rows)


def name_of(action: argparse.Action) -> str:
    """How an option is written; an obligatory one is marked."""
    written = ", ".join(f"`{word}`" for word in action.option_strings) or f"`{action.metavar or action.dest}`"
    return written + (" (needed)" if action.required and action.option_strings else "")


def table(left: str, right: str, rows: list[tuple[str, str]]) -> str:
    """A Markdown table of two columns."""
    return "\n".join([f"| {left} | {right} |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def cell(words: str | None) -> str:
    """Words that stay within a cell of a table, with per cent signs as argparse shows them."""
    return (words or "").replace("%%", "%").replace("|", "\\|").replace("\n", " ")
