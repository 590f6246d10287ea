"""A report as a PDF on A4: all its levels, every fold open, with page numbers; printed by Chromium where there is one.

Equal pages and an equal browser give equal bytes: what a browser writes of the time of day is blanked.
"""

import argparse
import re
import tempfile
from html import unescape
from pathlib import Path

from biox.archive.browser import PrintingError, printed
from biox.core.browsers import browser
from biox.core.errors import InputError
from biox.core.files import whole, write_text

NOTE = "pdf-note.txt"
GET_IT = (
    "To get one: install Chromium or Google Chrome (Debian and Ubuntu: apt install chromium; macOS and Windows: from "
    "their download page), or let BIOX_CHROMIUM name the program; then run\n\n    biox pdf {study} --out {target}\n\n"
    "Or open index.html in any browser and print it: the page has a look for paper."
)
WHEN = re.compile(rb"(/(?:CreationDate|ModDate) ?\(D:)\d{14}[^)]*")
ONCE = b"19800101000000"
NODE = re.compile(rb"\(node\d{8}\)")
WHICH = re.compile(rb"/ID ?\[ ?<[0-9A-Fa-f]*> ?<[0-9A-Fa-f]*> ?\]")


def pdf(options: argparse.Namespace) -> None:
    """Print the report of a study as a PDF; where no browser can, a note beside it says why, and how to get one."""
    page = options.out.parent / "index.html"
    if options.out.suffix != ".pdf":
        raise InputError(f"--out {options.out} names no PDF; give a name that ends in .pdf beside the report's page.")
    if not page.is_file():
        raise InputError(f"There is no {page} to print; run `biox report {options.study} --out {page}` first.")
    program = browser()
    try:
        if program is None:
            raise PrintingError("there is no Chromium on this machine")
        made = steady(_print(program, page))
    except PrintingError as reason:
        words = f"There is no {options.out.name} beside this note: {reason}.\n\n"
        _note(options.out, words + GET_IT.format(study=options.study, target=options.out))
        options.out.unlink(missing_ok=True)
        print(f"No PDF: {reason}. {options.out.with_name(NOTE)} says how to get one.")
        return
    with whole(options.out) as fresh:
        fresh.write_bytes(made)
    _note(options.out, f"{options.out.name} beside this note is index.html on paper, with all its levels of detail.")
    print(f"PDF: {options.out}")


def _note(target: Path, words: str) -> None:
    write_text(target.with_name(NOTE), words + "\n")


def steady(pdf_bytes: bytes) -> bytes:
    """A PDF without the time of its making and without its id, as long as before, so that its offsets still hold.

    Chromium also names parts of the page by the running numbers of its own nodes, of which a busy machine makes one
    more or less; they are numbered anew in the same order.
    """
    dated = WHEN.sub(lambda found: (found[1] + ONCE + b"Z").ljust(len(found[0])), pdf_bytes)
    blank = WHICH.sub(lambda found: re.sub(rb"[0-9A-Fa-f](?=[0-9A-Fa-f]*>)", b"0", found[0]), dated)
    place = {name: b"(node%08d)" % number for number, name in enumerate(sorted(set(NODE.findall(blank))))}
    return NODE.sub(lambda found: place[found[0]], blank)


def _print(program: Path, page: Path) -> bytes:
    """The page as it goes on paper, printed from a folder in which it finds what lies beside it."""
    with tempfile.TemporaryDirectory(prefix="biox-page-") as holder:
        for folder in page.parent.iterdir():
            if folder.is_dir() and not folder.name.startswith("."):
                (Path(holder) / folder.name).symlink_to(folder.resolve(), target_is_directory=True)
        copy = Path(holder) / page.name
        copy.write_text(on_paper(page.read_text(encoding="utf-8")), encoding="utf-8")
        return printed(program, copy)


def on_paper(html: str) -> str:
    """A report's page with everything open and every level shown, and its name and number on each sheet."""
    title, study, made_by = (_found(html, p) for p in (TITLE, STUDY, GENERATOR))
    sheet = (
        f"@page {{ size: A4; @top-left {{ content: {_css(title)}; }} @top-right {{ content: {_css(study)}; }} "
        f"@bottom-left {{ content: {_css(made_by)}; }} "
        '@bottom-right { content: counter(page) " / " counter(pages); } }'
    )
    opened = html.replace('<details class="fold">', '<details class="fold" open>')
    kept = opened.replace('<html lang="en"', '<html lang="en" data-paper data-theme="light"', 1)
    return kept.replace("</head>", f"<style>\n{sheet}\n</style>\n</head>", 1)


TITLE = r"<title>(.*?)</title>"
STUDY = r'<p class="kicker">(.*?)</p>'
GENERATOR = r'<meta name="generator" content="(.*?)">'


def _found(html: str, pattern: str) -> str:
    found = re.search(pattern, html, flags=re.DOTALL)
    return unescape(found[1]).strip() if found else ""


def _css(words: str) -> str:
    """Words as a string of a style sheet, in which nothing can end it: every sign but letters and digits escaped."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in words) + '"'
