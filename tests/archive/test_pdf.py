"""A report on paper: everything of the page, the same bytes every time, and a note where no browser can print."""

import argparse
import re
import time
from pathlib import Path

import pytest

from biox.archive.browser import PrintingError, printed
from biox.archive.pdf import NOTE, on_paper, pdf, steady
from biox.core.browsers import browser
from biox.core.errors import InputError

PAGE = (
    '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><meta name="generator" content="biox 9.9">'
    "<title>{}</title>"
    '</head><body><p class="kicker">knee</p><details class="fold"><summary>More</summary><p>inside</p></details>'
    "</body></html>"
)


@pytest.fixture
def report(tmp_path) -> Path:
    (tmp_path / "index.html").write_text(PAGE.format("Knees &amp; hips"), encoding="utf-8")
    return tmp_path / "report.pdf"


def asked(out: Path) -> argparse.Namespace:
    return argparse.Namespace(study="knee", out=out)


def program(tmp_path: Path, script: str) -> Path:
    made = tmp_path / "browser"
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    return made


def test_without_a_browser_a_note_says_how_to_get_one_and_no_old_pdf_stays(report, monkeypatch, capsys):
    monkeypatch.setenv("BIOX_CHROMIUM", "there-is-no-such-browser")
    report.write_bytes(b"of an older page")
    pdf(asked(report))
    assert not report.exists()
    note = report.with_name(NOTE).read_text()
    assert "no Chromium" in note
    assert f"biox pdf knee --out {report}" in note
    assert "No PDF" in capsys.readouterr().out


def test_a_browser_that_hangs_is_ended_with_all_its_children(tmp_path, report):
    hanging = program(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    began = time.monotonic()
    with pytest.raises(PrintingError, match="did not finish within 1 s"):
        printed(hanging, report.with_name("index.html"), seconds=1)
    assert time.monotonic() - began < 30
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_what_a_browser_complains_of_stands_in_the_note(tmp_path, report, monkeypatch):
    monkeypatch.setenv("BIOX_CHROMIUM", str(program(tmp_path, "echo No usable sandbox >&2; exit 1")))
    pdf(asked(report))
    assert "No usable sandbox" in report.with_name(NOTE).read_text()


def test_a_page_that_is_not_there_is_told_before_anything_is_printed(tmp_path):
    with pytest.raises(InputError, match="biox report knee"):
        pdf(asked(tmp_path / "report.pdf"))


def test_on_paper_every_fold_is_open_and_the_sheet_has_title_study_version_and_numbers():
    html = on_paper(PAGE.format("A"))
    assert '<details class="fold" open>' in html
    assert re.search(r'@top-left \{ content: "A"', html)
    assert '"knee"' in html
    assert "biox\\0000209\\00002e9" in html
    assert "counter(page)" in html


def test_a_title_cannot_leave_its_string_in_the_style_sheet():
    html = on_paper(PAGE.format("&quot;; } body { display: none } /* &lt;/style&gt;&lt;script&gt;"))
    sheet = re.search(r"<style>\n(@page.*)\n</style>", html)[1]
    assert "display" in sheet
    assert not re.search(r"body \{|</|script>|/\*", sheet)


def test_times_and_ids_are_blanked_and_no_byte_is_added():
    dated = b"1 /CreationDate (D:20261123003934+00'00')\n/ModDate (D:20261123003934+00'00')>> /ID [<AB01> <CD23>] 7"
    other = dated.replace(b"20261123003934", b"20270101010101").replace(b"AB01", b"99FF")
    assert steady(dated) == steady(other)
    assert len(steady(dated)) == len(dated)
    assert b"2026" not in steady(dated)


def test_nodes_are_numbered_anew_in_their_order_and_at_their_length():
    one, other = b"/ID (node00000151) (node00000153) /IDTree (node00000151)", b"/ID (node00000150) (node00000155)"
    assert steady(one) == b"/ID (node00000000) (node00000001) /IDTree (node00000000)"
    assert steady(other) == b"/ID (node00000000) (node00000001)"


@pytest.mark.slow
def test_a_report_printed_twice_has_equal_bytes(report):
    if browser() is None:
        pytest.skip("there is no Chromium to print with")
    pdf(asked(report))
    first = report.read_bytes()
    assert first.startswith(b"%PDF")
    pdf(asked(report))
    assert report.read_bytes() == first
    assert b"biox-page" not in first
